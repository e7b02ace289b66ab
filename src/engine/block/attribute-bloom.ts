/**
 * Bloom filters over keys and values in lists of attributes: one for all keys of a list and row group, so that a needle in a key that
 * has no column of its own is pruned like any other.
 */
import { concatBytes } from '../../base/bytes.ts';
import { BloomBuilder, bloomMayContain } from '../parquet/bloom.ts';
import type { ColumnType } from '../row-set.ts';
import { ByteDictionary } from './byte-dictionary.ts';

/** Stands for the values of a key that the filter does not hold. */
const unsought = 7;
/** Longer values are not in the filter, nor looked up in it: nobody seeks a stack trace by all of its text. */
const soughtBytesMax = 256;

/** Whose attribute it is. */
export type AttributeOwner = 'span' | 'resource' | 'instrumentation' | 'event' | 'link';
const ownerByte: Readonly<Record<AttributeOwner, number>> = {
  span: 1,
  resource: 2,
  instrumentation: 3,
  event: 4,
  link: 5,
};
const typeByte: Readonly<Record<ColumnType, number>> = { string: 1, int: 2, double: 3, bool: 4, any: 5, raw: 6 };

/** Collects distinct keys and pairs of key and value. */
export class AttributeBloomBuilder {
  private readonly seen = new ByteDictionary('raw');
  private scratch = new Uint8Array(1024);

  /** `value`: UTF-8, or the eight bytes of a number; for the key alone and for values that nobody seeks it is left out. */
  add(owner: AttributeOwner, key: Uint8Array, type: ColumnType, value: Uint8Array | undefined): void {
    this.put(owner, key, 0, undefined);
    const isSought = value !== undefined && value.length <= soughtBytesMax;
    this.put(owner, key, isSought ? typeByte[type] : unsought, isSought ? value : undefined);
  }

  /** `undefined` when nothing was added. Ready for the next row group. */
  finish(): Uint8Array | undefined {
    if (this.seen.size === 0) {
      return undefined;
    }
    const bloom = new BloomBuilder(this.seen.size);
    for (let entry = 0; entry < this.seen.size; entry++) {
      bloom.add(this.seen.bytesAt(entry));
    }
    this.seen.clear();
    return bloom.finish();
  }

  private put(owner: AttributeOwner, key: Uint8Array, type: number, value: Uint8Array | undefined): void {
    const length = headBytes + key.length + (value?.length ?? 0);
    if (this.scratch.length < length) {
      this.scratch = new Uint8Array(2 * length);
    }
    writeHead(this.scratch, owner, type, key);
    if (value !== undefined) {
      this.scratch.set(value, headBytes + key.length);
    }
    this.seen.codeOf(this.scratch, 0, length);
  }
}

/**
 * False: no such attribute is in the list. Without a value: no such key. `isTyped`: only values of the sought type count; else an array, a
 * double or a long text under the key may be what is sought.
 */
export function bloomMayHaveAttribute(
  bitset: Uint8Array,
  owner: AttributeOwner,
  key: Uint8Array,
  sought?: { readonly type: ColumnType; readonly value: Uint8Array },
  isTyped = false
): boolean {
  const head = new Uint8Array(headBytes + key.length);
  writeHead(head, owner, 0, key);
  if (!bloomMayContain(bitset, head)) {
    return false;
  }
  if (sought === undefined || sought.value.length > soughtBytesMax) {
    return true;
  }
  if (!isTyped) {
    writeHead(head, owner, unsought, key);
    if (bloomMayContain(bitset, head)) {
      return true;
    }
  }
  writeHead(head, owner, typeByte[sought.type], key);
  return bloomMayContain(bitset, concatBytes([head, sought.value]));
}

/** Owner, type (0: the key alone), length of the key; so that no key runs into a value. */
const headBytes = 6;

function writeHead(into: Uint8Array, owner: AttributeOwner, type: number, key: Uint8Array): void {
  into[0] = ownerByte[owner];
  into[1] = type;
  new DataView(into.buffer, into.byteOffset).setUint32(2, key.length, true);
  into.set(key, headBytes);
}
