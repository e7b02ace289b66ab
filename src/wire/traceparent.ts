import { parseTraceId } from '../trace/ids.ts';
import type { SpanId, TraceId } from '../trace/model.ts';

export interface Traceparent {
  readonly traceId: TraceId;
  readonly parentSpanId: SpanId;
  /** 8 bits; the lowest is *sampled*. */
  readonly flags: number;
}

/**
 * The header of the W3C; `undefined` when it is malformed. Later versions may append fields, version 00 must not, ff is forbidden.
 *
 * Source: w3.org/TR/trace-context/#traceparent-header.
 */
export function parseTraceparent(text: string): Traceparent | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text.trim());
  if (match === null) {
    return undefined;
  }
  const [, version, traceId, parentSpanId, flags, more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(parentSpanId)) {
    return undefined;
  }
  return { traceId, parentSpanId, flags: Number.parseInt(flags, 16) };
}

/**
 * A trace id in anything that a person pastes: the id alone (leading zeros optional, dashes as in a UUID allowed), a traceparent, the
 * address of a trace in some UI, a log line. Where several could be meant: one that is named (`trace_id=…`, `/trace/…`) before one
 * that is not, 32 digits before 16. `undefined` when there is none; an id of zeros is none.
 */
export function findTraceId(text: string): TraceId | undefined {
  const alone = parseTraceId(text);
  if (alone !== undefined) {
    return isZero(alone) ? undefined : alone;
  }
  // A pasted address may be percent-encoded, once or twice.
  for (const readable of [text, percentDecoded(text), percentDecoded(percentDecoded(text))]) {
    for (const pattern of patterns) {
      for (const match of readable.matchAll(pattern)) {
        const id = parseTraceId(match[1].replaceAll('-', ''));
        if (id !== undefined && !isZero(id)) {
          return id;
        }
      }
    }
  }
  return undefined;
}

/** From the surest to the vaguest. */
const patterns: readonly RegExp[] = [
  // A traceparent anywhere.
  /\b[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/gi,
  // b3 in one header: trace id, span id.
  /\bb3["']?\s*[:=]\s*["']?([0-9a-f]{16,32})-[0-9a-f]{16}\b/gi,
  // Named: trace_id=…, "traceID": "…", /trace/…, /traces/…, ?trace=…; shorter ids only here.
  /trace(?:[._ -]?id)?s?["'\\]*\s*[:=/]\s*["'\\]*(?:0x)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-z])/gi,
  /trace(?:[._ -]?id)?s?["'\\]*\s*[:=/]\s*["'\\]*(?:0x)?([0-9a-f]{8,32})(?![0-9a-z])/gi,
  // A Grafana Explore address names the id as its query.
  /"query"\s*:\s*"([0-9a-f]{8,32})"/gi,
  /(?<![0-9a-z])([0-9a-f]{32})(?![0-9a-z])/gi,
  // AWS X-Ray: 1-<8 digits>-<24 digits>.
  /(?<![0-9a-z])1-([0-9a-f]{8}-[0-9a-f]{24})(?![0-9a-z])/gi,
  /(?<![0-9a-z])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-z])/gi,
  // 16 digits without a name, but not a decimal time stamp.
  /(?<![0-9a-z.])(?=[0-9]*[a-f])([0-9a-f]{16})(?![0-9a-z])/gi,
];

function isZero(id: string): boolean {
  return /^0*$/.test(id);
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
