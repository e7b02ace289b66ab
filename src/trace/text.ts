/**
 * Traces drawn as text, so that a test starts with a picture:
 *
 *     shop GET /cart     |==========| {http.status_code=500 status=error}
 *       * exception @3   {exception.type="Timeout"}
 *       cart getItems    | =====    | {kind=client resource.zone="b"}
 *       -> 01/02         {reason="retry"}
 *     orphan job         |   ==     | {parent=ff}
 *
 * A line is a span: service, name, bar, attributes. Two blanks of indentation per level make a span a child of the nearest line above
 * with less. One character of a bar is a millisecond; an empty bar between `|` starts at its first blank and lasts no time. A line with
 * `*` is an event (`@` milliseconds after the span's start), one with `->` a link to trace and span id, both of the span above.
 *
 * Attribute values: `1` int, `1.5` double, `true`, `"text"` (JSON), `text`, `[1, 2]` array, `empty`, `bytes:0aff`. Keys: `resource.x` and
 * `instrumentation.x` go there; `id`, `parent` (short hex), `kind`, `status`, `statusMessage`, `scope`, `scopeVersion`, `traceState` are
 * the span's own fields. Span ids count from 1 unless given.
 */
import { bytesFromHex, parseSpanId, parseTraceId } from './ids.ts';
import type { AnyValue, Attribute, Resource, Span, SpanEvent, SpanLink, Trace, UnixNanos } from './model.ts';
import { spanKinds, statusCodes } from './model.ts';
import { compareSpans } from './merge.ts';

export interface TraceTextOptions {
  /** Padded with zeros; `1` when absent. */
  readonly traceId?: string;
  /** Time of the first column; 2023-11-14T22:13:20Z when absent. */
  readonly baseUnixNanos?: UnixNanos;
  /** What one character of a bar lasts; a millisecond when absent. */
  readonly columnNanos?: bigint;
}

/** Errors: throws `Error` with the line that cannot be read. */
export function traceFromText(text: string, options: TraceTextOptions = {}): Trace {
  const traceId = parseTraceId(options.traceId ?? '1');
  if (traceId === undefined) {
    throw new Error(`not a trace id: ${options.traceId}`);
  }
  const base = options.baseUnixNanos ?? 1_700_000_000_000_000_000n;
  const columnNanos = options.columnNanos ?? 1_000_000n;
  const drafts: Draft[] = [];
  const resources = new Map<string, Resource>();
  const open: Draft[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const event = /^\s*\* (.*?)(?:\s+@(\d+))?\s*(\{.*\})?\s*$/.exec(line);
    const link = /^\s*-> ([0-9a-f]+)\/([0-9a-f]+)\s*(\{.*\})?\s*$/.exec(line);
    const last = drafts.at(-1);
    if (event !== null || link !== null) {
      if (last === undefined) {
        throw new Error(`no span above: ${line}`);
      }
      if (event !== null) {
        last.events.push(readEvent(event, last.startUnixNanos, columnNanos));
      } else if (link !== null) {
        last.links.push(readLink(link, line));
      }
      continue;
    }
    const draft = readSpan(line, drafts.length + 1, base, columnNanos, resources);
    while (open.length > 0 && open[open.length - 1].indent >= draft.indent) {
      open.pop();
    }
    draft.parentSpanId ??= open.at(-1)?.spanId ?? '';
    open.push(draft);
    drafts.push(draft);
  }
  return { traceId, spans: drafts.map((draft) => finish(draft, traceId)).sort(compareSpans) };
}

interface Draft {
  readonly indent: number;
  readonly spanId: string;
  parentSpanId: string | undefined;
  readonly name: string;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  readonly own: ReadonlyMap<string, string>;
  readonly attributes: readonly Attribute[];
  readonly resource: Resource;
  readonly scopeAttributes: readonly Attribute[];
  readonly events: SpanEvent[];
  readonly links: SpanLink[];
}

const ownKeys = ['id', 'parent', 'kind', 'status', 'statusMessage', 'scope', 'scopeVersion', 'traceState'];

function readSpan(
  line: string,
  number: number,
  base: bigint,
  columnNanos: bigint,
  resources: Map<string, Resource>
): Draft {
  const match = /^(\s*)(\S+) (.*?)\s*\|([^|]*)\|\s*(\{.*\})?\s*$/.exec(line);
  if (match === null) {
    throw new Error(`neither span, event nor link: ${line}`);
  }
  const [, indent, service, name, bar, list] = match;
  const first = bar.indexOf('=');
  const columns = first === -1 ? 0 : bar.lastIndexOf('=') + 1 - first;
  const startUnixNanos = base + BigInt(Math.max(0, first)) * columnNanos;
  const pairs = readPairs(list, line);
  const own = new Map(pairs.filter(([key]) => ownKeys.includes(key)));
  const rest = pairs.filter(([key]) => !ownKeys.includes(key));
  const scoped = (prefix: string): Attribute[] =>
    rest
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => ({ key: key.slice(prefix.length), value: readValue(value) }));
  const serviceName: Attribute = { key: 'service.name', value: { type: 'string', value: service } };
  const resource = share(resources, [serviceName, ...scoped('resource.')]);
  return {
    indent: indent.length,
    spanId: spanIdOf(own.get('id') ?? number.toString(16), line),
    parentSpanId: own.has('parent') ? spanIdOf(own.get('parent')!, line) : undefined,
    name,
    startUnixNanos,
    endUnixNanos: startUnixNanos + BigInt(columns) * columnNanos,
    own,
    attributes: rest
      .filter(([key]) => !/^(resource|instrumentation)\./.test(key))
      .map(([key, value]) => ({ key, value: readValue(value) })),
    resource,
    scopeAttributes: scoped('instrumentation.'),
    events: [],
    links: [],
  };
}

/** Spans of equal resources share one object, as the wire has it. */
function share(resources: Map<string, Resource>, attributes: readonly Attribute[]): Resource {
  const key = JSON.stringify(attributes, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
  const known = resources.get(key);
  if (known !== undefined) {
    return known;
  }
  const resource = { attributes, droppedAttributesCount: 0, schemaUrl: '' };
  resources.set(key, resource);
  return resource;
}

function finish(draft: Draft, traceId: string): Span {
  const { own } = draft;
  return {
    traceId,
    spanId: draft.spanId,
    parentSpanId: draft.parentSpanId ?? '',
    traceState: plain(own.get('traceState')),
    flags: 0,
    name: draft.name,
    kind: numberOf(spanKinds, own.get('kind') ?? 'unspecified'),
    startUnixNanos: draft.startUnixNanos,
    endUnixNanos: draft.endUnixNanos,
    attributes: draft.attributes,
    droppedAttributesCount: 0,
    events: draft.events,
    droppedEventsCount: 0,
    links: draft.links,
    droppedLinksCount: 0,
    statusCode: numberOf(statusCodes, own.get('status') ?? 'unset'),
    statusMessage: plain(own.get('statusMessage')),
    resource: draft.resource,
    scope: {
      name: plain(own.get('scope')),
      version: plain(own.get('scopeVersion')),
      attributes: draft.scopeAttributes,
      droppedAttributesCount: 0,
      schemaUrl: '',
    },
  };
}

function numberOf(names: readonly string[], name: string): number {
  const number = names.indexOf(name);
  if (number === -1) {
    throw new Error(`\`${name}\` is none of ${names.join(', ')}`);
  }
  return number;
}

function readEvent([, name, at, list]: RegExpExecArray, spanStart: bigint, columnNanos: bigint): SpanEvent {
  const timeUnixNanos = spanStart + BigInt(at ?? '0') * columnNanos;
  return { timeUnixNanos, name: name.trim(), attributes: readAttributes(list, name), droppedAttributesCount: 0 };
}

function readLink([, trace, span, list]: RegExpExecArray, line: string): SpanLink {
  const traceId = parseTraceId(trace);
  if (traceId === undefined) {
    throw new Error(`not a trace id: ${line}`);
  }
  return {
    traceId,
    spanId: spanIdOf(span, line),
    traceState: '',
    attributes: readAttributes(list, line),
    droppedAttributesCount: 0,
    flags: 0,
  };
}

function spanIdOf(hex: string, line: string): string {
  const id = parseSpanId(hex);
  if (id === undefined) {
    throw new Error(`not a span id: ${line}`);
  }
  return id;
}

function readAttributes(list: string | undefined, line: string): Attribute[] {
  return readPairs(list, line).map(([key, value]) => ({ key, value: readValue(value) }));
}

/** `{key=value …}` to texts; values may hold blanks inside quotes and brackets. */
function readPairs(list: string | undefined, line: string): (readonly [string, string])[] {
  const inner = (list ?? '{}').slice(1, -1).trim();
  const pairs: (readonly [string, string])[] = [];
  const pair = /\s*([^\s=]+)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s"[]+)/y;
  while (pair.lastIndex < inner.length) {
    const at = pair.lastIndex;
    const match = pair.exec(inner);
    if (match === null) {
      throw new Error(`cannot read attributes from \`${inner.slice(at)}\`: ${line}`);
    }
    pairs.push([match[1], match[2]]);
  }
  return pairs;
}

function readValue(text: string): AnyValue {
  if (text.startsWith('"')) {
    return { type: 'string', value: JSON.parse(text) as string };
  }
  if (text.startsWith('[')) {
    const inner = text.slice(1, -1).trim();
    return { type: 'array', value: inner === '' ? [] : inner.split(',').map((element) => readValue(element.trim())) };
  }
  if (text === 'true' || text === 'false') {
    return { type: 'bool', value: text === 'true' };
  }
  if (text === 'empty') {
    return { type: 'empty' };
  }
  if (text.startsWith('bytes:')) {
    return { type: 'bytes', value: bytesFromHex(text.slice('bytes:'.length)) ?? new Uint8Array() };
  }
  if (/^-?\d+$/.test(text)) {
    return { type: 'int', value: BigInt(text) };
  }
  return /^-?\d+\.\d+(e[+-]?\d+)?$/.test(text)
    ? { type: 'double', value: Number(text) }
    : { type: 'string', value: text };
}

function plain(text: string | undefined): string {
  return text === undefined ? '' : text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
