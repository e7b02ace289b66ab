import assert from 'node:assert/strict';
import { test } from 'node:test';
import { includesBytes } from './bytes.ts';
import { seededRandom } from './random.ts';

test('bytes are found wherever they stand, and nowhere else', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = seededRandom(seed);
    // Few different bytes: near misses are frequent.
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(3));
    const part = Uint8Array.from({ length: random.below(6) }, () => random.below(3));
    assert.equal(includesBytes(bytes, part), bytes.join('').includes(part.join('')), `seed ${seed}`);
  }
});
