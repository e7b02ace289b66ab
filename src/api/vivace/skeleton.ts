/**
 * The skeleton of a trace: what the waterfall draws before any attribute is there, as columns. Tree, times, names, services, kinds,
 * status, flags, event ticks and span ids; about 12 bytes a span compressed, eight of which are the id. Format: docs/api.md.
 */
import { crc32c } from '../../base/crc32c.ts';
import { assert } from '../../base/assert.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import { ColumnReader, ColumnWriter } from './columns.ts';

/** Three letters and the version of the format. */
const magic = 'VSK1';

export interface Skeleton {
  readonly table: SpanTable;
  /** Names these rows: the rows of another version are other spans. */
  readonly version: string;
  readonly partial: boolean;
  readonly warnings: readonly string[];
}

/** Changes with the rows of a table: ids and starts in their order. */
export function tableVersion({ rowCount, spanIds, offsetNanos, durationNanos }: SpanTable): string {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const ofIds = crc32c(spanIds);
  const ofTimes = crc32c(bytesOf(durationNanos), 0, undefined, crc32c(bytesOf(offsetNanos)));
  return [rowCount, ofIds, ofTimes].map((part) => part.toString(16)).join('-');
}

/** Ids must have eight bytes each, as a store's have. */
export function encodeSkeleton(skeleton: Omit<Skeleton, 'version'>): Uint8Array<ArrayBuffer> {
  const { table, partial, warnings } = skeleton;
  const { rowCount, depth, offsetNanos, names, services, statusMessages, eventNames } = table;
  assert(table.oddSpanIds.size === 0, 'a skeleton of spans whose ids are not eight bytes');
  const header = {
    traceId: table.traceId,
    version: tableVersion(table),
    rowCount,
    eventCount: table.eventName.length,
    baseUnixNanos: String(table.baseUnixNanos),
    partial,
    warnings,
    names,
    services,
    statusMessages,
    eventNames,
  };
  const writer = new ColumnWriter(magic, header, 64 * rowCount + 4096);
  const climb = new Uint32Array(rowCount);
  for (let row = 1; row < rowCount; row++) {
    climb[row] = depth[row - 1] + 1 - depth[row];
  }
  writer.counts(climb);
  const references = new StartReferences(table.parent);
  writer.times(
    offsetNanos,
    Float64Array.from(offsetNanos, (_, row) => references.of(row, offsetNanos))
  );
  writer.times(table.durationNanos, new Uint8Array(rowCount));
  writer.counts(table.name);
  writer.counts(table.service);
  writer.column(table.kind);
  writer.column(table.statusCode);
  writer.column(table.flags);
  writer.counts(table.statusMessage);
  writer.counts(Uint32Array.from({ length: rowCount }, (_, row) => table.eventStart[row + 1] - table.eventStart[row]));
  writer.times(table.eventOffsetNanos, eventReferences(table.eventStart, offsetNanos));
  writer.counts(table.eventName);
  writer.column(table.spanIds);
  return writer.finish();
}

/** The trace is {@link encodeSkeleton}'s. Errors: `invalid_argument`; `unsupported` for another version of the format. */
export function decodeSkeleton(bytes: Uint8Array): Skeleton {
  const reader = new ColumnReader(bytes, magic, 'skeleton');
  const rowCount = reader.count('rowCount');
  const eventCount = reader.count('eventCount');
  const [names, services] = [reader.texts('names'), reader.texts('services')];
  const [statusMessages, eventNames] = [reader.texts('statusMessages'), reader.texts('eventNames')];
  const base = reader.text('baseUnixNanos');
  if (!/^\d{1,20}$/.test(base)) {
    throw reader.malformed('baseUnixNanos is not a time');
  }
  const tree = treeOf(reader, reader.counts(rowCount));
  const references = new StartReferences(tree.parent);
  const offsetNanos = reader.times(rowCount, (row, values) => references.of(row, values));
  const durationNanos = reader.times(rowCount, () => 0);
  const name = reader.counts(rowCount, names.length);
  const service = reader.counts(rowCount, services.length);
  const [kind, statusCode, flags] = [reader.column(rowCount), reader.column(rowCount), reader.column(rowCount)];
  const statusMessage = reader.counts(rowCount, statusMessages.length);
  const eventStart = new Uint32Array(rowCount + 1);
  reader.counts(rowCount).forEach((count, row) => (eventStart[row + 1] = eventStart[row] + count));
  if (eventStart[rowCount] !== eventCount) {
    throw reader.malformed(`${eventStart[rowCount]} events where ${eventCount} belong`);
  }
  const ofEvents = eventReferences(eventStart, offsetNanos);
  const eventOffsetNanos = reader.times(eventCount, (index) => ofEvents[index]);
  const eventName = reader.counts(eventCount, eventNames.length);
  const spanIds = reader.column(8 * rowCount);
  reader.end();
  const traceNanos = offsetNanos.reduce((end, offset, row) => Math.max(end, offset + durationNanos[row]), 0);
  return {
    table: {
      traceId: reader.text('traceId'),
      rowCount,
      baseUnixNanos: BigInt(base),
      traceNanos,
      offsetNanos,
      durationNanos,
      ...tree,
      names,
      name,
      services,
      service,
      kind: kind.slice(),
      statusCode: statusCode.slice(),
      flags: flags.slice(),
      spanIds: spanIds.slice(),
      oddSpanIds: new Map(),
      statusMessages,
      statusMessage,
      eventStart,
      eventOffsetNanos,
      eventNames,
      eventName,
    },
    version: reader.text('version'),
    partial: reader.header['partial'] === true,
    warnings: reader.texts('warnings'),
  };
}

/** What a start counts from: the sibling before, else the parent, else the base. Ask in the order of rows. */
class StartReferences {
  private readonly parent: Int32Array;
  private readonly lastChild: Int32Array;
  private lastTop = -1;

  constructor(parent: Int32Array) {
    this.parent = parent;
    this.lastChild = new Int32Array(parent.length).fill(-1);
  }

  of(row: number, offsetNanos: Float64Array): number {
    const parent = this.parent[row];
    const sibling = parent < 0 ? this.lastTop : this.lastChild[parent];
    if (parent < 0) {
      this.lastTop = row;
    } else {
      this.lastChild[parent] = row;
    }
    return sibling >= 0 ? offsetNanos[sibling] : parent >= 0 ? offsetNanos[parent] : 0;
  }
}

function eventReferences(eventStart: Uint32Array, offsetNanos: Float64Array): Float64Array {
  const references = new Float64Array(eventStart[offsetNanos.length]);
  for (let row = 0; row < offsetNanos.length; row++) {
    references.fill(offsetNanos[row], eventStart[row], eventStart[row + 1]);
  }
  return references;
}

type Tree = Pick<SpanTable, 'parent' | 'depth' | 'subtreeEnd' | 'childCount'>;

/** `climb[row]`: how many levels the row stands above a child of the row before it. In pre-order that is the whole tree. */
function treeOf(reader: ColumnReader, climb: Uint32Array): Tree {
  const rowCount = climb.length;
  const parent = new Int32Array(rowCount);
  const depth = new Uint32Array(rowCount);
  const subtreeEnd = new Uint32Array(rowCount);
  const childCount = new Uint32Array(rowCount);
  let above = -1;
  for (let row = 0; row < rowCount; row++) {
    for (let level = 0; level < climb[row]; level++) {
      if (above < 0) {
        throw reader.malformed(`row ${row} stands above the top level`);
      }
      subtreeEnd[above] = row;
      above = parent[above];
    }
    parent[row] = above;
    if (above >= 0) {
      depth[row] = depth[above] + 1;
      childCount[above]++;
    }
    above = row;
  }
  for (; above >= 0; above = parent[above]) {
    subtreeEnd[above] = rowCount;
  }
  return { parent, depth, subtreeEnd, childCount };
}
