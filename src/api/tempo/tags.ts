/**
 * Tempo's older search language: logfmt pairs (`tags=service.name=shop http.method=GET`) turned into the TraceQL that means the same.
 * Each pair may hold on another span of the trace. Well-known names match as a substring, others exactly.
 */
import { printField } from '../../traceql/attributes.ts';
import { printString } from '../../traceql/literals.ts';
import { formatGoDuration } from '../duration.ts';
import { invalid, quote } from './params.ts';

/** Pairs in order. Errors: `invalid_argument` for a pair that does not parse or a key that comes twice. */
export function parseLogfmt(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const pattern = /\s*([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)/y;
  while (pattern.lastIndex < text.trimEnd().length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      throw invalid(`invalid tags: expected key=value at ${quote(text.slice(at))}`);
    }
    const [, key, raw = ''] = match;
    if (pairs.has(key)) {
      throw invalid(`invalid tags: tag ${key} has been set twice`);
    }
    pairs.set(key, raw.startsWith('"') ? unquote(raw) : raw);
  }
  return pairs;
}

function unquote(raw: string): string {
  try {
    return JSON.parse(raw) as string;
  } catch {
    throw invalid(`invalid tags: ${quote(raw)} has a broken escape`);
  }
}

/** The TraceQL text for pairs and bounds of the trace's duration. */
export function traceqlOfTags(
  pairs: ReadonlyMap<string, string>,
  minDurationNanos: bigint | undefined,
  maxDurationNanos: bigint | undefined
): string {
  const filters = [...pairs].map(([key, value]) => filterOf(key, value));
  const durations = durationCondition(minDurationNanos, maxDurationNanos);
  if (durations !== undefined) {
    filters.push(`{ ${durations} }`);
  }
  return filters.length === 0 ? '{}' : filters.join(' && ');
}

/** `undefined` when neither bound is given. */
function durationCondition(minNanos: bigint | undefined, maxNanos: bigint | undefined): string | undefined {
  const parts: string[] = [];
  if (minNanos !== undefined && minNanos > 0n) {
    parts.push(`traceDuration >= ${formatGoDuration(minNanos)}`);
  }
  if (maxNanos !== undefined && maxNanos > 0n) {
    parts.push(`traceDuration <= ${formatGoDuration(maxNanos)}`);
  }
  return parts.length === 0 ? undefined : parts.join(' && ');
}

const wellKnown: ReadonlyMap<string, string> = new Map([
  ['service.name', 'resource.service.name'],
  ['root.service.name', 'rootServiceName'],
  ['root.name', 'rootName'],
  ['name', 'name'],
]);

function filterOf(key: string, value: string): string {
  const field = wellKnown.get(key);
  if (field !== undefined) {
    return `{ ${field} =~ ${printString(`.*${escapeRegex(value)}.*`)} }`;
  }
  if (key === 'status.code' && /^(ok|error|unset)$/.test(value)) {
    return `{ status = ${value} }`;
  }
  const attribute = printField({ kind: 'attribute', scope: 'any', name: key });
  // logfmt has no types: what reads as a number or a bool may have been sent as one.
  return /^-?\d+(\.\d+)?$|^true$|^false$/.test(value)
    ? `{ ${attribute} = ${printString(value)} || ${attribute} = ${value} }`
    : `{ ${attribute} = ${printString(value)} }`;
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
