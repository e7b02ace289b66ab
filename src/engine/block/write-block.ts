import { assert } from '../../base/assert.ts';
import type { Codecs } from '../../base/codecs.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { Disk } from '../disk.ts';
import { type SchemaColumn, physicalType } from '../parquet/metadata.ts';
import { physicalTypeOf } from '../parquet/read.ts';
import type { PageSizes } from '../parquet/pages.ts';
import { type ChunkValues, ParquetWriter } from '../parquet/write.ts';
import type { CodedColumn, RowSet } from '../row-set.ts';
import { CodedChunks } from './coded-chunk.ts';
import { compareColumnKeys, physicalNames } from './column-names.ts';
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
import {
  type BlockMeta,
  type RowGroupInfo,
  blockKey,
  columnsKey,
  encodeBlock,
  encodeColumns,
  formatVersion,
  formatVersionKey,
} from './format.ts';
import { findParents } from './parents.ts';
import { planRowGroups, rowGroupRowsMax, rowGroupRowsMin } from './row-groups.ts';

export interface WriteBlockOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly codecs: Codecs;
  readonly blockId: string;
  /** Smaller row groups for tests; see {@link planRowGroups}. */
  readonly rowGroupRowsMin?: number;
  readonly rowGroupRowsMax?: number;
  /** Smaller pages for tests. */
  readonly pageSizes?: PageSizes;
}

/**
 * Writes rows of a row set as a block file and makes its bytes durable; the directory entry is the caller's.
 * `rows` are ordered by trace id, start, span id, and not empty. Memory: one row group and the metadata of those before it.
 * Errors: the disk's; `too_large` when a page would exceed 1 GiB.
 */
export async function writeBlock(rowSet: RowSet, rows: Uint32Array, options: WriteBlockOptions): Promise<BlockMeta> {
  assert(rows.length > 0, 'a block without rows');
  const { disk, path, codecs, blockId } = options;
  const groups = planRowGroups(
    rowSet.traceOfRow,
    rows,
    options.rowGroupRowsMin ?? rowGroupRowsMin,
    options.rowGroupRowsMax ?? rowGroupRowsMax
  );
  const columns = codedColumnsOf(rowSet, rows);
  const file = await disk.openForWrite(path, { truncate: true });
  try {
    const writer = new ParquetWriter(file, codecs, options.pageSizes);
    const chunks = new CodedChunks();
    const infos: RowGroupInfo[] = [];
    for (const group of groups) {
      const { info, chunkAt } = rowGroupChunks(rowSet, rows.subarray(group.start, group.end), columns, chunks);
      const previous = infos.at(-1);
      assert(previous === undefined || previous.maxTraceId < info.minTraceId, 'rows are not ordered by trace id');
      await writer.rowGroup(group.end - group.start, schemaOf(columns), chunkAt);
      infos.push(info);
    }
    const place = await writer.finish(
      schemaOf(columns),
      new Map([
        [formatVersionKey, String(formatVersion)],
        [columnsKey, encodeColumns(columns.map(({ column, name }) => ({ key: column.key, name })))],
        [blockKey, encodeBlock(blockId, infos)],
      ])
    );
    await file.datasync();
    return { blockId, path, formatVersion, ...place, ...factsOf(infos) };
  } finally {
    await file.close();
  }
}

/** A coded column on its way into the file. */
interface OutputColumn {
  readonly column: CodedColumn;
  readonly name: string;
  /** Cleared by the first value that is not UTF-8: the column is then a plain byte array for other readers. */
  readonly utf8: { isText: boolean };
}

/** Columns with a value in some row, in file order. */
function codedColumnsOf(rowSet: RowSet, rows: Uint32Array): OutputColumn[] {
  const columns = [...rowSet.columnKeys]
    .sort(compareColumnKeys)
    .map(({ scope, key, type }) => rowSet.column(scope, key, type))
    .filter((column) => column !== undefined)
    .filter(({ codes }) => rows.some((row) => codes[row] !== 0));
  const names = physicalNames(columns.map(({ key }) => key));
  return columns.map((column, index) => ({
    column,
    name: names[index],
    utf8: { isText: column.key.type === 'string' },
  }));
}

const rootColumns = [
  { name: 'trace_root_service', scope: 'resource', key: 'service.name' },
  { name: 'trace_root_name', scope: 'intrinsic', key: 'name' },
] as const;

function schemaOf(columns: readonly OutputColumn[]): SchemaColumn[] {
  const annotation = (isText: boolean): SchemaColumn['annotation'] => (isText ? 'string' : undefined);
  return [
    ...Object.values(fixedSchema),
    ...rootColumns.map(({ name, scope, key }) => ({
      name,
      type: physicalType.byteArray,
      optional: true,
      annotation: annotation(rootSource(columns, scope, key)?.utf8.isText ?? true),
    })),
    ...columns.map(({ column, name, utf8 }) => ({
      name,
      type: physicalTypeOf(column.key.type),
      optional: true,
      annotation: annotation(utf8.isText),
    })),
  ];
}

function rootSource(columns: readonly OutputColumn[], scope: string, key: string): OutputColumn | undefined {
  return columns.find(
    ({ column }) => column.key.scope === scope && column.key.key === key && column.key.type === 'string'
  );
}

/** Chunks of one row group on demand, in the order of the schema. */
function rowGroupChunks(
  rowSet: RowSet,
  rows: Uint32Array,
  columns: readonly OutputColumn[],
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
  const gathered = ({ column }: OutputColumn): Uint32Array => chunks.gather(column.codes, rows);
  const rootChunk = (scope: string, key: string): ChunkValues => {
    const source = rootSource(columns, scope, key);
    if (source === undefined) {
      const values = { bytes: new Uint8Array(), count: 0 };
      return { presentCount: 0, content: { kind: 'plain', values, compress: false } };
    }
    const codes = gathered(source);
    const rootCodes = new Uint32Array(rows.length);
    summaries.rootRows.forEach((root, trace) => {
      rootCodes[summaries.firstRows[trace]] = root === 0 ? 0 : codes[root - 1];
    });
    return chunks.chunk(rootCodes, source.column.dictionary, source.utf8);
  };
  const first: readonly (() => ChunkValues)[] = [
    () => traceIdChunk(traceIds, traceOfRow),
    () => spanIdChunk(spanIds),
    () => parentIdChunk(parents.ids),
    () => smallIntChunk(parents.index, parents.indexMax),
    () => int64Chunk(start, false),
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
      const output = columns[index - first.length];
      return chunks.chunk(gathered(output), output.column.dictionary, output.utf8);
    },
  };
}

/** Ordinals from 0 in row order and their ids. */
function localTraces(rowSet: RowSet, rows: Uint32Array): { traceOfRow: Uint32Array; traceIds: Uint8Array } {
  const traceOfRow = new Uint32Array(rows.length);
  const ids = new Uint8Array(16 * rows.length);
  let traceCount = 0;
  for (let i = 0; i < rows.length; i++) {
    const trace = rowSet.traceOfRow[rows[i]];
    if (i === 0 || trace !== rowSet.traceOfRow[rows[i - 1]]) {
      ids.set(rowSet.traceIds.subarray(16 * trace, 16 * trace + 16), 16 * traceCount);
      assert(traceCount === 0 || ascends(ids, 16 * traceCount), 'rows are not ordered by trace id');
      traceCount++;
    }
    traceOfRow[i] = traceCount - 1;
  }
  return { traceOfRow, traceIds: ids.slice(0, 16 * traceCount) };
}

/** Whether the id at `at` is above the one before it. */
function ascends(ids: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 16; i++) {
    if (ids[i] !== ids[i - 16]) {
      return ids[i] > ids[i - 16];
    }
  }
  return false;
}

function gatherIds(ids: Uint8Array, rows: Uint32Array): Uint8Array {
  const gathered = new Uint8Array(8 * rows.length);
  for (let i = 0, to = 0; i < rows.length; i++) {
    for (let from = 8 * rows[i], end = from + 8; from < end; from++) {
      gathered[to++] = ids[from];
    }
  }
  return gathered;
}

/** 64-bit values as pairs of words (low, high). */
function gatherWords(values: BigUint64Array | BigInt64Array, rows: Uint32Array): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const gathered = new Uint32Array(2 * rows.length);
  for (let i = 0; i < rows.length; i++) {
    const from = 2 * rows[i];
    gathered[2 * i] = words[from];
    gathered[2 * i + 1] = words[from + 1];
  }
  return gathered;
}

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

function factsOf(
  groups: readonly RowGroupInfo[]
): Pick<BlockMeta, 'spans' | 'traces' | 'startUnixNanos' | 'endUnixNanos' | 'minTraceId' | 'maxTraceId'> {
  let { startUnixNanos, endUnixNanos } = groups[0];
  let spans = 0;
  let traces = 0;
  for (const group of groups) {
    startUnixNanos = group.startUnixNanos < startUnixNanos ? group.startUnixNanos : startUnixNanos;
    endUnixNanos = group.endUnixNanos > endUnixNanos ? group.endUnixNanos : endUnixNanos;
    spans += group.rowCount;
    traces += group.traceCount;
  }
  return {
    spans,
    traces,
    startUnixNanos: String(startUnixNanos),
    endUnixNanos: String(endUnixNanos),
    minTraceId: groups[0].minTraceId,
    maxTraceId: groups[groups.length - 1].maxTraceId,
  };
}
