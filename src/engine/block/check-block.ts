import { compareBytes } from '../../base/bytes.ts';
import type { Codecs } from '../../base/codecs.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { Disk } from '../disk.ts';
import { bloomMayContain } from '../parquet/bloom.ts';
import { ChunkReader } from '../parquet/chunk-reader.ts';
import { ListFieldReader } from '../parquet/list-field-reader.ts';
import { physicalType } from '../parquet/metadata.ts';
import { type Chunk, chunkStart, readBloom } from '../parquet/read.ts';
import { uuidFromText } from '../parquet/uuid.ts';
import type { ColumnType } from '../row-set.ts';
import { columnKeyText } from './column-names.ts';
import { fixedSchema, summarize } from './fixed-chunks.ts';
import { type Footer, readFooter } from './footer.ts';
import type { BlockMeta, RowGroupInfo } from './format.ts';
import { ListReader } from './list-reader.ts';
import { type ListName, listSchemas } from './list-schema.ts';
import { findParents, parentIdsOf } from './parents.ts';
import { asWords, asWords32 } from './row-group-chunks.ts';
import { readTraceTable } from './trace-table.ts';

/** What `checkBlock` found. A block without errors is as it was written, and what was written is consistent. */
export interface BlockCheck {
  readonly errors: readonly CorruptionError[];
  /** Bytes read and compared with their sums. */
  readonly checkedBytes: number;
}

/**
 * Reads a whole block: every checksum, every code, the order of rows, parents, trace summaries, blooms and the counts of the footer.
 * What is damaged is reported and the rest checked all the same. Memory: one row group.
 * Errors: `unsupported` for a newer format; the disk's.
 */
export async function checkBlock(disk: Disk, meta: BlockMeta, codecs: Codecs): Promise<BlockCheck> {
  const check = new Checks(disk, meta, codecs);
  const footer = await check.collecting(() => readFooter(disk, meta));
  if (footer !== undefined) {
    for (let rowGroup = 0; rowGroup < footer.rowGroups.length; rowGroup++) {
      await check.rowGroup(footer, rowGroup);
    }
    check.totals(footer.rowGroups);
  }
  return check;
}

/** Errors of one block, as they are found. */
class Checks implements BlockCheck {
  readonly errors: CorruptionError[] = [];
  checkedBytes = 0;
  private readonly disk: Disk;
  private readonly meta: BlockMeta;
  private readonly codecs: Codecs;

  constructor(disk: Disk, meta: BlockMeta, codecs: Codecs) {
    this.disk = disk;
    this.meta = meta;
    this.codecs = codecs;
  }

  /** Runs a part of the check; `undefined` when it found damage, which is kept. */
  async collecting<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CorruptionError) {
        this.errors.push(error);
        return undefined;
      }
      throw error;
    }
  }

  totals(rowGroups: readonly RowGroupInfo[]): void {
    const sum = (of: (group: RowGroupInfo) => number): number =>
      rowGroups.reduce((total, group) => total + of(group), 0);
    const spans = sum(({ rowCount }) => rowCount);
    const traces = sum(({ traceCount }) => traceCount);
    if (spans !== this.meta.spans || traces !== this.meta.traces) {
      this.report(
        this.meta.footerOffset,
        `${this.meta.spans} spans of ${this.meta.traces} traces`,
        `${spans} of ${traces}`
      );
    }
    for (let i = 1; i < rowGroups.length; i++) {
      if (rowGroups[i - 1].maxTraceId >= rowGroups[i].minTraceId) {
        this.report(
          this.meta.footerOffset,
          `row group ${i} above trace ${rowGroups[i - 1].maxTraceId}`,
          rowGroups[i].minTraceId
        );
      }
    }
  }

  async rowGroup(footer: Footer, rowGroup: number): Promise<void> {
    const typeOfColumn = new Map<number | undefined, ColumnType>(
      footer.columnKeys.map((key) => [footer.columnIndex.get(columnKeyText(key)), key.type])
    );
    const readers = new Map<string, ChunkReader>();
    for (const [index, chunk] of footer.chunks[rowGroup].entries()) {
      const reader = await this.chunk(chunk, typeOfColumn.get(index));
      if (reader !== undefined) {
        readers.set(chunk.column.name, reader);
      }
    }
    await this.collecting(() => {
      this.rows(footer, rowGroup, readers);
    });
    for (const [list, indexes] of footer.lists) {
      await this.collecting(() =>
        this.list(
          list,
          indexes.map((index) => footer.chunks[rowGroup][index])
        )
      );
    }
    for (const place of footer.listBlooms.filter((bloom) => bloom.rowGroup === rowGroup)) {
      await this.collecting(async () => {
        const [bytes] = await this.read(place.offset, place.length);
        const sum = crc32c(bytes);
        if (sum !== place.crc32c) {
          this.report(place.offset, `bloom filter with crc32c ${place.crc32c}`, `${sum}`);
        }
      });
    }
  }

  private async list(name: ListName, chunks: readonly Chunk[]): Promise<void> {
    const fields: ListFieldReader[] = [];
    for (const [index, chunk] of chunks.entries()) {
      const [bytes] = await this.read(chunkStart(chunk.metadata), chunk.metadata.totalCompressedSize);
      fields.push(new ListFieldReader(chunk, listSchemas[name][index].type, bytes, this.codecs));
      fields[index].dictionary();
    }
    const reader = new ListReader(this.meta.path, fields);
    for (let page = 0; page < reader.pageCount; page++) {
      void reader.page(page).fields;
    }
  }

  /** Decodes everything of a chunk; `undefined` when it is damaged. */
  private chunk(chunk: Chunk, type: ColumnType | undefined): Promise<ChunkReader | undefined> {
    return this.collecting(async () => {
      const { metadata, column } = chunk;
      if (column.list !== undefined) {
        return undefined; // read with the other fields of the list
      }
      const [bytes] = await this.read(chunkStart(metadata), metadata.totalCompressedSize);
      // Of the fixed columns the names of root spans are texts.
      const codedType = type ?? (column.annotation === 'string' ? 'string' : undefined);
      const reader = new ChunkReader(chunk, codedType ?? 'raw', bytes, this.codecs);
      if (codedType === undefined) {
        reader.fixedValues();
      } else {
        reader.all();
      }
      const { bloomFilterOffset, bloomFilterLength } = metadata;
      if (bloomFilterOffset !== undefined && bloomFilterLength !== undefined) {
        const [stored] = await this.read(bloomFilterOffset, bloomFilterLength);
        this.bloom(chunk, readBloom(chunk, stored), reader, codedType);
      }
      return reader;
    });
  }

  /** A bloom filter that misses a value would hide it. */
  private bloom(chunk: Chunk, bitset: Uint8Array, reader: ChunkReader, type: ColumnType | undefined): void {
    const entries = type === undefined ? reader.fixedEntries() : undefined;
    const dictionary = entries === undefined ? reader.dictionary() : undefined;
    const count = entries === undefined ? (dictionary?.size ?? 0) : entries.length / 16;
    for (let entry = 0; entry < count; entry++) {
      const text = dictionary?.bytesAt(entry);
      const isUuid = text !== undefined && type === 'string' && chunk.column.type === physicalType.fixedLenByteArray;
      const value = entries?.subarray(16 * entry, 16 * entry + 16) ?? (isUuid ? uuidFromText(text) : text);
      if (value !== undefined && !bloomMayContain(bitset, value)) {
        this.report(
          chunk.metadata.bloomFilterOffset ?? 0,
          `${chunk.column.name}: a bloom filter with every value`,
          'one missing'
        );
        return;
      }
    }
  }

  /** The order of rows, and what the writer derived from them. Columns that are damaged have been reported. */
  private rows(footer: Footer, rowGroup: number, readers: ReadonlyMap<string, ChunkReader>): void {
    const { traceId, spanId, parentSpanId, parentIndex, start, duration, statusCode } = fixedSchema;
    const chunkOf = (name: string): Chunk => footer.chunks[rowGroup][footer.columnIndex.get(name) ?? 0];
    const traceReader = readers.get(traceId.name);
    const needed = [spanId, parentSpanId, parentIndex, start, duration, statusCode].map(({ name }) =>
      readers.get(name)
    );
    if (traceReader === undefined || needed.some((reader) => reader === undefined)) {
      return;
    }
    const info = footer.rowGroups[rowGroup];
    const traces = readTraceTable(chunkOf(traceId.name), traceReader);
    const at = chunkStart(chunkOf(traceId.name).metadata);
    for (let trace = 1; trace < traces.traceCount; trace++) {
      if (compareBytes(idAt(traces.traceIds, trace - 1), idAt(traces.traceIds, trace)) >= 0) {
        this.report(at, `trace ids in ascending order`, `${hexFromBytes(idAt(traces.traceIds, trace))} out of order`);
      }
    }
    const bounds = [idAt(traces.traceIds, 0), idAt(traces.traceIds, traces.traceCount - 1)].map((id) =>
      hexFromBytes(id)
    );
    if (bounds[0] !== info.minTraceId || bounds[1] !== info.maxTraceId || traces.traceCount !== info.traceCount) {
      this.report(
        at,
        `${info.traceCount} traces from ${info.minTraceId} to ${info.maxTraceId}`,
        `${traces.traceCount} from ${bounds.join(' to ')}`
      );
    }
    const [spanIds, storedParentIds, parentIndexes, starts, durations, statusCodes] = needed.map((reader) =>
      (reader as ChunkReader).fixedValues()
    );
    const traceOfRow = new Uint32Array(info.rowCount);
    const startWords = asWords(starts, BigUint64Array);
    for (let trace = 0; trace < traces.traceCount; trace++) {
      traceOfRow.fill(trace, traces.rowStarts[trace], traces.rowStarts[trace + 1]);
      for (let row = traces.rowStarts[trace] + 1; row < traces.rowStarts[trace + 1]; row++) {
        const isBelow =
          startWords[row] < startWords[row - 1] ||
          (startWords[row] === startWords[row - 1] &&
            compareBytes(spanIds.subarray(8 * row, 8 * row + 8), spanIds.subarray(8 * row - 8, 8 * row)) < 0);
        if (isBelow) {
          this.report(
            chunkStart(chunkOf(start.name).metadata),
            'rows of a trace by start and span id',
            `row ${row} out of order`
          );
        }
      }
    }
    const indexes = asWords32(parentIndexes);
    const parentIds = parentIdsOf(storedParentIds, indexes, spanIds, (row) => traces.rowStarts[traceOfRow[row]]);
    const parents = findParents(spanIds, parentIds, traceOfRow);
    const wrong = indexes.findIndex((index, row) => index !== parents.index[row]);
    if (wrong >= 0) {
      this.report(
        chunkStart(chunkOf(parentIndex.name).metadata),
        `parent ${parents.index[wrong]} of row ${wrong}`,
        `${indexes[wrong]}`
      );
    }
    const codes = Uint32Array.from({ length: info.rowCount }, (_, row) => statusCodes[4 * row]);
    const summaries = summarize(
      traceOfRow,
      traces.traceCount,
      asWords32(starts),
      asWords32(durations),
      codes,
      parentIds
    );
    for (const [name, expected] of [
      [fixedSchema.traceDuration.name, summaries.duration],
      [fixedSchema.traceSpans.name, summaries.spans],
      [fixedSchema.traceErrors.name, summaries.errors],
    ] as const) {
      this.summary(chunkOf(name), readers.get(name), expected, summaries.firstRows);
    }
  }

  private summary(
    chunk: Chunk,
    reader: ChunkReader | undefined,
    expected: BigUint64Array | Uint32Array,
    firstRows: Uint32Array
  ): void {
    if (reader === undefined) {
      return;
    }
    const width = expected.BYTES_PER_ELEMENT;
    const found = reader.fixedValues();
    const bytes = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);
    const wrong = firstRows.findIndex(
      (row, trace) =>
        compareBytes(
          found.subarray(width * row, width * row + width),
          bytes.subarray(width * trace, width * trace + width)
        ) !== 0
    );
    if (wrong >= 0) {
      this.report(chunkStart(chunk.metadata), `${chunk.column.name} ${expected[wrong]} of trace ${wrong}`, 'another');
    }
  }

  private async read(offset: number, length: number): Promise<Uint8Array[]> {
    this.checkedBytes += length;
    return this.disk.readRanges(this.meta.path, [{ offset, length }]);
  }

  private report(offset: number, expected: string, found: string): void {
    this.errors.push(new CorruptionError(this.meta.path, offset, expected, found));
  }
}

function idAt(ids: Uint8Array, trace: number): Uint8Array {
  return ids.subarray(16 * trace, 16 * trace + 16);
}
