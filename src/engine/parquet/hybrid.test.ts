import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { HybridError, decodeCodes, decodeLevels, encodeCodes, encodeLevels, spreadCodes } from './hybrid.ts';

test('codes come back plus one: every width, packed and in runs', () => {
  const seed = 23;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const count = random.below(200);
    const entryCount = random.pick([1, 2, 255, 256, 257, 65_536, 65_537, 1 << 24, (1 << 24) + 1]);
    const runLength = random.pick([1, 3, 50]);
    const codes = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      codes[i] = i % runLength === 0 ? random.below(entryCount) : codes[i - 1];
    }
    const page = encodeCodes(codes, count, entryCount);
    const decoded = decodeCodes(page, 0, count, entryCount);
    assert.deepEqual(
      [...decoded],
      [...codes].map((code) => code + 1),
      `seed ${seed}, round ${round}`
    );
    if (count > 0) {
      assert.throws(() => decodeCodes(page, 0, count, Math.max(...codes)), HybridError, 'a code that is no entry');
      assert.throws(() => decodeCodes(page.subarray(0, page.length - 1), 0, count, entryCount), HybridError, 'cut');
    }
  }
});

test('levels come back and spread codes over their rows', () => {
  const seed = 29;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const count = 1 + random.below(100);
    const share = random.pick([0, 0.1, 0.5, 1]);
    const rows = Array.from({ length: count }, () => random.float() < share);
    const bits = new Uint8Array(Math.ceil(count / 8));
    rows.forEach((present, row) => {
      bits[row >> 3] |= present ? 1 << (row & 7) : 0;
    });
    const presentCount = rows.filter(Boolean).length;
    const page = encodeLevels(bits, presentCount, count);
    const decoded = decodeLevels(page, count);
    assert.equal(decoded.end, page.length);
    assert.equal(decoded.presentCount, presentCount, `seed ${seed}, round ${round}`);
    const dense = Uint16Array.from({ length: presentCount }, (_, i) => i + 1);
    let next = 0;
    assert.deepEqual(
      [...spreadCodes(dense, decoded.bits ?? new Uint8Array(bits.length).fill(255), count)],
      rows.map((present) => (present ? ++next : 0)),
      `seed ${seed}, round ${round}`
    );
  }
});

test('random bytes are codes and levels, or a HybridError', () => {
  const seed = 31;
  const random = seededRandom(seed);
  for (let round = 0; round < 20_000; round++) {
    const page = random.fill(new Uint8Array(random.below(40)));
    if (page.length > 4) {
      page[0] = random.pick([8, 16, 24, 32, page[0]]);
      page.fill(0, 1, random.below(4));
    }
    for (const decode of [() => decodeCodes(page, 0, 20, 300), () => decodeLevels(page, 20)]) {
      try {
        decode();
      } catch (error) {
        assert.ok(error instanceof HybridError, `seed ${seed}, round ${round}: ${String(error)}`);
      }
    }
  }
});
