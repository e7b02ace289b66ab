/** What Jaeger's and Zipkin's APIs answer: whole traces, names and values, with a bound on each and words for what was left out. */
import type { Trace, TraceId } from '../trace/model.ts';
import { parseTraceId } from '../trace/ids.ts';
import type { Query } from '../traceql/ast.ts';
import type { TimeRange } from '../store/trace-store.ts';
import type { ApiContext, ApiRequest } from './exchange.ts';
import { decodeSegment, invalid, quote } from './tempo/params.ts';

export interface Found<T> {
  readonly found: T;
  /** Sentences about what is missing. */
  readonly warnings: readonly string[];
}

/** Spans in one answer: about 100 MB of JSON, which is more than a browser shows. */
const spansMax = 200_000;
/** Names in one answer. */
const namesMax = 10_000;

export const always: TimeRange = { startUnixNanos: undefined, endUnixNanos: undefined };

/** The newest `limit` traces that match, newest first. */
export async function newestTraces(
  { tenant, signal }: Pick<ApiRequest, 'tenant' | 'signal'>,
  { store }: Pick<ApiContext, 'store'>,
  query: Query,
  range: TimeRange,
  limit: number
): Promise<Found<readonly Trace[]>> {
  const answer = await store.search({ tenant, query, range, limit, spansPerSpanset: 1, signal });
  const { found, warnings } = await tracesById(
    { tenant, signal },
    { store },
    answer.data.map((match) => match.traceId)
  );
  return { found, warnings: [...answer.warnings, ...warnings] };
}

/** Those that exist, in order. */
export async function tracesById(
  { tenant, signal }: Pick<ApiRequest, 'tenant' | 'signal'>,
  { store }: Pick<ApiContext, 'store'>,
  traceIds: readonly TraceId[]
): Promise<Found<readonly Trace[]>> {
  const found: Trace[] = [];
  const warnings = new Set<string>();
  let spans = 0;
  for (const traceId of traceIds) {
    signal?.throwIfAborted();
    const { data: trace, warnings: sentences } = await store.trace({ tenant, traceId, signal });
    sentences.forEach((sentence) => warnings.add(sentence));
    if (trace === undefined) {
      continue;
    }
    spans += trace.spans.length;
    if (spans > spansMax && found.length > 0) {
      warnings.add(`only the first ${found.length} of ${traceIds.length} traces: more than ${spansMax} spans`);
      break;
    }
    found.push(trace);
  }
  return { found, warnings: [...warnings] };
}

/** Distinct values of an attribute or intrinsic, those that are text, sorted. */
export async function textValues(
  { tenant, signal }: Pick<ApiRequest, 'tenant' | 'signal'>,
  { store }: Pick<ApiContext, 'store'>,
  attribute: string,
  filter: Query | undefined
): Promise<Found<string[]>> {
  const answer = await store.attributeValues({ tenant, attribute, range: always, filter, limit: namesMax, signal });
  const found = answer.data.flatMap((value) => (value.type === 'string' && value.value !== '' ? [value.value] : []));
  return { found, warnings: answer.warnings };
}

/** For answers whose format has no place for it. Header values are ASCII without control characters. */
export function warningHeaders(warnings: readonly string[]): Readonly<Record<string, string>> | undefined {
  const text = warnings.join('; ').replace(/[^\x20-\x7e]/g, '?');
  return text === '' ? undefined : { 'x-vivace-warning': text.slice(0, 1000) };
}

/** Errors: `invalid_argument`. */
export function traceIdParam(encoded: string): TraceId {
  const text = decodeSegment(encoded);
  const traceId = parseTraceId(text);
  if (traceId === undefined) {
    throw invalid(`${quote(text)} is no trace id: 1 to 32 hex digits`);
  }
  return traceId;
}

/** A whole number ≥ 0, of milliseconds or microseconds. Errors: `invalid_argument`. */
export function wholeNumberParam(params: URLSearchParams, name: string): bigint | undefined {
  const text = params.get(name) || undefined;
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d{1,19}$/.test(text)) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a whole number`);
  }
  return BigInt(text);
}

/** `[end − lookback, end]`, in nanoseconds. */
export function rangeBackFrom(endUnixNanos: bigint, lookbackNanos: bigint): TimeRange {
  return {
    startUnixNanos: lookbackNanos < endUnixNanos ? endUnixNanos - lookbackNanos : 0n,
    endUnixNanos: endUnixNanos + 1n,
  };
}
