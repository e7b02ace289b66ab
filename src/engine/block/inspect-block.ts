import type { Disk } from '../disk.ts';
import { compressionCodec, encoding, physicalType } from '../parquet/metadata.ts';
import type { Chunk } from '../parquet/read.ts';
import type { ColumnKey } from '../row-set.ts';
import { columnKeyText } from './column-names.ts';
import { readFooter } from './footer.ts';
import type { BlockMeta, RowGroupInfo } from './format.ts';
import { readBlockMeta } from './read-meta.ts';

/** One column of a block over all its row groups. Sizes in bytes. */
export interface InspectedColumn {
  /** Name in the file. */
  readonly name: string;
  /** What it holds; `undefined` for the fixed columns of the schema. */
  readonly key: ColumnKey | undefined;
  readonly physicalType: string;
  readonly isText: boolean;
  /** Parquet's names, of any row group. */
  readonly encodings: readonly string[];
  readonly codecs: readonly string[];
  /** Rows with a value. */
  readonly valueCount: number;
  /** Most distinct values in a row group, where its chunk has a dictionary. */
  readonly distinctMax: number | undefined;
  readonly pageCount: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly bloomBytes: number;
}

/** What a block is made of: plain data, from its footer alone. */
export interface InspectedBlock {
  readonly meta: BlockMeta;
  readonly rowGroups: readonly RowGroupInfo[];
  /** Most bytes (with blooms) first. */
  readonly columns: readonly InspectedColumn[];
}

/** Reads the footer of the block at `path`. Errors: `corrupt`, `not_found`, `unsupported` for a newer format; the disk's. */
export async function inspectBlock(disk: Disk, path: string): Promise<InspectedBlock> {
  const meta = await readBlockMeta(disk, path);
  const footer = await readFooter(disk, meta);
  const keyOfColumn = new Map(footer.columnKeys.map((key) => [footer.columnIndex.get(columnKeyText(key)), key]));
  const columns = footer.chunks[0].map((_, index) =>
    inspectColumn(
      footer.chunks.map((group) => group[index]),
      keyOfColumn.get(index)
    )
  );
  return {
    meta,
    rowGroups: footer.rowGroups,
    columns: columns.sort((a, b) => b.compressedBytes + b.bloomBytes - a.compressedBytes - a.bloomBytes),
  };
}

function inspectColumn(chunks: readonly Chunk[], key: ColumnKey | undefined): InspectedColumn {
  const { column } = chunks[0];
  const sum = (of: (chunk: Chunk) => number): number => chunks.reduce((total, chunk) => total + of(chunk), 0);
  const distinct = chunks
    .map(({ metadata }) => metadata.statistics.distinctCount)
    .filter((count) => count !== undefined);
  return {
    name: column.name,
    key,
    physicalType: nameOf(physicalType, column.type),
    isText: column.annotation === 'string',
    encodings: distinctNames(
      encoding,
      chunks.flatMap(({ metadata }) => metadata.encodings)
    ),
    codecs: distinctNames(
      compressionCodec,
      chunks.map(({ metadata }) => metadata.codec)
    ),
    valueCount: sum(({ rowCount, metadata }) => rowCount - metadata.statistics.nullCount),
    distinctMax: distinct.length === 0 ? undefined : Math.max(...distinct),
    pageCount: sum(
      ({ checks, metadata }) => checks.pages.length + (metadata.dictionaryPageOffset === undefined ? 0 : 1)
    ),
    compressedBytes: sum(({ metadata }) => metadata.totalCompressedSize),
    uncompressedBytes: sum(({ metadata }) => metadata.totalUncompressedSize),
    bloomBytes: sum(({ metadata }) => metadata.bloomFilterLength ?? 0),
  };
}

function distinctNames(names: Readonly<Record<string, number>>, codes: readonly number[]): string[] {
  return [...new Set(codes)].map((code) => nameOf(names, code));
}

/** `rleDictionary` is RLE_DICTIONARY in the format. */
function nameOf(names: Readonly<Record<string, number>>, code: number): string {
  const name = Object.keys(names).find((candidate) => names[candidate] === code);
  return name === undefined ? String(code) : name.replace(/([A-Z])/g, '_$1').toUpperCase();
}
