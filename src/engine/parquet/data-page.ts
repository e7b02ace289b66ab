import type { Codes } from '../row-set.ts';
import {
  HybridError,
  type PackedCodes,
  bitCount,
  decodeCodes,
  decodeLevels,
  newCodes,
  packedCodeAt,
  packedCodes,
  spreadCodes,
} from './hybrid.ts';
import { physicalType } from './metadata.ts';
import { fixedWidthOf } from './plain.ts';
import { type Chunk, type PagePlace, guarded } from './read.ts';

/**
 * A decompressed data page. Codes are those of the dictionary page, plus one, or, where the chunk has none, positions among the page's own
 * values, plus one; 0 where a row has no value. Errors, also of the constructor: `corrupt`.
 */
export class DataPage {
  readonly rowCount: number;
  readonly presentCount: number;
  /** PLAIN; empty where the chunk has a dictionary page. */
  readonly values: Uint8Array;
  private readonly chunk: Chunk;
  private readonly at: number;
  private readonly content: Uint8Array;
  private readonly bits: Uint8Array | undefined;
  private readonly codesStart: number;
  /** Undefined where there is no dictionary page. */
  private readonly entryCount: number | undefined;
  private readonly packed: PackedCodes | undefined;
  private decodedCodes: Codes | undefined;
  /** How many rows are present before byte `rankByte` of the bits: rows are looked up in order, mostly. */
  private rankByte = 0;
  private rank = 0;

  constructor(chunk: Chunk, place: PagePlace, content: Uint8Array, entryCount: number | undefined) {
    this.chunk = chunk;
    this.at = place.at;
    this.rowCount = place.header.numValues;
    this.content = content;
    this.entryCount = entryCount;
    const { bits, presentCount, end } = guarded(chunk, this.at, () =>
      chunk.column.optional
        ? decodeLevels(content, this.rowCount)
        : { bits: undefined, presentCount: this.rowCount, end: 0 }
    );
    this.bits = bits;
    this.presentCount = presentCount;
    this.codesStart = end;
    this.values = entryCount === undefined ? content.subarray(end) : content.subarray(0, 0);
    this.packed = guarded(chunk, this.at, () => {
      if (entryCount === undefined) {
        checkPlain(chunk, this.values, presentCount);
        return undefined;
      }
      return packedCodes(content, end, presentCount, entryCount);
    });
  }

  /** One per row. */
  get codes(): Codes {
    this.decodedCodes ??= guarded(this.chunk, this.at, () => {
      const dense =
        this.entryCount === undefined
          ? positions(this.presentCount)
          : decodeCodes(this.content, this.codesStart, this.presentCount, this.entryCount);
      return this.bits === undefined ? dense : spreadCodes(dense, this.bits, this.rowCount);
    });
    return this.decodedCodes;
  }

  /** The code of one row, without decoding the others where that can be. */
  codeAt(row: number): number {
    const { bits, packed } = this;
    if (this.decodedCodes !== undefined || (this.entryCount !== undefined && packed === undefined)) {
      return this.codes[row];
    }
    if (bits !== undefined && ((bits[row >>> 3] >>> (row & 7)) & 1) === 0) {
      return 0;
    }
    const position = bits === undefined ? row : this.rankOf(bits, row);
    return packed === undefined ? position + 1 : guarded(this.chunk, this.at, () => packedCodeAt(packed, position));
  }

  /** Present rows before `row`. */
  private rankOf(bits: Uint8Array, row: number): number {
    const byte = row >>> 3;
    if (byte < this.rankByte) {
      this.rankByte = 0;
      this.rank = 0;
    }
    this.rank += bitCount(bits, this.rankByte, byte);
    this.rankByte = byte;
    let rank = this.rank;
    for (let rest = bits[byte] & ((1 << (row & 7)) - 1); rest !== 0; rest &= rest - 1) {
      rank++;
    }
    return rank;
  }
}

/** Counts that lie must not become memory, and positions not lie beyond the values. */
function checkPlain({ column }: Chunk, values: Uint8Array, presentCount: number): void {
  const width = fixedWidthOf(column.type, column.typeLength);
  const expected = column.type === physicalType.boolean ? Math.ceil(presentCount / 8) : presentCount * (width ?? 4);
  if (
    width === undefined && column.type !== physicalType.boolean ? values.length < expected : values.length !== expected
  ) {
    throw new HybridError(`${values.length} bytes for ${presentCount} values`);
  }
}

function positions(count: number): Codes {
  const codes = newCodes(count, count);
  for (let i = 0; i < count; i++) {
    codes[i] = i + 1;
  }
  return codes;
}
