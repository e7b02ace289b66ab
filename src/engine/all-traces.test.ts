import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { nodeCodecs } from '../server/node-codecs.ts';
import { emptyResource, emptyScope, type Span } from '../trace/model.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { allTraces, partitionsOf } from './all-traces.ts';
import { openEngine } from './engine.ts';
import { SimDisk } from './sim-disk.ts';
import { inPlaceWorkers } from './tasks.ts';

const startUnixNanos = 1_767_225_600_000_000_000n;
const clock: Clock = { unixNanos: () => startUnixNanos, monotonicMs: () => 0, schedule: () => () => undefined };

function spanOf(traceId: string, span: number): Span {
  return {
    traceId,
    spanId: (span + 1).toString(16).padStart(16, '0'),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'GET',
    kind: 2,
    startUnixNanos,
    endUnixNanos: startUnixNanos + 1_000_000n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: emptyResource,
    scope: emptyScope,
  };
}

test('every trace comes once and whole, however it is cut, wherever its fragments lie', async () => {
  const disk = new SimDisk();
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({ disk, clock, random: seededRandom(1), codecs: nodeCodecs, workers });
  await engine.whenReady();
  const random = seededRandom(7);
  // Half of the ids share their first two bytes: they fall into one bucket.
  const ids = Array.from({ length: 60 }, (_, n) => {
    const spread =
      n % 2 === 0
        ? '4242'
        : Math.floor(random.float() * 0x1_0000)
            .toString(16)
            .padStart(4, '0');
    return spread + (n + 1).toString(16).padStart(28, '0');
  });
  // Three rounds, the first two in blocks, each with a span of its own and one that all rounds have.
  for (let round = 0; round < 3; round++) {
    const body = encodeTraces(ids.flatMap((id) => [spanOf(id, round), spanOf(id, 9)]));
    await engine.ingest({ tenant: 't', encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
    if (round < 2) {
      await engine.flush();
    }
  }
  const pin = await engine.pin('t');
  const view = { heads: pin.heads, blocks: pin.blocks.map(({ reader }) => reader!) };
  for (const partitionSpansMax of [1, 7, 100, 20_000]) {
    const found: string[] = [];
    const range = { startUnixNanos: undefined, endUnixNanos: undefined };
    const onDamage = (error: Error): void => assert.fail(error.message);
    for await (const trace of allTraces(view, { range, onDamage, partitionSpansMax })) {
      assert.deepEqual(
        trace.spans.map(({ spanId }) => parseInt(spanId, 16)),
        [1, 2, 3, 10]
      );
      found.push(trace.traceId);
    }
    assert.deepEqual(found.sort(), [...ids].sort(), `partitions of ${partitionSpansMax}`);
  }
});

test('partitions cover every bucket with spans, in order, and hold no more than asked unless one bucket does', () => {
  const buckets = Uint32Array.from([0, 3, 4, 0, 9, 1, 1, 0]);
  assert.deepEqual(partitionsOf(buckets, 7), [
    [1, 2],
    [4, 4],
    [5, 6],
  ]);
  assert.deepEqual(partitionsOf(buckets, 100), [[1, 6]]);
  assert.deepEqual(partitionsOf(new Uint32Array(4), 7), []);
});
