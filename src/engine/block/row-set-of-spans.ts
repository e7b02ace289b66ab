import { compareBytes, equalBytes, textFromUtf8, utf8FromText } from '../../base/bytes.ts';
import { assert } from '../../base/assert.ts';
import { bytesFromHex } from '../../trace/ids.ts';
import type { AnyValue, Attribute, Span } from '../../trace/model.ts';
import { encodeAnyValue, encodeEvents, encodeKeyValues, encodeLinks } from '../../wire/otlp-protobuf.ts';
import type {
  CodedColumn,
  ColumnKey,
  ColumnScope,
  ColumnType,
  IntrinsicColumn,
  RowSet,
  ValueDictionary,
} from '../row-set.ts';
import { intrinsicColumns } from '../row-set.ts';
import { columnKeyText } from './column-names.ts';

/** A value of a dictionary: bytes for string, any and raw. */
type Entry = Uint8Array | bigint | number | boolean;

/**
 * Plain spans as a row set, one row per span in the order given: the slow, obvious form that heads and blocks are compared with.
 */
export function rowSetOfSpans(spans: readonly Span[]): RowSet {
  const columns = new Map<string, PlainColumn>();
  const put = (scope: ColumnScope, key: string, type: ColumnType, row: number, entry: Entry): void => {
    const columnKey: ColumnKey = { scope, key, type };
    const text = columnKeyText(columnKey);
    let column = columns.get(text);
    if (column === undefined) {
      column = new PlainColumn(columnKey, spans.length);
      columns.set(text, column);
    }
    column.put(row, entry);
  };
  spans.forEach((span, row) => putSpan(span, (scope, key, type, entry) => put(scope, key, type, row, entry)));

  const traceIds = [...new Set(spans.map((span) => span.traceId))];
  const ordinals = new Map(traceIds.map((traceId, ordinal) => [traceId, ordinal]));
  const traceOfRow = Uint32Array.from(spans, (span) => ordinals.get(span.traceId) ?? 0);
  const idsOf = (hex: (span: Span) => string): Uint8Array => joined(spans.map((span) => bytesOfId(hex(span), 8)));
  return {
    rowCount: spans.length,
    traceCount: traceIds.length,
    traceIds: joined(traceIds.map((traceId) => bytesOfId(traceId, 16))),
    traceOfRow,
    rowsOfTrace: (ordinal) => [...traceOfRow.keys()].filter((row) => traceOfRow[row] === ordinal),
    findTrace: (traceId) => traceIds.findIndex((other) => equalBytes(bytesOfId(other, 16), traceId)),
    spanIds: idsOf((span) => span.spanId),
    parentSpanIds: idsOf((span) => span.parentSpanId),
    startUnixNanos: BigUint64Array.from(spans, (span) => span.startUnixNanos),
    durationNanos: BigInt64Array.from(spans, (span) => BigInt.asIntN(64, span.endUnixNanos - span.startUnixNanos)),
    kinds: Uint8Array.from(spans, (span) => span.kind),
    statusCodes: Uint8Array.from(spans, (span) => span.statusCode),
    columnKeys: [...columns.values()].map(({ key }) => key),
    column: (scope, key, type) => columns.get(columnKeyText({ scope, key, type })),
  };
}

/** All rows ordered as a block wants them: by trace id, start, span id. */
export function blockOrder(rowSet: RowSet): Uint32Array {
  const { traceIds, traceOfRow, startUnixNanos, spanIds } = rowSet;
  const trace = (row: number): Uint8Array => traceIds.subarray(16 * traceOfRow[row], 16 * traceOfRow[row] + 16);
  const span = (row: number): Uint8Array => spanIds.subarray(8 * row, 8 * row + 8);
  return Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row).sort(
    (a, b) =>
      compareBytes(trace(a), trace(b)) ||
      (startUnixNanos[a] < startUnixNanos[b] ? -1 : startUnixNanos[a] > startUnixNanos[b] ? 1 : 0) ||
      compareBytes(span(a), span(b)) ||
      a - b
  );
}

type Put = (scope: ColumnScope, key: string, type: ColumnType, entry: Entry) => void;

function putSpan(span: Span, put: Put): void {
  const text = (key: IntrinsicColumn, value: string): void => {
    if (value !== '') {
      put('intrinsic', key, intrinsicColumns[key], utf8FromText(value));
    }
  };
  const count = (key: IntrinsicColumn, value: number): void => {
    if (value !== 0) {
      put('intrinsic', key, intrinsicColumns[key], BigInt(value));
    }
  };
  const raw = (key: IntrinsicColumn, value: Uint8Array): void => {
    if (value.length > 0) {
      put('intrinsic', key, intrinsicColumns[key], value);
    }
  };
  const attributes = (scope: ColumnScope, list: readonly Attribute[], extraKey: IntrinsicColumn): void => {
    const seen = new Set<string>();
    const extra: Attribute[] = [];
    for (const attribute of list) {
      if (seen.has(attribute.key)) {
        extra.push(attribute);
      } else {
        seen.add(attribute.key);
        const { type, entry } = entryOf(attribute.value);
        put(scope, attribute.key, type, entry);
      }
    }
    raw(extraKey, encodeKeyValues(extra));
  };
  const { resource, scope } = span;
  text('name', span.name);
  text('status_message', span.statusMessage);
  text('trace_state', span.traceState);
  count('flags', span.flags);
  count('dropped_attributes_count', span.droppedAttributesCount);
  count('dropped_events_count', span.droppedEventsCount);
  count('dropped_links_count', span.droppedLinksCount);
  raw('events', encodeEvents(span.events));
  raw('links', encodeLinks(span.links));
  attributes('span', span.attributes, 'span_extra');
  attributes('resource', resource.attributes, 'resource_extra');
  count('resource_dropped_attributes_count', resource.droppedAttributesCount);
  text('resource_schema_url', resource.schemaUrl);
  text('scope_name', scope.name);
  text('scope_version', scope.version);
  attributes('instrumentation', scope.attributes, 'scope_extra');
  count('scope_dropped_attributes_count', scope.droppedAttributesCount);
  text('scope_schema_url', scope.schemaUrl);
}

function entryOf(value: AnyValue): { type: ColumnType; entry: Entry } {
  switch (value.type) {
    case 'string':
      return { type: 'string', entry: utf8FromText(value.value) };
    case 'int':
    case 'double':
    case 'bool':
      return { type: value.type, entry: value.value };
    default:
      return { type: 'any', entry: encodeAnyValue(value) };
  }
}

class PlainColumn implements CodedColumn {
  readonly key: ColumnKey;
  readonly codes: Uint32Array;
  readonly dictionary: PlainDictionary;

  constructor(key: ColumnKey, rowCount: number) {
    this.key = key;
    this.codes = new Uint32Array(rowCount);
    this.dictionary = new PlainDictionary(key.type);
  }

  put(row: number, entry: Entry): void {
    this.codes[row] = this.dictionary.codeOf(entry);
  }
}

class PlainDictionary implements ValueDictionary {
  readonly type: ColumnType;
  private readonly entries: Entry[] = [];
  private readonly codes = new Map<string, number>();

  constructor(type: ColumnType) {
    this.type = type;
  }

  get size(): number {
    return this.entries.length;
  }

  codeOf(entry: Entry): number {
    const text = Object.is(entry, -0) ? '-0' : String(entry);
    let code = this.codes.get(text);
    if (code === undefined) {
      code = this.entries.push(entry);
      this.codes.set(text, code);
    }
    return code;
  }

  bytesAt(entry: number): Uint8Array {
    const value = this.entries[entry];
    assert(value instanceof Uint8Array, `a dictionary of type ${this.type} has no bytes`);
    return value;
  }

  textAt(entry: number): string {
    return textFromUtf8(this.bytesAt(entry));
  }

  intAt(entry: number): bigint {
    const value = this.entries[entry];
    assert(typeof value === 'bigint', `a dictionary of type ${this.type} has no ints`);
    return value;
  }

  numberAt(entry: number): number {
    return Number(this.entries[entry]);
  }

  boolAt(entry: number): boolean {
    return this.entries[entry] === true;
  }
}

function bytesOfId(hex: string, length: number): Uint8Array {
  return bytesFromHex(hex.padStart(2 * length, '0')) ?? new Uint8Array(length);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
