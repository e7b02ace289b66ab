import { unreachable } from '../base/assert.ts';
import { everySo, neverPoll, type Poll } from '../base/poll.ts';
import { hexFromBytes } from '../trace/ids.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span, SpanEvent, SpanLink } from '../trace/model.ts';
import { decodeAnyValue, decodeEvents, decodeKeyValues, decodeLinks } from '../wire/otlp-protobuf.ts';
import type { CodedColumn, ColumnScope, IntrinsicColumn, RowSet, ValueDictionary } from './row-set.ts';
import { intrinsicColumns } from './row-set.ts';

/**
 * Whole spans, in the order of `rows`. Attributes come in the order of the columns, second occurrences of a key behind them. Spans of
 * one resource (or instrumentation scope) share it by identity. What `poll` throws ends the work; it is called about every millisecond.
 */
export function spansOfRows(rowSet: RowSet, rows: ArrayLike<number>, poll = neverPoll): Span[] {
  // Below half of the rows it is cheaper to look the codes up than to copy whole columns.
  if (rowSet.narrow !== undefined && rows.length * 2 < rowSet.rowCount) {
    const all = Uint32Array.from({ length: rows.length }, (_, row) => row);
    return readSpans(rowSet.narrow(rows), all, poll);
  }
  return readSpans(rowSet, rows, poll);
}

function readSpans(rowSet: RowSet, rows: ArrayLike<number>, poll: Poll): Span[] {
  const text = (name: IntrinsicColumn): ((row: number) => string) =>
    reader(rowSet, name, (values, entry) => values.textAt(entry), '');
  const count = (name: IntrinsicColumn): ((row: number) => number) =>
    reader(rowSet, name, (values, entry) => values.numberAt(entry), 0);
  const nameOf = text('name');
  const statusMessageOf = text('status_message');
  const traceStateOf = text('trace_state');
  const flagsOf = count('flags');
  const droppedAttributesOf = count('dropped_attributes_count');
  const droppedEventsOf = count('dropped_events_count');
  const droppedLinksOf = count('dropped_links_count');
  const eventsOf = reader<readonly SpanEvent[]>(
    rowSet,
    'events',
    (values, entry) => decodeEvents(values.bytesAt(entry)),
    []
  );
  const linksOf = reader<readonly SpanLink[]>(
    rowSet,
    'links',
    (values, entry) => decodeLinks(values.bytesAt(entry)),
    []
  );
  const attributesOf = attributesReader(rowSet, 'span', 'span_extra');
  const resourceOf = sharedReader(rowSet, rows, 'resource', resourceReader(rowSet));
  const scopeOf = sharedReader(rowSet, rows, 'instrumentation', scopeReader(rowSet));
  const { traceIds, traceOfRow, spanIds, parentSpanIds, startUnixNanos, durationNanos, kinds, statusCodes } = rowSet;

  const pollSpans = everySo(poll);
  const spans: Span[] = [];
  for (let i = 0; i < rows.length; i++) {
    pollSpans();
    const row = rows[i];
    const trace = traceOfRow[row];
    const start = startUnixNanos[row];
    const parentSpanId = hexFromBytes(parentSpanIds, row * 8, row * 8 + 8);
    spans.push({
      traceId: hexFromBytes(traceIds, trace * 16, trace * 16 + 16),
      spanId: hexFromBytes(spanIds, row * 8, row * 8 + 8),
      parentSpanId: parentSpanId === noSpanId ? '' : parentSpanId,
      traceState: traceStateOf(row),
      flags: flagsOf(row),
      name: nameOf(row),
      kind: kinds[row],
      startUnixNanos: start,
      endUnixNanos: BigInt.asUintN(64, start + durationNanos[row]),
      attributes: attributesOf(row),
      droppedAttributesCount: droppedAttributesOf(row),
      events: eventsOf(row),
      droppedEventsCount: droppedEventsOf(row),
      links: linksOf(row),
      droppedLinksCount: droppedLinksOf(row),
      statusCode: statusCodes[row],
      statusMessage: statusMessageOf(row),
      resource: resourceOf(i),
      scope: scopeOf(i),
    });
  }
  return spans;
}

const noSpanId = '0000000000000000';

/** Reads one intrinsic column; each dictionary entry is decoded once. */
function reader<T>(
  rowSet: RowSet,
  name: IntrinsicColumn,
  decode: (values: ValueDictionary, entry: number) => T,
  absent: T
): (row: number) => T {
  const column = rowSet.column('intrinsic', name, intrinsicColumns[name]);
  if (column === undefined) {
    return () => absent;
  }
  const { codes, dictionary } = column;
  const decoded = new Map<number, T>();
  return (row) => {
    const code = codes[row];
    if (code === 0) {
      return absent;
    }
    let value = decoded.get(code);
    if (value === undefined) {
      value = decode(dictionary, code - 1);
      decoded.set(code, value);
    }
    return value;
  };
}

function attributesReader(
  rowSet: RowSet,
  scope: ColumnScope,
  extra: IntrinsicColumn
): (row: number) => readonly Attribute[] {
  const columns = columnsOf(rowSet, scope);
  const decoded = columns.map(() => new Map<number, Attribute>());
  const extraOf = reader<readonly Attribute[]>(
    rowSet,
    extra,
    (values, entry) => decodeKeyValues(values.bytesAt(entry)),
    []
  );
  return (row) => {
    const attributes: Attribute[] = [];
    for (let c = 0; c < columns.length; c++) {
      const { codes, dictionary, key } = columns[c];
      const code = codes[row];
      if (code !== 0) {
        let attribute = decoded[c].get(code);
        if (attribute === undefined) {
          attribute = { key: key.key, value: valueAt(dictionary, code - 1) };
          decoded[c].set(code, attribute);
        }
        attributes.push(attribute);
      }
    }
    const more = extraOf(row);
    return more.length === 0 ? attributes : [...attributes, ...more];
  };
}

/** Entry of a dictionary of attribute values. */
export function valueAt(dictionary: ValueDictionary, entry: number): AnyValue {
  switch (dictionary.type) {
    case 'string':
      return { type: 'string', value: dictionary.textAt(entry) };
    case 'int':
      return { type: 'int', value: dictionary.intAt(entry) };
    case 'double':
      return { type: 'double', value: dictionary.numberAt(entry) };
    case 'bool':
      return { type: 'bool', value: dictionary.boolAt(entry) };
    case 'any':
    case 'raw':
      return decodeAnyValue(dictionary.bytesAt(entry));
    default:
      return unreachable(dictionary.type);
  }
}

function resourceReader(rowSet: RowSet): (row: number) => Resource {
  const attributesOf = attributesReader(rowSet, 'resource', 'resource_extra');
  const droppedOf = reader(rowSet, 'resource_dropped_attributes_count', (values, entry) => values.numberAt(entry), 0);
  const schemaUrlOf = reader(rowSet, 'resource_schema_url', (values, entry) => values.textAt(entry), '');
  return (row) => ({
    attributes: attributesOf(row),
    droppedAttributesCount: droppedOf(row),
    schemaUrl: schemaUrlOf(row),
  });
}

function scopeReader(rowSet: RowSet): (row: number) => InstrumentationScope {
  const nameOf = reader(rowSet, 'scope_name', (values, entry) => values.textAt(entry), '');
  const versionOf = reader(rowSet, 'scope_version', (values, entry) => values.textAt(entry), '');
  const attributesOf = attributesReader(rowSet, 'instrumentation', 'scope_extra');
  const droppedOf = reader(rowSet, 'scope_dropped_attributes_count', (values, entry) => values.numberAt(entry), 0);
  const schemaUrlOf = reader(rowSet, 'scope_schema_url', (values, entry) => values.textAt(entry), '');
  return (row) => ({
    name: nameOf(row),
    version: versionOf(row),
    attributes: attributesOf(row),
    droppedAttributesCount: droppedOf(row),
    schemaUrl: schemaUrlOf(row),
  });
}

/**
 * Reads what many rows share: rows with the same codes in all columns of `scope` get the same object. Takes the position in `rows`.
 */
function sharedReader<T>(
  rowSet: RowSet,
  rows: ArrayLike<number>,
  scope: 'resource' | 'instrumentation',
  read: (row: number) => T
): (position: number) => T {
  const prefix = scope === 'resource' ? 'resource_' : 'scope_';
  const columns = columnsOf(rowSet, scope);
  for (const name of Object.keys(intrinsicColumns) as IntrinsicColumn[]) {
    const column = name.startsWith(prefix) ? rowSet.column('intrinsic', name, intrinsicColumns[name]) : undefined;
    if (column !== undefined) {
      columns.push(column);
    }
  }
  // Refined column by column: rows stay in one group while their codes agree.
  const groupOf = new Uint32Array(rows.length);
  let groupCount = 1;
  for (const { codes, dictionary } of columns) {
    const groups = new Map<number, number>();
    const codeCount = dictionary.size + 1;
    for (let i = 0; i < groupOf.length; i++) {
      const both = groupOf[i] * codeCount + codes[rows[i]];
      let group = groups.get(both);
      if (group === undefined) {
        group = groups.size;
        groups.set(both, group);
      }
      groupOf[i] = group;
    }
    groupCount = groups.size;
  }
  const shared = new Array<T | undefined>(groupCount).fill(undefined);
  return (position) => (shared[groupOf[position]] ??= read(rows[position]));
}

function columnsOf(rowSet: RowSet, scope: ColumnScope): CodedColumn[] {
  const columns: CodedColumn[] = [];
  for (const key of rowSet.columnKeys) {
    const column = key.scope === scope ? rowSet.column(scope, key.key, key.type) : undefined;
    if (column !== undefined) {
      columns.push(column);
    }
  }
  return columns;
}
