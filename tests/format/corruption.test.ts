import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError, CorruptionError } from '../../src/base/coded-error.ts';
import { crc32c } from '../../src/base/crc32c.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { BlockReader } from '../../src/engine/block/block-reader.ts';
import { randomSpans } from '../../src/engine/head/testing.ts';
import { canonicalSpan } from '../../src/trace/canonical.ts';
import { bytesFromHex } from '../../src/trace/ids.ts';
import type { Span } from '../../src/trace/model.ts';
import { type BlockFile, blockOf, readerOf, spansOfBlock } from './blocks.ts';

const seed = Number(process.env.VIVACE_TEST_SEED ?? 41);

/** A block small enough to damage every byte of, with pages of every kind: zstd, plain, dictionary, runs, bools, bloom. */
async function smallBlock(): Promise<BlockFile & { readonly spans: readonly Span[] }> {
  const random = seededRandom(seed);
  const [template] = randomSpans(random, 1);
  const spans = Array.from({ length: 1100 }, (_, index): Span => ({
    ...template,
    traceId: (BigInt(1 + (index >> 1)) << 64n).toString(16).padStart(32, '0'),
    spanId: (index + 1).toString(16).padStart(16, '0'),
    parentSpanId: index % 2 === 0 ? '' : index.toString(16).padStart(16, '0'),
    startUnixNanos: 1_700_000_000_000_000_000n + BigInt(index),
    endUnixNanos: 1_700_000_000_000_000_000n + BigInt(index) + 5n,
    events: [],
    links: [],
    attributes: [
      { key: 'unique', value: { type: 'int', value: BigInt(index) } },
      { key: 'flag', value: { type: 'bool', value: index % 3 === 0 } },
      { key: 'route', value: { type: 'string', value: `/${index % 5}` } },
    ],
    resource: { attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    scope: { name: 'lib', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
  }));
  return { ...(await blockOf(spans, { rowsMin: 2000, pageSizes: { rowsStep: 512, bytesWanted: 1 } })), spans };
}

interface Answers {
  readonly spans: readonly string[];
  readonly trace: unknown;
  readonly contains: readonly boolean[];
  readonly values: readonly string[];
}

async function ask(reader: BlockReader): Promise<Answers> {
  const dictionary = await reader.readDictionary(0, { scope: 'span', key: 'route', type: 'string' });
  return {
    trace: await reader.findTrace(bytesFromHex('00000000000000070000000000000000') as Uint8Array),
    contains: [
      await reader.mayContain(0, { scope: 'span', key: 'unique', type: 'int' }, 77n),
      await reader.mayContain(0, { scope: 'span', key: 'route', type: 'string' }, new TextEncoder().encode('/9')),
    ],
    values: Array.from({ length: dictionary?.size ?? 0 }, (_, entry) => dictionary?.textAt(entry) ?? ''),
    spans: (await spansOfBlock(reader)).map(canonicalSpan),
  };
}

test('whichever byte of a block is damaged, answers are right or a CorruptionError', async () => {
  const block = await smallBlock();
  const expected = await ask(await readerOf(block));
  assert.ok(expected.spans.toSorted().join() === block.spans.map(canonicalSpan).sort().join(), 'undamaged');
  const expectedText = JSON.stringify(expected);
  const random = seededRandom(seed);
  // Each byte in one of a few random ways; span ids and codes are long stretches alike, so the default run takes every seventh byte there.
  const step = process.env.VIVACE_TEST_ALL === undefined ? 7 : 1;
  const { footerOffset, sizeBytes } = block.meta;
  let right = 0;
  let refused = 0;
  for (let at = 0; at < sizeBytes; at += at < footerOffset ? step : 1) {
    const bytes = block.bytes.slice();
    bytes[at] ^= 1 + random.below(255);
    try {
      const answers = JSON.stringify(await ask(await readerOf({ meta: block.meta, bytes })));
      assert.ok(answers === expectedText, `seed ${seed}: wrong answer with byte ${at} as ${bytes[at]}`);
      right++;
    } catch (error) {
      if (!(error instanceof CorruptionError)) {
        throw new Error(`seed ${seed}: byte ${at} as ${bytes[at]}`, { cause: error });
      }
      refused++;
    }
  }
  // Unread: the magic at both ends, the footer's length, pages of the trace summary and parent_index.
  assert.ok(refused > right, `${refused} refused, ${right} right`);
});

test('whichever bit of lists and folded keys is flipped, answers are right or a CorruptionError', async () => {
  const random = seededRandom(seed + 1);
  const spans = randomSpans(random, 24);
  const block = await blockOf(spans, { rowsMin: 50, columnChunksMax: 40 });
  const answersOf = async (bytes: Uint8Array): Promise<string> => {
    const reader = await readerOf({ meta: block.meta, bytes });
    const events = await reader.readDictionary(0, { scope: 'intrinsic', key: 'events', type: 'raw' });
    return JSON.stringify([
      (await spansOfBlock(reader)).map(canonicalSpan),
      events?.size,
      await reader.mayHaveEventAttribute(0, 'events', 'key.1'),
      await reader.mayHaveEventAttribute(0, 'links', 'key.2', 5n),
    ]);
  };
  const expected = await answersOf(block.bytes);
  assert.equal((JSON.parse(expected) as [string[]])[0].sort().join(), spans.map(canonicalSpan).sort().join());
  const bitCount = 8 * block.meta.sizeBytes;
  const step = process.env.VIVACE_TEST_ALL === undefined ? 2 * Math.ceil(bitCount / 1600) : 1;
  let refused = 0;
  for (let bit = 0; bit < bitCount; bit += step === 1 ? 1 : 1 + random.below(step)) {
    const bytes = block.bytes.slice();
    bytes[bit >>> 3] ^= 1 << (bit & 7);
    try {
      const answers = await answersOf(bytes);
      assert.ok(answers === expected, `seed ${seed}: wrong answer with bit ${bit} flipped`);
    } catch (error) {
      if (!(error instanceof CorruptionError)) {
        throw new Error(`seed ${seed}: bit ${bit}`, { cause: error });
      }
      refused++;
    }
  }
  assert.ok(refused > 500, `${refused} refused`);
});

test('a file cut short, or missing, is a CorruptionError', async () => {
  const block = await smallBlock();
  for (const length of [0, 3, 100, block.bytes.length - 1]) {
    await assert.rejects(readerOf({ meta: block.meta, bytes: block.bytes.slice(0, length) }), CorruptionError);
  }
  await assert.rejects(readerOf({ meta: { ...block.meta, path: 'elsewhere' }, bytes: block.bytes }), CorruptionError);
  await assert.rejects(
    readerOf({ meta: { ...block.meta, formatVersion: 7 }, bytes: block.bytes }),
    (error) => error instanceof CodedError && error.code === 'unsupported'
  );
});

test('a footer that lies under a right checksum neither crashes nor hangs', async () => {
  const block = await smallBlock();
  const random = seededRandom(seed);
  const { footerOffset, footerLength } = block.meta;
  for (let i = 0; i < 600; i++) {
    const bytes = block.bytes.slice();
    for (let damage = 0; damage <= i % 3; damage++) {
      bytes[footerOffset + random.below(footerLength)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    }
    const meta = { ...block.meta, footerCrc32c: crc32c(bytes, footerOffset, footerOffset + footerLength) };
    const startMs = performance.now();
    try {
      await ask(await readerOf({ meta, bytes }));
    } catch (error) {
      if (!(error instanceof CorruptionError)) {
        throw new Error(`seed ${seed}, round ${i}`, { cause: error });
      }
    }
    assert.ok(performance.now() - startMs < 5000, `seed ${seed}, round ${i}: took long`);
  }
});
