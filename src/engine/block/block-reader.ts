import { assert } from '../../base/assert.ts';
import { compareBytes, equalBytes, utf8FromText } from '../../base/bytes.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import type { Codecs } from '../../base/codecs.ts';
import { crc32c } from '../../base/crc32c.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { ByteRange, Disk } from '../disk.ts';
import { bloomMayContain } from '../parquet/bloom.ts';
import { ChunkReader } from '../parquet/chunk-reader.ts';
import { ListFieldReader } from '../parquet/list-field-reader.ts';
import { physicalType } from '../parquet/metadata.ts';
import { planPages } from '../parquet/page-plan.ts';
import { type Chunk, type ChunkBytes, chunkStart, readBloom } from '../parquet/read.ts';
import { uuidFromText } from '../parquet/uuid.ts';
import type { ColumnKey, ColumnType, RowSet, ValueDictionary } from '../row-set.ts';
import { type AttributeOwner, bloomMayHaveAttribute } from './attribute-bloom.ts';
import type { BlockCache } from './block-cache.ts';
import { eventLists, isEventKey } from './block-lists.ts';
import { BlockRowSet } from './block-row-set.ts';
import { BlockSelection } from './block-selection.ts';
import type { ColumnUse } from './block-writer.ts';
import { columnKeyText } from './column-names.ts';
import { fixedSchema } from './fixed-chunks.ts';
import { type Footer, readFooter } from './footer.ts';
import type { BlockMeta, RowGroupInfo } from './format.ts';
import { ListReader } from './list-reader.ts';
import { type ListName, attributeFields, listSchemas } from './list-schema.ts';
import type { RowGroupChunks } from './row-group-chunks.ts';
import type { RowRange } from './row-groups.ts';
import { type TraceTable, findTraceId, readTraceTable } from './trace-table.ts';

/** What tells that a value is in no row of a row group. */
export type Exclusion = 'no column' | 'statistics' | 'bloom filter' | 'dictionary';

/** A value to look for: UTF-8 or raw bytes, or an integer. */
export type SoughtValue = Uint8Array | bigint;

/**
 * Opens a block: reads its footer (through the cache, where one is given, as everything after it) and checks it against the meta.
 * Errors: `corrupt` (also when the file is missing or has another size), `unsupported` for a newer format, the disk's.
 */
export async function openBlock(disk: Disk, meta: BlockMeta, codecs: Codecs, cache?: BlockCache): Promise<BlockReader> {
  const footer = await (cache === undefined ? readFooter(disk, meta) : cache.footers.footer(disk, meta));
  return new BlockReader(disk, meta, codecs, footer, cache);
}

/**
 * One block of one query. Every method does at most one batched read and then decodes; all of them throw `corrupt` when what they read is
 * damaged. Holds no file open and nothing but the footer.
 */
export class BlockReader {
  readonly meta: BlockMeta;
  /** Ascending and disjoint in trace ids. */
  readonly rowGroups: readonly RowGroupInfo[];
  /** All coded columns of the block. */
  readonly columnKeys: readonly ColumnKey[];
  private readonly disk: Disk;
  private readonly codecs: Codecs;
  private readonly footer: Footer;
  private readonly cache: BlockCache | undefined;
  private bytesRead = 0;

  constructor(disk: Disk, meta: BlockMeta, codecs: Codecs, footer: Footer, cache: BlockCache | undefined) {
    this.disk = disk;
    this.meta = meta;
    this.codecs = codecs;
    this.footer = footer;
    this.cache = cache;
    this.rowGroups = footer.rowGroups;
    this.columnKeys = footer.columnKeys;
  }

  /** Bytes that this reader has taken from the disk, beside the footer. */
  get readBytes(): number {
    return this.bytesRead;
  }

  /** All coded columns and in how many rows they have a value, for a block to be made of this one. */
  columnUses(): ColumnUse[] {
    return this.columnKeys.map((key) => {
      const rowCount = this.rowGroups.reduce((sum, _, rowGroup) => sum + this.valueCount(rowGroup, key), 0);
      const chunk = this.chunkOf(0, key);
      return { key, rowCount, isUuid: chunk !== undefined && isUuidChunk(chunk) };
    });
  }

  /** Whether some row of the row group has a value. */
  hasColumn(rowGroup: number, key: ColumnKey): boolean {
    return this.valueCount(rowGroup, key) > 0;
  }

  /** Rows with a value; of events and links, how many of them there are. */
  private valueCount(rowGroup: number, key: ColumnKey): number {
    const folded = this.footer.folded.get(columnKeyText(key));
    if (folded !== undefined) {
      return folded.get(rowGroup) ?? 0;
    }
    const chunk = this.isListed(key) ? this.listChunks(rowGroup, key.key as ListName)[0] : this.chunkOf(rowGroup, key);
    if (chunk === undefined) {
      return 0;
    }
    const { numValues, statistics } = chunk.metadata;
    return numValues - statistics.nullCount;
  }

  /** Whether a key stands in lists of its own: events and links, from format 1 on. */
  private isListed(key: ColumnKey): boolean {
    return isEventKey(key) && this.footer.lists.has(key.key as ListName);
  }

  private listChunks(rowGroup: number, list: ListName): Chunk[] {
    return (this.footer.lists.get(list) ?? []).map((index) => this.footer.chunks[rowGroup][index]);
  }

  /**
   * The row group with the coded columns `want`; others are `undefined` in its `column()`, though named in its `columnKeys`. All columns
   * but the trace ids are checked and decoded on first use, and throw `corrupt` then.
   */
  async readRowGroup(rowGroup: number, want: 'all' | readonly ColumnKey[]): Promise<RowSet> {
    return new BlockRowSet(await this.load(rowGroup, want));
  }

  /**
   * One trace of a row group, all of its rows: of each column only the pages that hold them are read. Rows count from the trace's first.
   */
  async readTrace(rowGroup: number, ordinal: number, want: 'all' | readonly ColumnKey[]): Promise<RowSet> {
    const { rowStarts } = await this.readTraces(this.fixedChunk(rowGroup, fixedSchema.traceId.name));
    const rows = { start: rowStarts[ordinal], end: rowStarts[ordinal + 1] };
    const chunks = await this.load(rowGroup, want, rows);
    return new BlockSelection(
      chunks,
      Uint32Array.from({ length: rows.end - rows.start }, (_, i) => rows.start + i)
    );
  }

  /** Reads what `want` needs of a row group, or of some of its rows, in one call. */
  private async load(rowGroup: number, want: 'all' | readonly ColumnKey[], rows?: RowRange): Promise<RowGroupChunks> {
    const present = this.columnKeys.filter((key) => this.hasColumn(rowGroup, key));
    const wanted = want === 'all' ? present : uniqueKeys(want).filter((key) => this.hasColumn(rowGroup, key));
    const folded = wanted.filter((key) => this.footer.folded.has(columnKeyText(key)));
    const kinds = wanted.filter((key) => this.isListed(key)).map(({ key }) => key as 'events' | 'links');
    const lists: ListName[] = [
      ...kinds.flatMap((kind) => eventLists[kind]),
      ...(folded.length > 0 ? (['attributes'] as const) : []),
    ];
    const traceId = this.fixedChunk(rowGroup, fixedSchema.traceId.name);
    const fixed = [
      fixedSchema.spanId,
      fixedSchema.parentSpanId,
      fixedSchema.parentIndex,
      fixedSchema.start,
      fixedSchema.duration,
      fixedSchema.kind,
      fixedSchema.statusCode,
    ].map(({ name }) => this.fixedChunk(rowGroup, name));
    const coded = wanted.filter((key) => this.chunkOf(rowGroup, key) !== undefined);
    const codedChunks = coded.map((key) => this.chunkOf(rowGroup, key) as Chunk);
    const listChunks = lists.map((list) => this.listChunks(rowGroup, list));
    const knownTraces = this.cache?.traces.get(this.keyOf(traceId));
    // A trace with all its columns is one of many: what it reads would drive out what searches read again and again.
    const chunks = [...(knownTraces === undefined ? [traceId] : []), ...fixed, ...codedChunks, ...listChunks.flat()];
    const dictionaries = codedChunks.map((chunk) => this.cache?.dictionaries.get(this.keyOf(chunk)));
    const withDictionary = new Set(codedChunks.filter((_, index) => dictionaries[index] !== undefined));
    const bytes = await (rows === undefined
      ? this.readChunks(chunks, want !== 'all')
      : this.readPages(chunks, rows, withDictionary));
    const bytesOf = new Map(chunks.map((chunk, index) => [chunk, bytes[index]]));
    const bytesAt = (chunk: Chunk): ChunkBytes => bytesOf.get(chunk) as ChunkBytes;
    const [spanId, parentSpanId, parentIndex, start, duration, kind, statusCode] = fixed.map((chunk) =>
      this.chunkReader(chunk, 'raw', bytesAt(chunk))
    );
    const readers = new Map(
      lists.map((list, index) => [list, this.listReader(list, listChunks[index], listChunks[index].map(bytesAt))])
    );
    const readerOf = (list: ListName): ListReader => readers.get(list) as ListReader;
    return {
      traces: knownTraces ?? this.traceTable(traceId, bytesAt(traceId)),
      fixed: { spanId, parentSpanId, parentIndex, start, duration, kind, statusCode },
      columnKeys: present,
      coded: new Map(
        coded.map((key, index) => {
          const chunk = codedChunks[index];
          return [columnKeyText(key), this.chunkReader(chunk, key.type, bytesAt(chunk), dictionaries[index])];
        })
      ),
      events: kinds.map((name) => {
        const [owners, attributes] = eventLists[name];
        return { kind: name, owners: readerOf(owners), attributes: readerOf(attributes) };
      }),
      folded:
        folded.length === 0
          ? undefined
          : { list: readerOf('attributes'), wanted: new Set(folded.map((key) => columnKeyText(key))) },
    };
  }

  private listReader(list: ListName, chunks: readonly Chunk[], bytes: readonly ChunkBytes[]): ListReader {
    const fields = chunks.map(
      (chunk, index) =>
        new ListFieldReader(chunk, listSchemas[list][index].type, bytes[index], this.codecs, this.cache?.pages)
    );
    return new ListReader(this.meta.path, fields);
  }

  /** 16 bytes per trace of the row group, ascending, for indexes over many row groups. */
  async readTraceIds(rowGroup: number): Promise<Uint8Array> {
    const chunk = this.fixedChunk(rowGroup, fixedSchema.traceId.name);
    const known = this.cache?.traces.get(this.keyOf(chunk));
    if (known !== undefined) {
      return known.traceIds;
    }
    const [bytes] = await this.read([rangeOfDictionary(chunk)]);
    return this.chunkReader(chunk, 'raw', bytes).fixedEntries();
  }

  /** Where fragments of a trace lie; at most one place, because a trace is never cut by a row group. */
  async findTrace(traceId: Uint8Array): Promise<{ rowGroup: number; ordinal: number }[]> {
    const hex = hexFromBytes(traceId);
    const rowGroup = this.rowGroups.findIndex(({ minTraceId, maxTraceId }) => minTraceId <= hex && hex <= maxTraceId);
    if (rowGroup < 0) {
      return [];
    }
    const chunk = this.fixedChunk(rowGroup, fixedSchema.traceId.name);
    if (!(await this.bloomMayContain(chunk, traceId))) {
      return [];
    }
    const { traceIds } = await this.readTraces(chunk);
    const ordinal = findTraceId(traceIds, traceId);
    return ordinal < 0 ? [] : [{ rowGroup, ordinal }];
  }

  /** The distinct values of the row group's rows, and no other; `undefined` when no row has one. Entries are in no order. */
  async readDictionary(rowGroup: number, key: ColumnKey): Promise<ValueDictionary | undefined> {
    if (!this.hasColumn(rowGroup, key)) {
      return undefined;
    }
    const chunk = this.chunkOf(rowGroup, key);
    if (chunk === undefined) {
      const rowSet = new BlockRowSet(await this.load(rowGroup, [key]));
      return rowSet.column(key.scope, key.key, key.type)?.dictionary;
    }
    const cacheKey = this.keyOf(chunk);
    const known = this.cache?.dictionaries.get(cacheKey);
    if (known !== undefined) {
      return known;
    }
    const chunkBytes = this.cache?.chunks.get(cacheKey);
    const [bytes] = chunkBytes === undefined ? await this.read([rangeOfDictionary(chunk)]) : [chunkBytes];
    const dictionary = this.chunkReader(chunk, key.type, bytes).dictionary();
    if (chunk.metadata.dictionaryPageOffset === undefined) {
      this.cache?.dictionaries.set(cacheKey, dictionary, dictionaryBytes(dictionary));
    }
    return dictionary;
  }

  /**
   * Keys of the attributes of a row group's events (or links), from the dictionary of that one field; `undefined` in format 0, of which
   * nothing is known before the events are read.
   */
  async readEventAttributeKeys(rowGroup: number, kind: 'events' | 'links'): Promise<readonly string[] | undefined> {
    const [owners, attributes] = eventLists[kind];
    if (!this.footer.lists.has(owners)) {
      return this.meta.formatVersion === 0 ? undefined : [];
    }
    const chunk = this.listChunks(rowGroup, attributes)[attributeFields.key];
    if (chunk.metadata.numValues - chunk.metadata.statistics.nullCount <= 0) {
      return [];
    }
    const [bytes] = await this.read([rangeOfDictionary(chunk)]);
    const field = new ListFieldReader(chunk, 'string', bytes, this.codecs, this.cache?.pages);
    const known = field.dictionary();
    const dictionaries =
      known === undefined
        ? Array.from({ length: field.rowStarts.length - 1 }, (_, page) => field.page(page).dictionary)
        : [known];
    return dictionaries.flatMap((dictionary) =>
      Array.from({ length: dictionary.size }, (_, i) => dictionary.textAt(i))
    );
  }

  /**
   * Whether some row of the row group may have this value in this column. Exact where the column has few distinct values (their
   * dictionary is read); else by minimum, maximum and bloom filter. Columns of type `double` and `bool` are not asked for values.
   */
  async mayContain(rowGroup: number, key: ColumnKey, value: SoughtValue): Promise<boolean> {
    return (await this.exclusionOf(rowGroup, key, value)) === undefined;
  }

  /** As {@link mayContain}, and what says that no row has the value; `undefined` when some row may. */
  async exclusionOf(rowGroup: number, key: ColumnKey, value: SoughtValue): Promise<Exclusion | undefined> {
    if (!this.hasColumn(rowGroup, key)) {
      return 'no column';
    }
    if (key.type === 'double' || key.type === 'bool' || this.isListed(key)) {
      return undefined;
    }
    assert(
      (typeof value === 'bigint') === (key.type === 'int'),
      `a ${typeof value} sought in a column of type ${key.type}`
    );
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
      return 'statistics';
    }
    const plain = typeof value === 'bigint' ? int64Bytes(value) : value;
    const chunk = this.chunkOf(rowGroup, key);
    if (chunk === undefined) {
      const sought = { type: key.type, value: plain };
      const owner = key.scope as AttributeOwner;
      return (await this.mayHaveAttribute(rowGroup, 'attributes', owner, key.key, sought)) ? undefined : 'bloom filter';
    }
    const stored = isUuidChunk(chunk) ? uuidFromText(plain) : plain;
    if (stored === undefined || outside(chunk, stored, value)) {
      return 'statistics';
    }
    if (chunk.metadata.bloomFilterOffset !== undefined) {
      return (await this.bloomMayContain(chunk, stored)) ? undefined : 'bloom filter';
    }
    const dictionary = await this.readDictionary(rowGroup, key);
    return dictionary !== undefined && hasEntry(dictionary, plain) ? undefined : 'dictionary';
  }

  /**
   * Whether some event (or link) of the row group may have an attribute, with this value where one is given. Values: UTF-8 of a string, or
   * an int. Costs one bloom filter of some kilobytes.
   */
  async mayHaveEventAttribute(
    rowGroup: number,
    kind: 'events' | 'links',
    key: string,
    value?: SoughtValue
  ): Promise<boolean> {
    const [owners, attributes] = eventLists[kind];
    if (!this.footer.lists.has(owners)) {
      return this.meta.formatVersion === 0; // of which nothing is known before the events are read
    }
    const sought =
      value === undefined
        ? undefined
        : typeof value === 'bigint'
          ? { type: 'int' as const, value: int64Bytes(value) }
          : { type: 'string' as const, value };
    return this.mayHaveAttribute(rowGroup, attributes, kind === 'events' ? 'event' : 'link', key, sought);
  }

  private async mayHaveAttribute(
    rowGroup: number,
    list: ListName,
    owner: AttributeOwner,
    key: string,
    sought: { readonly type: ColumnType; readonly value: Uint8Array } | undefined
  ): Promise<boolean> {
    const place = this.footer.listBlooms.find((bloom) => bloom.rowGroup === rowGroup && bloom.list === list);
    if (place === undefined) {
      return false; // a list without attributes has no filter
    }
    const { offset, length, crc32c: expected } = place;
    const cacheKey = `${this.meta.path} ${offset}`;
    let bitset = this.cache?.blooms.get(cacheKey);
    if (bitset === undefined) {
      const [bytes] = await this.read([{ offset, length }]);
      const sum = crc32c(bytes);
      if (sum !== expected || length === 0 || length % 32 !== 0) {
        throw new CorruptionError(this.meta.path, offset, `bloom filter with crc32c ${expected}`, `${sum}`);
      }
      bitset = bytes;
      this.cache?.blooms.set(cacheKey, ownCopy(bytes), length);
    }
    return bloomMayHaveAttribute(bitset, owner, utf8FromText(key), sought, list === 'attributes');
  }

  private async bloomMayContain(chunk: Chunk, plain: Uint8Array): Promise<boolean> {
    const { bloomFilterOffset, bloomFilterLength } = chunk.metadata;
    if (bloomFilterOffset === undefined || bloomFilterLength === undefined) {
      return true;
    }
    const cacheKey = this.keyOf(chunk);
    let bitset = this.cache?.blooms.get(cacheKey);
    if (bitset === undefined) {
      const [bytes] = await this.read([{ offset: bloomFilterOffset, length: bloomFilterLength }]);
      bitset = readBloom(chunk, bytes);
      this.cache?.blooms.set(cacheKey, ownCopy(bitset), bitset.length);
    }
    return bloomMayContain(bitset, plain);
  }

  /** The traces of a row group, from the chunk of their ids. */
  private async readTraces(chunk: Chunk): Promise<TraceTable> {
    const known = this.cache?.traces.get(this.keyOf(chunk));
    if (known !== undefined) {
      return known;
    }
    const [bytes] = await this.readChunks([chunk], false);
    return this.traceTable(chunk, bytes);
  }

  private traceTable(chunk: Chunk, bytes: ChunkBytes): TraceTable {
    const table = readTraceTable(chunk, this.chunkReader(chunk, 'raw', bytes));
    this.cache?.traces.set(this.keyOf(chunk), table, table.traceIds.length + table.rowStarts.byteLength);
    return table;
  }

  /** Whole chunks, in order; from the disk in one call those that are not in the cache. */
  private async readChunks(chunks: readonly Chunk[], keep: boolean): Promise<Uint8Array[]> {
    const found = chunks.map((chunk) => this.cache?.chunks.get(this.keyOf(chunk)));
    const missing = chunks.filter((_, index) => found[index] === undefined);
    const bytes = missing.length === 0 ? [] : await this.read(missing.map(rangeOfChunk));
    let next = 0;
    return chunks.map((chunk, index) => {
      const known = found[index];
      if (known !== undefined) {
        return known;
      }
      const read = bytes[next++];
      if (!keep || this.cache === undefined) {
        return read;
      }
      const own = ownCopy(read);
      this.cache.chunks.set(this.keyOf(chunk), own, own.length);
      return own;
    });
  }

  /**
   * Of each chunk the data pages that hold `rows` and, unless it is one of `known`, the dictionary page; whole chunks from the cache, or
   * where that is simpler.
   */
  private async readPages(chunks: readonly Chunk[], rows: RowRange, known: ReadonlySet<Chunk>): Promise<ChunkBytes[]> {
    const plans = chunks.map((chunk) => {
      const kept = this.cache?.chunks.get(this.keyOf(chunk));
      return kept ?? planPages(chunk, rows, !known.has(chunk)) ?? rangeOfChunk(chunk);
    });
    const ranges = plans.flatMap((plan) =>
      plan instanceof Uint8Array ? [] : 'pages' in plan ? plan.pages.map(({ range }) => range) : [plan]
    );
    const bytes = ranges.length === 0 ? [] : await this.read(ranges);
    let next = 0;
    return plans.map((plan) => {
      if (plan instanceof Uint8Array) {
        return plan;
      }
      return 'pages' in plan ? new Map(plan.pages.map(({ page }) => [page, bytes[next++]])) : bytes[next++];
    });
  }

  private chunkReader(chunk: Chunk, type: ColumnType, bytes: ChunkBytes, dictionary?: ValueDictionary): ChunkReader {
    const { cache } = this;
    return new ChunkReader(chunk, type, bytes, this.codecs, {
      dictionary,
      pages: cache?.pages,
      keepDictionary: (decoded) => cache?.dictionaries.set(this.keyOf(chunk), decoded, dictionaryBytes(decoded)),
    });
  }

  private read(ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    this.bytesRead += ranges.reduce((sum, { length }) => sum + length, 0);
    return this.disk.readRanges(this.meta.path, ranges);
  }

  private keyOf({ metadata }: Chunk): string {
    return `${this.meta.path} ${chunkStart(metadata)}`;
  }

  private chunkOf(rowGroup: number, key: ColumnKey): Chunk | undefined {
    const index = this.footer.columnIndex.get(columnKeyText(key));
    return index === undefined ? undefined : this.footer.chunks[rowGroup][index];
  }

  private fixedChunk(rowGroup: number, name: string): Chunk {
    const index = this.footer.columnIndex.get(name);
    assert(index !== undefined, `no column ${name}`); // checked when the footer was read
    return this.footer.chunks[rowGroup][index];
  }
}

/** A read of neighbours answers parts of one buffer, which would be kept whole. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** Memory of a dictionary and of what keeps it. */
function dictionaryBytes({ memoryBytes, size }: ValueDictionary): number {
  return (memoryBytes ?? size) + 400;
}

function uniqueKeys(keys: readonly ColumnKey[]): ColumnKey[] {
  return [...new Map(keys.map((key) => [columnKeyText(key), key])).values()];
}

function rangeOfChunk({ metadata }: Chunk): ByteRange {
  return { offset: chunkStart(metadata), length: metadata.totalCompressedSize };
}

/** The dictionary page, or the whole chunk where the values themselves are the dictionary. */
function rangeOfDictionary(chunk: Chunk): ByteRange {
  const { dictionaryPageOffset, dataPageOffset } = chunk.metadata;
  return dictionaryPageOffset === undefined
    ? rangeOfChunk(chunk)
    : { offset: dictionaryPageOffset, length: dataPageOffset - dictionaryPageOffset };
}

/** Whether a coded column holds its texts as sixteen bytes. */
function isUuidChunk({ column }: Chunk): boolean {
  return column.type === physicalType.fixedLenByteArray;
}

/** Whether minimum and maximum exclude the value. */
function outside({ metadata }: Chunk, plain: Uint8Array, value: SoughtValue): boolean {
  const { minValue, maxValue } = metadata.statistics;
  const below = (a: Uint8Array, b: Uint8Array): boolean =>
    typeof value === 'bigint' ? int64At(a) < int64At(b) : compareBytes(a, b) < 0;
  return (minValue !== undefined && below(plain, minValue)) || (maxValue !== undefined && below(maxValue, plain));
}

function hasEntry(dictionary: ValueDictionary, plain: Uint8Array): boolean {
  for (let entry = 0; entry < dictionary.size; entry++) {
    if (equalBytes(dictionary.bytesAt(entry), plain)) {
      return true;
    }
  }
  return false;
}

function int64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

function int64At(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0, true);
}
