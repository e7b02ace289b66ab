/**
 * Which blocks may hold a trace, without opening them: a bloom filter over all trace ids of a block, found through the manifest. 10 bits a
 * trace, so that about one block in a hundred is asked in vain.
 */
import { assert } from '../../base/assert.ts';
import { CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import { bytesFromBase64 } from '../../wire/base64.ts';
import type { Disk } from '../disk.ts';
import { BloomBuilder, type BloomHash, bloomHash, bloomMayContainHash } from '../parquet/bloom.ts';
import type { RowSet } from '../row-set.ts';
import type { BlockMeta } from './format.ts';

/**
 * 400 traces. Blocks are many where they are small, and then a read for each would cost more than 0.7 kB in the manifest; the filters of
 * large ones would bloat it.
 */
export const filterBytesInlineMax = 512;

const tracesOfSmallBlock = 256;

/** Collects the trace ids of a block, row group by row group. */
export class TraceFilterBuilder {
  private readonly bloom = new BloomBuilder(tracesOfSmallBlock);

  /** `rows` have the rows of a trace side by side, and no trace of an earlier call. */
  add({ traceIds, traceOfRow }: RowSet, rows: Uint32Array): void {
    let previous = -1;
    for (let i = 0; i < rows.length; i++) {
      const trace = traceOfRow[rows[i]];
      if (trace !== previous) {
        previous = trace;
        this.bloom.add(traceIds, 16 * trace, 16 * trace + 16);
      }
    }
  }

  finish(): Uint8Array {
    return this.bloom.finish();
  }
}

/** A trace id in the forms in which blocks are asked for it. */
export interface SoughtTrace {
  /** 16 bytes. */
  readonly bytes: Uint8Array;
  readonly hex: string;
  readonly hash: BloomHash;
}

export function soughtTrace(bytes: Uint8Array): SoughtTrace {
  return { bytes, hex: hexFromBytes(bytes), hash: bloomHash(bytes) };
}

/** The bitset of a block's filter. */
export type TraceFilter = Uint8Array;

/** False: no trace of the block has this id. */
export function filterMayHold(filter: TraceFilter, { hash }: SoughtTrace): boolean {
  return bloomMayContainHash(filter, hash);
}

/** The filter that stands in the manifest itself; `undefined` where there is none, or it stands in the file. */
export function filterInManifest({ path, traceFilter }: BlockMeta): TraceFilter | undefined {
  if (traceFilter === undefined || !('bits' in traceFilter)) {
    return undefined;
  }
  const bitset = bytesFromBase64(traceFilter.bits);
  assert(bitset !== undefined && isBitset(bitset), `${path}: no filter over trace ids in the manifest`);
  return bitset;
}

/** The filter that stands in the file. Errors: {@link CorruptionError}; the disk's. */
export async function readFilter(disk: Disk, { path, traceFilter }: BlockMeta): Promise<TraceFilter | undefined> {
  if (traceFilter === undefined || 'bits' in traceFilter) {
    return undefined;
  }
  const { offset, length, crc32c: expected } = traceFilter;
  const [bytes] = await disk.readRanges(path, [{ offset, length }]);
  const sum = crc32c(bytes);
  if (sum !== expected || !isBitset(bytes)) {
    throw new CorruptionError(path, offset, `filter over trace ids with crc32c ${expected}`, `${sum}`);
  }
  // A read may answer a part of a larger buffer, which would be kept whole.
  return bytes.slice();
}

function isBitset({ length }: Uint8Array): boolean {
  return length > 0 && length % 32 === 0;
}
