import { assert } from '../../base/assert.ts';
import type { Codecs } from '../../base/codecs.ts';
import type { Disk, WritableFile } from '../disk.ts';
import type { PageSizes } from '../parquet/pages.ts';
import { ParquetWriter } from '../parquet/write.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { BlockLists, isEventKey } from './block-lists.ts';
import { blockFacts } from './block-facts.ts';
import { CodedChunks } from './coded-chunk.ts';
import { columnKeyText, physicalNames } from './column-names.ts';
import { planFolding } from './fold-plan.ts';
import {
  type BlockMeta,
  type ListBloomPlace,
  type NamedColumn,
  type RowGroupInfo,
  type TraceFilterPlace,
  blockKey,
  bloomsKey,
  columnsKey,
  encodeBlock,
  encodeColumns,
  encodeListBlooms,
  formatVersion,
  formatVersionKey,
} from './format.ts';
import { TraceFilterBuilder, filterBytesInlineMax } from './trace-filter.ts';
import { base64FromBytes } from '../../wire/base64.ts';
import { type OutputColumn, rowGroupColumns, schemaOf } from './row-group-columns.ts';
import { RowPlaces } from './row-places.ts';

/** A column that a block will have, and in how many of its rows, about. */
export interface ColumnUse {
  readonly key: ColumnKey;
  readonly rowCount: number;
  /** All values are canonical UUIDs, which are then stored as sixteen bytes. A promise: another value is an assertion. */
  readonly isUuid?: boolean;
}

export interface BlockWriterOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly codecs: Codecs;
  readonly blockId: string;
  /** All coded columns of all row groups to come, in any order, each once. A row group may lack some, none may bring others. */
  readonly columns: readonly ColumnUse[];
  /** Row groups to come, about: with many columns it decides which keys are folded. */
  readonly rowGroupCount?: number;
  /** Fewer for tests; see {@link planFolding}. */
  readonly columnChunksMax?: number;
  /** zstd level: 1 where writing must be quick (the default), higher where a block will live long. */
  readonly zstdLevel?: number;
  /** Less for tests. */
  readonly traceFilterInlineBytesMax?: number;
  /** Smaller pages for tests. */
  readonly pageSizes?: PageSizes;
}

/**
 * Writes a block row group by row group, each from a row set of its own: a flush has one row set for all, a compaction makes one for each.
 * Memory: one row group and the metadata of those before it. `open`, `rowGroup` (at least once), then `finish`, or `abort`; one call at
 * a time. After an error only `abort` is left.
 */
export class BlockWriter {
  private readonly options: BlockWriterOptions;
  private readonly file: WritableFile;
  private readonly parquet: ParquetWriter;
  private readonly columns: readonly OutputColumn[];
  private readonly eventKeys: readonly ColumnKey[];
  private readonly folded: readonly { readonly key: ColumnKey; readonly rowCounts: Map<number, number> }[];
  private readonly lists: BlockLists;
  private readonly known: ReadonlySet<string>;
  private readonly chunks = new CodedChunks();
  private readonly places = new RowPlaces();
  private readonly rowGroups: RowGroupInfo[] = [];
  private readonly blooms: ListBloomPlace[] = [];
  private readonly traceFilter = new TraceFilterBuilder();

  private constructor(options: BlockWriterOptions, file: WritableFile) {
    this.options = options;
    this.file = file;
    this.parquet = new ParquetWriter(file, options.codecs, options);
    this.known = new Set(options.columns.map(({ key }) => columnKeyText(key)));
    const { columns, folded } = planFolding(options.columns, options.rowGroupCount ?? 1, options.columnChunksMax);
    this.eventKeys = columns.map(({ key }) => key).filter(isEventKey);
    const plain = columns.filter(({ key }) => !isEventKey(key));
    const names = physicalNames(plain.map(({ key }) => key));
    this.columns = plain.map(({ key, isUuid = false }, index) => ({
      key,
      name: names[index],
      isUuid,
      utf8: { isText: key.type === 'string' },
    }));
    this.folded = folded.map(({ key }) => ({ key, rowCounts: new Map<number, number>() }));
    this.lists = new BlockLists(
      this.eventKeys,
      folded.map(({ key }) => key)
    );
  }

  /** Creates the file, or empties it. Errors: the disk's. */
  static async open(options: BlockWriterOptions): Promise<BlockWriter> {
    return new BlockWriter(options, await options.disk.openForWrite(options.path, { truncate: true }));
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.parquet.sizeBytes;
  }

  /**
   * The next row group. `rows` of `rowSet` are ordered by trace id, start, span id, and not empty; all traces come whole, and after
   * those of the row groups before. Errors: the disk's; `too_large` when a page would exceed 1 GiB.
   */
  async rowGroup(rowSet: RowSet, rows: Uint32Array): Promise<void> {
    assert(rows.length > 0, 'a row group without rows');
    this.assertKnown(rowSet, rows);
    const { columns, lists, chunks, parquet } = this;
    const places = this.places.of(rowSet, rows);
    const { info, chunkAt } = rowGroupColumns(rowSet, rows, places, columns, lists, chunks);
    const previous = this.rowGroups.at(-1);
    assert(previous === undefined || previous.maxTraceId < info.minTraceId, 'rows are not ordered by trace id');
    const rowGroup = this.rowGroups.push(info) - 1;
    lists.fill(rowSet, rows, places).forEach((rowCount, index) => {
      if (rowCount > 0) {
        this.folded[index].rowCounts.set(rowGroup, rowCount);
      }
    });
    for (const { list, bitset } of lists.blooms()) {
      this.blooms.push({ rowGroup, list, ...parquet.extra(bitset) });
    }
    this.traceFilter.add(rowSet, rows);
    await parquet.rowGroup(rows.length, schemaOf(columns, lists), chunkAt);
  }

  /** Writes the footer, makes the bytes durable and closes the file; the directory entry is the caller's. Errors: the disk's. */
  async finish(): Promise<BlockMeta> {
    assert(this.rowGroups.length > 0, 'a block without rows');
    const { blockId, path } = this.options;
    const traceFilter = this.placeOfTraceFilter();
    const place = await this.parquet.finish(
      schemaOf(this.columns, this.lists),
      new Map([
        [formatVersionKey, String(formatVersion)],
        [columnsKey, encodeColumns(this.namedColumns())],
        [bloomsKey, encodeListBlooms(this.blooms)],
        [blockKey, encodeBlock(blockId, this.rowGroups)],
      ])
    );
    await this.file.datasync();
    await this.file.close();
    return { blockId, path, formatVersion, ...place, ...blockFacts(this.rowGroups), traceFilter };
  }

  private placeOfTraceFilter(): TraceFilterPlace {
    const bitset = this.traceFilter.finish();
    const { traceFilterInlineBytesMax = filterBytesInlineMax } = this.options;
    return bitset.length <= traceFilterInlineBytesMax ? { bits: base64FromBytes(bitset) } : this.parquet.extra(bitset);
  }

  private namedColumns(): NamedColumn[] {
    return [
      ...this.columns,
      ...this.eventKeys.map((key) => ({ key, name: key.key })),
      ...this.folded.map(({ key, rowCounts }) => ({ key, name: 'attributes', folded: rowCounts })),
    ];
  }

  /** A column that the file was not opened for would be lost without a sound. */
  private assertKnown(rowSet: RowSet, rows: Uint32Array): void {
    for (const key of rowSet.columnKeys) {
      if (!this.known.has(columnKeyText(key))) {
        const codes = rowSet.column(key.scope, key.key, key.type)?.codes;
        assert(codes === undefined || rows.every((row) => codes[row] === 0), `a column unknown at open: ${key.key}`);
      }
    }
  }

  /** Closes the file and leaves what is in it to the caller to remove. */
  async abort(): Promise<void> {
    await this.file.close();
  }
}
