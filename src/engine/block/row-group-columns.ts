import { type SchemaColumn, physicalType } from '../parquet/metadata.ts';
import { physicalTypeOf } from '../parquet/read.ts';
import type { ChunkValues } from '../parquet/write.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { CodedColumn, ColumnKey, RowSet } from '../row-set.ts';
import type { BlockLists } from './block-lists.ts';
import type { CodedChunks } from './coded-chunk.ts';
import {
  firstRowBits,
  fixedSchema,
  int64Chunk,
  parentIdChunk,
  smallIntChunk,
  spanIdChunk,
  summarize,
  traceChunk,
  traceIdChunk,
} from './fixed-chunks.ts';
import type { RowGroupInfo } from './format.ts';
import { gatherIds, gatherWords, localTraces } from './gather-rows.ts';
import { findParents } from './parents.ts';
import { uuidBytes } from '../parquet/uuid.ts';
import { uuidChunk } from './uuid-chunk.ts';

/** A coded column of the file. */
export interface OutputColumn {
  readonly key: ColumnKey;
  readonly name: string;
  readonly isUuid: boolean;
  /** Cleared by the first value that is not UTF-8: the column is then a plain byte array for other readers. */
  readonly utf8: { isText: boolean };
}

const rootColumns = [
  { name: 'trace_root_service', scope: 'resource', key: 'service.name' },
  { name: 'trace_root_name', scope: 'intrinsic', key: 'name' },
] as const;

/** The schema of a file with these coded columns. */
export function schemaOf(columns: readonly OutputColumn[], lists: BlockLists): SchemaColumn[] {
  const annotation = (isText: boolean): SchemaColumn['annotation'] => (isText ? 'string' : undefined);
  return [
    ...Object.values(fixedSchema),
    ...rootColumns.map(({ name, scope, key }) => ({
      name,
      type: physicalType.byteArray,
      optional: true,
      annotation: annotation(rootSource(columns, scope, key)?.utf8.isText ?? true),
    })),
    ...columns.map(({ key, name, isUuid, utf8 }) =>
      isUuid
        ? uuidSchema(name)
        : { name, type: physicalTypeOf(key.type), optional: true, annotation: annotation(utf8.isText) }
    ),
    ...lists.leaves(),
  ];
}

function rootSource(columns: readonly OutputColumn[], scope: string, key: string): OutputColumn | undefined {
  return columns.find(({ key: { scope: s, key: k, type } }) => s === scope && k === key && type === 'string');
}

/** Chunks of one row group on demand, in the order of the schema. `places`: see `RowPlaces`. */
export function rowGroupColumns(
  rowSet: RowSet,
  rows: Uint32Array,
  places: Uint32Array,
  columns: readonly OutputColumn[],
  lists: BlockLists,
  chunks: CodedChunks
): { info: RowGroupInfo; chunkAt: (index: number) => ChunkValues } {
  const { traceOfRow, traceIds } = localTraces(rowSet, rows);
  const spanIds = gatherIds(rowSet.spanIds, rows);
  const parents = findParents(spanIds, gatherIds(rowSet.parentSpanIds, rows), traceOfRow);
  const start = gatherWords(rowSet.startUnixNanos, rows);
  const duration = gatherWords(rowSet.durationNanos, rows);
  const kinds = new Uint32Array(rows.length);
  const statusCodes = new Uint32Array(rows.length);
  let kindMax = 0;
  let statusMax = 0;
  const { kinds: kindOfRow, statusCodes: statusOfRow } = rowSet;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    kinds[i] = kindOfRow[row];
    statusCodes[i] = statusOfRow[row];
    kindMax = Math.max(kindMax, kinds[i]);
    statusMax = Math.max(statusMax, statusCodes[i]);
  }
  const traceCount = traceIds.length / 16;
  const summaries = summarize(traceOfRow, traceCount, start, duration, statusCodes, parents.ids);
  const firstRows = firstRowBits(summaries.firstRows, rows.length);
  const columnOf = ({ key }: OutputColumn): CodedColumn | undefined => rowSet.column(key.scope, key.key, key.type);
  const rootChunk = (scope: string, key: string): ChunkValues => {
    const source = rootSource(columns, scope, key);
    const column = source === undefined ? undefined : columnOf(source);
    if (column === undefined) {
      return absentChunk;
    }
    const { codes } = column;
    const rootCodes = new Uint32Array(rows.length);
    summaries.rootRows.forEach((root, trace) => {
      rootCodes[summaries.firstRows[trace]] = root === 0 ? 0 : codes[rows[root - 1]];
    });
    return chunks.chunk(rootCodes, column.dictionary, source?.utf8);
  };
  const first: readonly (() => ChunkValues)[] = [
    () => traceIdChunk(traceIds, traceOfRow),
    () => spanIdChunk(spanIds),
    () => parentIdChunk(parents),
    () => smallIntChunk(parents.index, parents.indexMax),
    // Level 3 finds the high bytes that times of one trace share: 4.1 bytes a span, not 5.6.
    () => int64Chunk(start, false, 3),
    () => int64Chunk(duration, true),
    () => smallIntChunk(kinds, kindMax),
    () => smallIntChunk(statusCodes, statusMax),
    () => traceChunk(firstRows, summaries.duration),
    () => traceChunk(firstRows, summaries.spans),
    () => traceChunk(firstRows, summaries.errors),
    ...rootColumns.map(
      ({ scope, key }) =>
        () =>
          rootChunk(scope, key)
    ),
  ];
  return {
    info: {
      rowCount: rows.length,
      traceCount,
      ...timeOf(summaries.start, summaries.duration),
      minTraceId: hexFromBytes(traceIds, 0, 16),
      maxTraceId: hexFromBytes(traceIds, traceIds.length - 16),
    },
    chunkAt(index) {
      if (index < first.length) {
        return first[index]();
      }
      const leaf = index - first.length - columns.length;
      if (leaf >= 0) {
        return lists.chunk(leaf);
      }
      const output = columns[index - first.length];
      const { scope, key, type } = output.key;
      const sparse = rowSet.sparseColumn?.(scope, key, type);
      const column = sparse ?? columnOf(output);
      if (column === undefined) {
        return absentChunk;
      }
      const codes =
        sparse === undefined ? chunks.gather(column.codes, rows) : chunks.spread(sparse, places, rows.length);
      // UUIDs get their filter where they are packed, over sixteen bytes each.
      const options = { withBloom: !output.isUuid };
      const chunk = chunks.chunk(codes, column.dictionary, output.utf8, options);
      return output.isUuid ? uuidChunk(chunk) : chunk;
    },
  };
}

/** A column of strings that are UUIDs. */
export function uuidSchema(name: string): SchemaColumn {
  return { name, type: physicalType.fixedLenByteArray, typeLength: uuidBytes, optional: true, annotation: 'uuid' };
}

const absentChunk: ChunkValues = {
  presentCount: 0,
  content: { kind: 'plain', values: { bytes: new Uint8Array(), count: 0 }, compress: false },
};

function timeOf(starts: BigUint64Array, durations: BigUint64Array): { startUnixNanos: bigint; endUnixNanos: bigint } {
  let startUnixNanos = starts[0];
  let endUnixNanos = starts[0];
  for (let trace = 0; trace < starts.length; trace++) {
    const end = starts[trace] + durations[trace];
    startUnixNanos = starts[trace] < startUnixNanos ? starts[trace] : startUnixNanos;
    endUnixNanos = end > endUnixNanos ? end : endUnixNanos;
  }
  return { startUnixNanos, endUnixNanos };
}
