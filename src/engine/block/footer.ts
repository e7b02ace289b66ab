import { assert } from '../../base/assert.ts';
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { Disk } from '../disk.ts';
import { type FileMetadata, type SchemaColumn, decodeFileMetadata, physicalType } from '../parquet/metadata.ts';
import { type Chunk, chunkStart, physicalTypeOf } from '../parquet/read.ts';
import { ThriftError } from '../parquet/thrift.ts';
import { checksKey, decodeChecks, decodeChecksV0 } from '../parquet/checks.ts';
import { magic } from '../parquet/write.ts';
import type { ColumnKey } from '../row-set.ts';
import { eventLists, isEventKey } from './block-lists.ts';
import { columnKeyText } from './column-names.ts';
import { fixedSchema } from './fixed-chunks.ts';
import {
  type BlockMeta,
  type ListBloomPlace,
  type RowGroupInfo,
  blockKey,
  bloomsKey,
  columnsKey,
  decodeBlock,
  decodeColumns,
  decodeListBlooms,
  formatVersionKey,
  newestFormatVersion,
} from './format.ts';
import { type ListName, listLeaves } from './list-schema.ts';
import { uuidSchema } from './row-group-columns.ts';

/** A block's footer, decoded and checked against the block's meta. */
export interface Footer {
  readonly rowGroups: readonly RowGroupInfo[];
  /** Coded columns in file order. */
  readonly columnKeys: readonly ColumnKey[];
  /** Position in the schema by physical name of a fixed column, or by {@link columnKeyText} of a coded one. */
  readonly columnIndex: ReadonlyMap<string, number>;
  /** Positions of the leaves of each list of the file, in the order of its fields. */
  readonly lists: ReadonlyMap<ListName, readonly number[]>;
  /** Of keys folded into the list `attributes`, by {@link columnKeyText}: rows with a value by row group. */
  readonly folded: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly listBlooms: readonly ListBloomPlace[];
  /** By row group, then column. */
  readonly chunks: readonly (readonly Chunk[])[];
}

/** Errors: {@link CorruptionError}; `unsupported` for a newer format; the disk's. */
export async function readFooter(disk: Disk, meta: BlockMeta): Promise<Footer> {
  const { path, footerOffset, footerLength, footerCrc32c } = meta;
  if (meta.formatVersion > newestFormatVersion) {
    throw new CodedError(
      'unsupported',
      `${path}: block format ${meta.formatVersion}, this build reads up to ${newestFormatVersion}`
    );
  }
  const sizeBytes = await disk.sizeOf(path);
  if (sizeBytes !== meta.sizeBytes) {
    throw new CorruptionError(
      path,
      0,
      `a file of ${meta.sizeBytes} bytes`,
      sizeBytes === undefined ? 'none' : `${sizeBytes}`
    );
  }
  assert(footerOffset + footerLength + 8 === sizeBytes, `${path}: the footer's place is not at the end`);
  const [bytes] = await disk.readRanges(path, [{ offset: footerOffset, length: footerLength }]);
  const sum = crc32c(bytes);
  if (sum !== footerCrc32c) {
    throw new CorruptionError(path, footerOffset, `footer with crc32c ${footerCrc32c}`, `${sum}`);
  }
  try {
    return footerOf(meta, decodeFileMetadata(bytes));
  } catch (error) {
    if (error instanceof ThriftError) {
      throw new CorruptionError(path, footerOffset + error.offset, error.expected, error.found);
    }
    throw error;
  }
}

/** The sum stands outside the file, so what follows can fail only through a faulty writer; it is checked all the same. */
function footerOf({ path, footerOffset, formatVersion }: BlockMeta, metadata: FileMetadata): Footer {
  const { schema, keyValues } = metadata;
  const corrupt = (expected: string, found: string): CorruptionError =>
    new CorruptionError(path, footerOffset, expected, found);
  if (keyValues.get(formatVersionKey) !== String(formatVersion)) {
    throw corrupt(`${formatVersionKey} ${formatVersion}`, String(keyValues.get(formatVersionKey)));
  }
  const named = decodeColumns(path, footerOffset, keyValues.get(columnsKey));
  const { rowGroups } = decodeBlock(path, footerOffset, keyValues.get(blockKey));
  const chunkCount = metadata.rowGroups.reduce((sum, group) => sum + group.columns.length, 0);
  const checks = (formatVersion === 0 ? decodeChecksV0 : decodeChecks)(keyValues.get(checksKey), chunkCount);
  const shapeHolds =
    rowGroups.length === metadata.rowGroups.length &&
    metadata.rowGroups.every(
      (group, index) => group.columns.length === schema.length && group.numRows === rowGroups[index].rowCount
    );
  if (checks === undefined || !shapeHolds) {
    throw corrupt('checks and facts of every row group', 'others');
  }
  const byName = new Map(schema.map(({ name }, index) => [name, index]));
  const columnIndex = new Map(byName);
  const indexOf = (wanted: SchemaColumn): number => {
    const index = byName.get(wanted.name) ?? -1;
    const found = schema[index];
    if (
      found?.type !== wanted.type ||
      found.optional !== wanted.optional ||
      (wanted.typeLength !== undefined && found.typeLength !== wanted.typeLength)
    ) {
      throw corrupt(
        `column ${wanted.name} of type ${wanted.type}`,
        found === undefined ? 'none' : `type ${found.type}`
      );
    }
    return index;
  };
  Object.values(fixedSchema).forEach(indexOf);
  const lists = new Map<ListName, number[]>();
  const folded = new Map<string, ReadonlyMap<number, number>>();
  const openList = (name: ListName): void => {
    if (!lists.has(name)) {
      lists.set(
        name,
        listLeaves(name, () => true).map((leaf) => indexOf(leaf))
      );
    }
  };
  for (const column of named) {
    if (column.folded !== undefined) {
      openList('attributes');
      folded.set(columnKeyText(column.key), column.folded);
    } else if (formatVersion > 0 && isEventKey(column.key)) {
      eventLists[column.key.key as 'events' | 'links'].forEach(openList);
    } else {
      const { key, name } = column;
      const isUuid = key.type === 'string' && schema[byName.get(name) ?? -1]?.type === physicalType.fixedLenByteArray;
      const wanted = isUuid ? uuidSchema(name) : { name, type: physicalTypeOf(key.type), optional: true };
      columnIndex.set(columnKeyText(key), indexOf(wanted));
    }
  }
  const listBlooms = formatVersion === 0 ? [] : decodeListBlooms(path, footerOffset, keyValues.get(bloomsKey));
  const chunks = metadata.rowGroups.map((group, groupIndex) =>
    group.columns.map((chunk, index) => {
      const start = chunkStart(chunk);
      const bloomEnd = (chunk.bloomFilterOffset ?? 0) + (chunk.bloomFilterLength ?? 0);
      const placed =
        start >= magic.length &&
        chunk.dataPageOffset >= start &&
        chunk.totalCompressedSize >= chunk.dataPageOffset - start &&
        start + chunk.totalCompressedSize <= footerOffset &&
        (chunk.bloomFilterLength ?? 0) >= 0 &&
        (chunk.bloomFilterOffset ?? 0) >= 0 &&
        bloomEnd <= footerOffset;
      if (!placed) {
        throw corrupt(`column ${schema[index].name} inside the file`, `offset ${start}`);
      }
      return {
        file: path,
        column: schema[index],
        rowCount: group.numRows,
        metadata: chunk,
        checks: checks[groupIndex * schema.length + index],
      };
    })
  );
  return { rowGroups, columnKeys: named.map(({ key }) => key), columnIndex, lists, folded, listBlooms, chunks };
}

/** A decoded footer takes about so many times its encoded size (objects of about 700 bytes for 100 bytes a chunk). */
const decodedFactor = 7;

/** Footers by path, least recently used out first, so that many blocks do not mean much memory. */
export class FooterCache {
  private readonly bytesMax: number;
  private bytes = 0;
  private readonly footers = new Map<string, { footer: Promise<Footer>; bytes: number }>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Estimated memory of what is held. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /** The footer of the block, read when it is not there. A failed read is not remembered. */
  footer(disk: Disk, meta: BlockMeta): Promise<Footer> {
    const known = this.footers.get(meta.path);
    if (known !== undefined) {
      this.footers.delete(meta.path);
      this.footers.set(meta.path, known);
      return known.footer;
    }
    const entry = { footer: readFooter(disk, meta), bytes: meta.footerLength * decodedFactor };
    this.footers.set(meta.path, entry);
    this.bytes += entry.bytes;
    entry.footer.catch(() => this.forget(meta.path));
    for (const path of this.footers.keys()) {
      if (this.bytes <= this.bytesMax || path === meta.path) {
        break;
      }
      this.forget(path);
    }
    return entry.footer;
  }

  /** For blocks that have been removed. */
  forget(path: string): void {
    const entry = this.footers.get(path);
    if (entry !== undefined) {
      this.footers.delete(path);
      this.bytes -= entry.bytes;
    }
  }
}
