/**
 * Whole spans by row of a skeleton, as columns: attributes are codes into a dictionary of distinct (key, value), resources and scopes
 * stand once, and what the skeleton has already is left out. A client keeps the columns and makes a span of a row when a person looks at
 * it. Format: docs/api.md.
 */
import { concatBytes } from '../../base/bytes.ts';
import type { Attribute, InstrumentationScope, Resource, Span } from '../../trace/model.ts';
import { emptyResource, emptyScope } from '../../trace/model.ts';
import { spanIdAt } from '../../trace/span-table.ts';
import type { SpanTable, WholeSpanTable } from '../../trace/span-table.ts';
import {
  decodeAnyValue,
  decodeKeyValues,
  encodeAnyValue,
  encodeKeyValues,
  readSpan,
  writeSpan,
} from '../../wire/otlp-protobuf.ts';
import { ProtobufReader, ProtobufWriter } from '../../wire/protobuf.ts';
import { ColumnReader, ColumnWriter } from './columns.ts';

/** Three letters and the version of the format. */
const magic = 'VSR1';

/** What a row's own message says of the span. */
const fromSkeleton = 0;
/** All but attributes, resource and scope: the skeleton rounds or cannot say it (a kind without a name, a parent that is not there). */
const fromMessage = 1;

/** Stands in a message for what the skeleton says. A message must have ids; zeros compress to nothing. */
const inSkeleton = {
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  parentSpanId: '',
  name: '',
  kind: 0,
  startUnixNanos: 0n,
  endUnixNanos: 0n,
  statusCode: 0,
  statusMessage: '',
};

/** What an empty message says. */
const bare = {
  traceState: '',
  flags: 0,
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
} as const;

/** The spans of rows `[rowStart, rowEnd)`. Codes are checked: each is within its dictionary. */
export interface SpanRows {
  readonly version: string;
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly keys: readonly string[];
  /** Distinct attributes: entry e has the key `keys[entryKey[e]]` and the AnyValue message `valueBytes[valueStart[e], valueStart[e + 1])`. */
  readonly entryKey: Uint32Array;
  readonly valueStart: Uint32Array;
  readonly valueBytes: Uint8Array;
  readonly resources: readonly Resource[];
  readonly scopes: readonly InstrumentationScope[];
  /** From here on by row − rowStart. */
  readonly resource: Uint32Array;
  readonly scope: Uint32Array;
  /** Entries of a row: `entry[attributeStart[i], attributeStart[i + 1])`. */
  readonly attributeStart: Uint32Array;
  readonly entry: Uint32Array;
  readonly source: Uint8Array;
  /** OTLP Span messages without attributes; empty where the skeleton says all. */
  readonly messageStart: Uint32Array;
  readonly messageBytes: Uint8Array;
}

/** `version` is the skeleton's; rows beyond the table are left out. */
export function encodeSpanRows(
  table: WholeSpanTable,
  version: string,
  rowStart: number,
  rowEnd: number
): Uint8Array<ArrayBuffer> {
  const end = Math.min(rowEnd, table.rowCount);
  const start = Math.min(rowStart, end);
  const rowCount = end - start;
  const entries = new EntryDictionary();
  const resources = new Distinct<Resource>(resourceBytes);
  const scopes = new Distinct<InstrumentationScope>(scopeBytes);
  const resource = new Uint32Array(rowCount);
  const scope = new Uint32Array(rowCount);
  const attributeCount = new Uint32Array(rowCount);
  const entry: number[] = [];
  const source = new Uint8Array(rowCount);
  const messages: Uint8Array[] = [];
  for (let i = 0; i < rowCount; i++) {
    const span = table.spans[start + i];
    resource[i] = resources.codeOf(span.resource);
    scope[i] = scopes.codeOf(span.scope);
    attributeCount[i] = span.attributes.length;
    for (const attribute of span.attributes) {
      entry.push(entries.codeOf(attribute));
    }
    source[i] = isInSkeleton(table, start + i, span) ? fromSkeleton : fromMessage;
    messages.push(messageOf(span, source[i] === fromSkeleton));
  }
  const header = { version, rowStart: start, rowEnd: end, keys: entries.keys };
  const writer = new ColumnWriter(magic, header, 256 * rowCount + 4096);
  writer.counts(entries.entryKey);
  writeParts(writer, entries.values);
  writeParts(writer, resources.parts);
  writeParts(writer, scopes.parts);
  writer.counts(resource);
  writer.counts(scope);
  writer.counts(attributeCount);
  writer.counts(entry);
  writer.column(source);
  writeParts(writer, messages);
  return writer.finish();
}

/** Errors: `invalid_argument`; `unsupported` for another version of the format. */
export function decodeSpanRows(bytes: Uint8Array): SpanRows {
  const reader = new ColumnReader(bytes, magic, 'span rows');
  const [rowStart, rowEnd] = [reader.count('rowStart'), reader.count('rowEnd')];
  const rowCount = rowEnd - rowStart;
  if (rowCount < 0) {
    throw reader.malformed(`rows ${rowStart} to ${rowEnd}`);
  }
  const keys = reader.texts('keys');
  const entryKey = reader.counts(undefined, keys.length);
  const [valueStart, valueBytes] = readParts(reader, entryKey.length);
  const resources = partsOf(reader).map(resourceOf);
  const scopes = partsOf(reader).map(scopeOf);
  const resource = reader.counts(rowCount, resources.length);
  const scope = reader.counts(rowCount, scopes.length);
  const attributeStart = startsOf(reader.counts(rowCount));
  const entry = reader.counts(attributeStart[rowCount], entryKey.length);
  const source = reader.column(rowCount);
  const [messageStart, messageBytes] = readParts(reader, rowCount);
  reader.end();
  return {
    version: reader.text('version'),
    rowStart,
    rowEnd,
    keys,
    entryKey,
    valueStart,
    valueBytes,
    resources,
    scopes,
    resource,
    scope,
    attributeStart,
    entry,
    source,
    messageStart,
    messageBytes,
  };
}

/** Bytes of what is neither in the skeleton nor an attribute: 0 for a row without events and links. */
export function messageLengthOf({ rowStart, messageStart }: SpanRows, row: number): number {
  return messageStart[row - rowStart + 1] - messageStart[row - rowStart];
}

/** The attribute of an entry. */
export function attributeOfEntry({ keys, entryKey, valueStart, valueBytes }: SpanRows, entry: number): Attribute {
  const value = decodeAnyValue(valueBytes.subarray(valueStart[entry], valueStart[entry + 1]));
  return { key: keys[entryKey[entry]], value };
}

/** The span of `row`, which lies within `rows`; equal to the one that was encoded. */
export function spanOfRow(table: SpanTable, rows: SpanRows, row: number): Span {
  const i = row - rows.rowStart;
  const attributes = Array.from(rows.entry.subarray(rows.attributeStart[i], rows.attributeStart[i + 1]), (entry) =>
    attributeOfEntry(rows, entry)
  );
  const rest = messageOfRow(rows, i);
  if (rows.source[i] === fromMessage) {
    return { ...rest, attributes };
  }
  const startUnixNanos = table.baseUnixNanos + BigInt(table.offsetNanos[row]);
  return {
    ...rest,
    attributes,
    traceId: table.traceId,
    spanId: spanIdAt(table, row),
    parentSpanId: table.parent[row] < 0 ? '' : spanIdAt(table, table.parent[row]),
    name: table.names[table.name[row]],
    kind: table.kind[row],
    startUnixNanos,
    endUnixNanos: startUnixNanos + BigInt(table.durationNanos[row]),
    statusCode: table.statusCode[row],
    statusMessage: table.statusMessages[table.statusMessage[row]],
  };
}

/** What the row's own message says; where it has none, a span of nothing but resource and scope. */
function messageOfRow(rows: SpanRows, i: number): Span {
  const [start, end] = [rows.messageStart[i], rows.messageStart[i + 1]];
  const resource = rows.resources[rows.resource[i]];
  const scope = rows.scopes[rows.scope[i]];
  if (start === end) {
    return { ...inSkeleton, ...bare, attributes: [], resource, scope };
  }
  return readSpan(new ProtobufReader(rows.messageBytes.subarray(start, end), 'span rows'), resource, scope);
}

/** Whether {@link spanOfRow} finds all of these in the table, to the bit. */
function isInSkeleton(table: SpanTable, row: number, span: Span): boolean {
  const parent = table.parent[row];
  const { offsetNanos, durationNanos } = table;
  return (
    span.traceId === table.traceId &&
    span.parentSpanId === (parent < 0 ? '' : spanIdAt(table, parent)) &&
    span.kind === table.kind[row] &&
    span.statusCode === table.statusCode[row] &&
    span.startUnixNanos === table.baseUnixNanos + BigInt(offsetNanos[row]) &&
    span.endUnixNanos === span.startUnixNanos + BigInt(durationNanos[row])
  );
}

function messageOf(span: Span, isFromSkeleton: boolean): Uint8Array {
  const isBare =
    span.traceState === '' &&
    span.flags === 0 &&
    span.droppedAttributesCount === 0 &&
    span.events.length === 0 &&
    span.droppedEventsCount === 0 &&
    span.links.length === 0 &&
    span.droppedLinksCount === 0;
  if (isFromSkeleton && isBare) {
    return new Uint8Array(0);
  }
  const writer = new ProtobufWriter(128);
  writeSpan(writer, { ...span, attributes: [], ...(isFromSkeleton ? inSkeleton : {}) });
  return writer.finish();
}

/** Resources and scopes: equal content is one part, and one object is looked at once. */
class Distinct<T extends object> {
  readonly parts: Uint8Array[] = [];
  private readonly byObject = new Map<T, number>();
  private readonly byContent = new Map<string, number>();
  private readonly encode: (value: T) => Uint8Array;

  constructor(encode: (value: T) => Uint8Array) {
    this.encode = encode;
  }

  codeOf(value: T): number {
    let code = this.byObject.get(value);
    if (code === undefined) {
      const bytes = this.encode(value);
      const content = binaryText(bytes);
      code = this.byContent.get(content);
      if (code === undefined) {
        code = this.parts.push(bytes) - 1;
        this.byContent.set(content, code);
      }
      this.byObject.set(value, code);
    }
    return code;
  }
}

class EntryDictionary {
  readonly keys: string[] = [];
  readonly entryKey: number[] = [];
  readonly values: Uint8Array[] = [];
  /** By key: its code, and entries by type and value. */
  private readonly byKey = new Map<string, { readonly code: number; readonly entries: Map<string, number> }>();

  codeOf({ key, value }: Attribute): number {
    let ofKey = this.byKey.get(key);
    if (ofKey === undefined) {
      ofKey = { code: this.keys.push(key) - 1, entries: new Map() };
      this.byKey.set(key, ofKey);
    }
    // Texts and whole numbers are told by themselves, the rest by its bytes, which tell −0 from 0.
    const content =
      value.type === 'string'
        ? `s${value.value}`
        : value.type === 'int'
          ? `i${value.value}`
          : `b${binaryText(encodeAnyValue(value))}`;
    let entry = ofKey.entries.get(content);
    if (entry === undefined) {
      entry = this.values.push(encodeAnyValue(value)) - 1;
      this.entryKey.push(ofKey.code);
      ofKey.entries.set(content, entry);
    }
    return entry;
  }
}

/** A character a byte: bytes as the key of a map. */
function binaryText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return text;
}

function resourceBytes({ attributes, ...rest }: Resource): Uint8Array {
  return withAttributes('VRS1', rest, attributes);
}

function resourceOf(bytes: Uint8Array): Resource {
  const reader = new ColumnReader(bytes, 'VRS1', 'resource');
  return {
    ...emptyResource,
    droppedAttributesCount: reader.count('droppedAttributesCount'),
    schemaUrl: reader.text('schemaUrl'),
    attributes: decodeKeyValues(reader.column()),
  };
}

function scopeBytes({ attributes, ...rest }: InstrumentationScope): Uint8Array {
  return withAttributes('VSC1', rest, attributes);
}

/** The other fields as header, the attributes as KeyValue fields. */
function withAttributes(magicOfPart: string, header: unknown, attributes: readonly Attribute[]): Uint8Array {
  const writer = new ColumnWriter(magicOfPart, header, 256);
  writer.column(encodeKeyValues(attributes));
  return writer.finish();
}

function scopeOf(bytes: Uint8Array): InstrumentationScope {
  const reader = new ColumnReader(bytes, 'VSC1', 'scope');
  return {
    ...emptyScope,
    name: reader.text('name'),
    version: reader.text('version'),
    droppedAttributesCount: reader.count('droppedAttributesCount'),
    schemaUrl: reader.text('schemaUrl'),
    attributes: decodeKeyValues(reader.column()),
  };
}

/** Byte ranges: a column of their lengths, then all their bytes. */
function writeParts(writer: ColumnWriter, parts: readonly Uint8Array[]): void {
  writer.counts(parts.map((part) => part.length));
  writer.column(concatBytes(parts));
}

function readParts(reader: ColumnReader, count: number): [starts: Uint32Array, bytes: Uint8Array] {
  const starts = startsOf(reader.counts(count));
  return [starts, reader.column(starts[count])];
}

function partsOf(reader: ColumnReader): Uint8Array[] {
  const starts = startsOf(reader.counts());
  const bytes = reader.column(starts[starts.length - 1]);
  return Array.from({ length: starts.length - 1 }, (_, i) => bytes.subarray(starts[i], starts[i + 1]));
}

function startsOf(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  counts.forEach((count, i) => (starts[i + 1] = starts[i] + count));
  return starts;
}
