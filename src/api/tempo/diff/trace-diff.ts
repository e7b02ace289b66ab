/** `POST /api/v2/traces/diff`: how two traces differ. Experimental in Tempo, and so here. */
import { parseTraceId } from '../../../trace/ids.ts';
import type { Trace, TraceId } from '../../../trace/model.ts';
import { isObject, parseJson, stringifyJson, type JsonObject } from '../../../wire/json.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../../exchange.ts';
import { contentTypes, textResponse } from '../../exchange.ts';
import { invalid, quote } from '../params.ts';
import { logicalTrace, type LogicalTrace } from './logical-trace.ts';
import { patchFormat, tracePatch } from './patch.ts';
import { summaryFormat, traceSummary } from './summary.ts';

const composedFormat = 'trace-summary-v0-composed';
export const diffFormats = [composedFormat, patchFormat, summaryFormat] as const;
export type DiffFormat = (typeof diffFormats)[number];

/** A patch that is larger goes alone, on request. */
const composedPatchBytesMax = 64 * 1024;
/** Of both traces: what is compared is held in memory, several times. */
const spansMax = 200_000;
/** Depths of all spans: the paths of a patch, which are quadratic in a chain. */
const pathStepsMax = 10_000_000;

export async function traceDiff(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  if (request.method !== 'POST') {
    return { ...textResponse(405, 'Method Not Allowed'), headers: { allow: 'POST' } };
  }
  const { base, compare, format } = diffRequest(request.body);
  const { tenant, signal } = request;
  const traces: Trace[] = [];
  for (const traceId of [base, compare]) {
    const { data, partial, warnings } = await context.store.trace({ tenant, traceId, signal });
    if (data === undefined) {
      return textResponse(404, 'Not Found');
    }
    if (partial) {
      return textResponse(422, `trace ${traceId}: partial traces cannot be diffed: ${warnings.join('; ')}`);
    }
    traces.push(data);
  }
  return diffResponse(logicalTrace(traces[0], 'base'), logicalTrace(traces[1], 'compare'), format);
}

interface DiffRequest {
  readonly base: TraceId;
  readonly compare: TraceId;
  readonly format: DiffFormat;
}

/** Errors: `invalid_argument`. */
function diffRequest(body: Uint8Array): DiffRequest {
  const json = parseJson(body, 'invalid trace diff request body');
  if (!isObject(json)) {
    throw invalid('invalid trace diff request body: expected an object');
  }
  const format = json.format || patchFormat;
  const known = diffFormats.find((name) => name === format);
  if (known === undefined) {
    throw invalid(`invalid format ${quote(String(format))}: must be one of ${diffFormats.join(', ')}`);
  }
  return { base: sideOf(json, 'base'), compare: sideOf(json, 'compare'), format: known };
}

/** The bounds are checked, then ignored: a trace comes whole. */
function sideOf(json: JsonObject, name: 'base' | 'compare'): TraceId {
  const side = json[name];
  const text = isObject(side) ? side.traceId : undefined;
  if (!isObject(side) || text === undefined || text === '') {
    throw invalid(`${name}.traceId is required`);
  }
  const traceId = typeof text === 'string' ? parseTraceId(text) : undefined;
  if (traceId === undefined) {
    throw invalid(`invalid ${name}.traceId: trace IDs are 1 to 32 hex characters`);
  }
  const [start, end] = [secondsOf(side, name, 'start'), secondsOf(side, name, 'end')];
  if (start !== undefined && end !== undefined && end <= start) {
    throw invalid(`${name}.start must be before ${name}.end. received start=${start} end=${end}`);
  }
  return traceId;
}

function secondsOf(side: JsonObject, name: string, field: 'start' | 'end'): number | undefined {
  const value = side[field];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw invalid(`invalid ${name}.${field}: expected unix seconds`);
  }
  return value;
}

function diffResponse(base: LogicalTrace, compare: LogicalTrace, format: DiffFormat): ApiResponse {
  const steps = [...base.spans, ...compare.spans].reduce((sum, { depth }) => sum + depth, 0);
  const spans = base.spans.length + compare.spans.length;
  if (spans > spansMax || steps > pathStepsMax) {
    return textResponse(
      429,
      `trace diff input too large: ${spans} spans, at most ${spansMax}, with ${pathStepsMax} generations in all`
    );
  }
  const patch = tracePatch(base, compare);
  if (format === patchFormat) {
    return json(patch);
  }
  const summary = traceSummary(base, compare, patch);
  if (format === summaryFormat) {
    return json(summary);
  }
  const { length } = stringifyJson(patch);
  return json(
    length <= composedPatchBytesMax
      ? { version: composedFormat, summary, patch }
      : { version: composedFormat, summary, patchOmitted: { bytes: length, reason: 'over_budget' } }
  );
}

function json(value: unknown): ApiResponse {
  return { status: 200, contentType: contentTypes.json, body: stringifyJson(value) };
}
