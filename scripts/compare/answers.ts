/** Answers of Tempo's API, freed of what two honest servers may order or count otherwise, and what differs between two of them. */

export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

interface JsonObject {
  readonly [key: string]: Json;
}

export type Door = 'search' | 'range' | 'instant' | 'names' | 'values';

/** What is compared of a good answer: keyed by trace, by series or by scope; unordered lists sorted. */
export function comparable(door: Door, body: Json): Json {
  const answer = body as JsonObject;
  switch (door) {
    case 'search':
      return Object.fromEntries(list(answer.traces).map((trace) => [padded(trace.traceID), comparableTrace(trace)]));
    case 'range':
    case 'instant':
      return Object.fromEntries(
        list(answer.series).map(({ exemplars: _, ...series }) => [JSON.stringify(sorted(series.labels)), series])
      );
    case 'names':
      return Object.fromEntries(list(answer.scopes).map((scope) => [String(scope.name), sorted(scope.tags)]));
    case 'values':
      return sorted(answer.tagValues);
  }
}

/** Without the deprecated copy of the first spanset, which is the first of an unordered list. */
function comparableTrace({ spanSet: _, ...trace }: JsonObject): Json {
  const spansets = list(trace.spanSets).map((spanset) => ({
    ...spanset,
    attributes: spanset.attributes,
    spans: sorted(list(spanset.spans).map((span) => ({ ...span, attributes: sorted(span.attributes) }))),
  }));
  return { ...trace, traceID: padded(trace.traceID), spanSets: sorted(spansets) };
}

function padded(id: Json): string {
  return String(id).padStart(32, '0');
}

function list(value: Json): readonly JsonObject[] {
  return (value ?? []) as readonly JsonObject[];
}

function sorted(value: Json): Json {
  if (!Array.isArray(value)) {
    return value;
  }
  const keyed = (value as readonly Json[]).map((each) => [JSON.stringify(each), each] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, each]) => each);
}

/** Paths at which two values differ, the first few, with both values. Doubles may differ by 1e-9 of their size. */
export function differences(ours: Json, theirs: Json, path = '', found: string[] = []): readonly string[] {
  if (found.length >= 4 || ours === theirs || areClose(ours, theirs)) {
    return found;
  }
  if (isContainer(ours) && isContainer(theirs) && Array.isArray(ours) === Array.isArray(theirs)) {
    const [a, b] = [ours as JsonObject, theirs as JsonObject];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      differences(a[key], b[key], `${path}/${key}`, found);
    }
    return found;
  }
  found.push(`${path}: ours ${shown(ours)}, theirs ${shown(theirs)}`);
  return found;
}

function areClose(a: Json, b: Json): boolean {
  return typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function isContainer(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function shown(value: Json): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
