import { equalBytes } from '../../base/bytes.ts';
import type { ColumnType, ValueDictionary } from '../row-set.ts';

/**
 * The values of one column that a batch uses, collected from the dictionaries of its parts. Values with the same bytes become one
 * entry; an entry is read where it came from, nothing is copied.
 */
export class UnitedDictionary implements ValueDictionary {
  readonly type: ColumnType;
  private readonly sources: ValueDictionary[] = [];
  private readonly entries: number[] = [];
  private readonly slots: Slots;

  /** `slots` is emptied; it serves one dictionary after the other. */
  constructor(type: ColumnType, slots: Slots) {
    this.type = type;
    this.slots = slots;
    slots.clear();
  }

  get size(): number {
    return this.entries.length;
  }

  /** The entry of a value that no other value equals. */
  push(source: ValueDictionary, entry: number): number {
    this.sources.push(source);
    return this.entries.push(entry) - 1;
  }

  /** The entry of a value that may be here already. */
  intern(source: ValueDictionary, entry: number): number {
    if (this.type === 'bool') {
      return this.internBool(source, entry);
    }
    const bytes = source.bytesAt(entry);
    const hash = hashOf(bytes);
    const { slots } = this;
    let slot = slots.first(hash);
    for (let known = slots.at(slot); known >= 0; known = slots.at(slot)) {
      if (slots.hashAt(slot) === hash && equalBytes(this.bytesAt(known), bytes)) {
        return known;
      }
      slot = slots.next(slot);
    }
    slots.put(slot, hash, this.entries.length);
    return this.push(source, entry);
  }

  bytesAt(entry: number): Uint8Array {
    return this.sources[entry].bytesAt(this.entries[entry]);
  }

  textAt(entry: number): string {
    return this.sources[entry].textAt(this.entries[entry]);
  }

  intAt(entry: number): bigint {
    return this.sources[entry].intAt(this.entries[entry]);
  }

  numberAt(entry: number): number {
    return this.sources[entry].numberAt(this.entries[entry]);
  }

  boolAt(entry: number): boolean {
    return this.sources[entry].boolAt(this.entries[entry]);
  }

  /** Two values at most: no table needed. */
  private internBool(source: ValueDictionary, entry: number): number {
    const value = source.boolAt(entry);
    for (let known = 0; known < this.size; known++) {
      if (this.boolAt(known) === value) {
        return known;
      }
    }
    return this.push(source, entry);
  }
}

/** The hash table behind an interning dictionary: open addressing, at most half full. */
export class Slots {
  /** Entry plus one; 0 is free. */
  private entries = new Int32Array(1024);
  private hashes = new Int32Array(1024);
  private count = 0;

  clear(): void {
    if (this.count > 0) {
      this.entries.fill(0);
      this.count = 0;
    }
  }

  first(hash: number): number {
    return hash & (this.entries.length - 1);
  }

  next(slot: number): number {
    return (slot + 1) & (this.entries.length - 1);
  }

  /** −1 when the slot is free. */
  at(slot: number): number {
    return this.entries[slot] - 1;
  }

  hashAt(slot: number): number {
    return this.hashes[slot];
  }

  put(slot: number, hash: number, entry: number): void {
    this.entries[slot] = entry + 1;
    this.hashes[slot] = hash;
    this.count++;
    if (2 * this.count > this.entries.length) {
      this.grow();
    }
  }

  private grow(): void {
    const { entries, hashes } = this;
    this.entries = new Int32Array(2 * entries.length);
    this.hashes = new Int32Array(2 * entries.length);
    for (let from = 0; from < entries.length; from++) {
      if (entries[from] !== 0) {
        let slot = this.first(hashes[from]);
        while (this.entries[slot] !== 0) {
          slot = this.next(slot);
        }
        this.entries[slot] = entries[from];
        this.hashes[slot] = hashes[from];
      }
    }
  }
}

/** For tables in memory; every hit is verified by its bytes. */
function hashOf(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = Math.imul(length + 0x3c6ef372, 0x9e3779b1);
  let at = 0;
  for (const end = length & ~3; at < end; at += 4) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  for (; at < length; at++) {
    hash = Math.imul(hash ^ bytes[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
