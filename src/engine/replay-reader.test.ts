import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../base/random.ts';
import { nodeCodecs, pooledNodeCodecs } from '../server/node-codecs.ts';
import { canonicalSpan } from '../trace/canonical.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { openEngine, type Engine } from './engine.ts';
import { randomSpans } from './head/testing.ts';
import { ReplayReader } from './replay-reader.ts';
import { spansOfRows } from './rows-to-spans.ts';
import { SimDisk } from './sim-disk.ts';
import { inPlaceWorkers } from './tasks.ts';

const clock = { unixNanos: () => 1_800_000_000_000_000_000n, monotonicMs: () => 0, schedule: () => () => undefined };

async function open(disk: SimDisk, codecs = nodeCodecs): Promise<Engine> {
  const workers = inPlaceWorkers({ disk, codecs });
  const limits = { walSegmentBytes: 1 << 20 };
  const engine = await openEngine({ disk, clock, random: seededRandom(1), codecs, workers, limits });
  await engine.whenReady();
  return engine;
}

async function spansIn(engine: Engine): Promise<string[]> {
  const pin = await engine.pin('single-tenant');
  const spans = pin.heads.flatMap((rows) => spansOfRows(rows, [...Array(rows.rowCount).keys()]));
  pin.release();
  return spans.map(canonicalSpan);
}

test('a log replayed with records read and decompressed ahead makes the same head, in the same order', async () => {
  const disk = new SimDisk();
  const random = seededRandom(5);
  const first = await open(disk);
  for (let i = 0; i < 30; i++) {
    const decoded = encodeTraces(randomSpans(random, 1 + random.below(60)));
    const compression = i % 3 === 0 ? 'identity' : 'gzip';
    const body = compression === 'gzip' ? gzipSync(decoded) : decoded;
    await first.ingest({ tenant: 'single-tenant', encoding: 'otlp-protobuf', compression, body, decoded });
  }
  const expected = await spansIn(first);
  await first.close();
  for (const codecs of [nodeCodecs, pooledNodeCodecs]) {
    const again = await open(disk, codecs);
    assert.deepEqual(again.status().problems, []);
    assert.deepEqual(await spansIn(again), expected);
    await again.close();
  }
});

test('a record that cannot be read is an error when its turn comes, not before', async () => {
  const disk = new SimDisk();
  const address = { path: 'wal/absent', offset: 0, sizeBytes: 100, segmentSequence: 1, sequence: 1 };
  const options = { disk, codecs: pooledNodeCodecs, storeId: new Uint8Array(16), bodyBytesMax: 1000 };
  const reader = new ReplayReader([address, { ...address, sequence: 2 }], options);
  await assert.rejects(reader.next());
  // The second has failed meanwhile, and nobody has been told.
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(reader.next());
});
