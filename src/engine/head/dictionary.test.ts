import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { Arena, chunkCapacity, chunkOfEntry, chunkStart } from './arena.ts';
import { Dictionary } from './dictionary.ts';

test('codes agree with a map, over growth and truncation', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const arena = new Arena();
    const holdsBytes = seed % 2 === 0;
    const dictionary = new Dictionary(arena, holdsBytes);
    /** Value → code, and the row each code came with. */
    const codes = new Map<string, number>();
    const rows: number[] = [];
    const values: string[] = [];
    const distinct = random.pick([3, 20, 3000]);
    const intern = (value: string, row: number): number => {
      if (!holdsBytes) {
        return dictionary.internWords(Number(value) | 0, -Number(value) | 0, row);
      }
      const bytes = new Uint8Array(value.length + 4);
      bytes.set(new TextEncoder().encode(value));
      return dictionary.internBytes(new DataView(bytes.buffer), 0, value.length, row, true);
    };
    for (let step = 0, row = 0; step < 3000; step++, row++) {
      if (random.below(300) === 0) {
        row = random.below(row + 1);
        dictionary.truncate(row);
        while (rows.length > 0 && rows[rows.length - 1] >= row) {
          rows.pop();
          codes.delete(values.pop()!);
        }
      }
      const value = String(random.below(distinct) ** 2);
      let code = codes.get(value);
      if (code === undefined) {
        code = values.push(value);
        rows.push(row);
        codes.set(value, code);
      }
      assert.equal(intern(value, row), code, `seed ${seed} step ${step}`);
    }
    assert.equal(dictionary.size, values.length, `seed ${seed}`);
    const middle = random.below(3000);
    assert.equal(dictionary.countBefore(middle), rows.filter((row) => row < middle).length, `seed ${seed}`);
  }
});

test('chunk geometry: every entry lies in one chunk, chunks follow each other', () => {
  for (const shape of [
    { firstBits: 0, lastBits: 0, entryWords: 1 },
    { firstBits: 1, lastBits: 5, entryWords: 1 },
    { firstBits: 3, lastBits: 3, entryWords: 1 },
  ]) {
    let chunk = 0;
    for (let entry = 0; entry < 1000; entry++) {
      if (entry === chunkStart(shape, chunk) + chunkCapacity(shape, chunk)) {
        chunk++;
        assert.equal(chunkStart(shape, chunk), entry);
      }
      assert.equal(chunkOfEntry(shape, entry), chunk);
    }
  }
});

test('an arena gives back what came after a mark', () => {
  const arena = new Arena();
  arena.allocate(10);
  const mark = arena.mark();
  const next = arena.allocate(5);
  arena.allocate(100_000);
  arena.allocate(3000);
  arena.release(mark);
  assert.equal(arena.allocate(5), next);
  assert.equal(
    arena.byteLength,
    arena.bytes.reduce((sum, slab) => sum + slab.byteLength, 0)
  );
});
