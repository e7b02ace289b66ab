import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import type { Span } from '../../trace/model.ts';
import { traceFromText } from '../../trace/text.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { openEngine } from '../engine.ts';
import { SimDisk } from '../sim-disk.ts';
import { inPlaceWorkers } from '../tasks.ts';

const [one] = traceFromText('s A |==|').spans;
const clock: Clock = { unixNanos: () => one.startUnixNanos, monotonicMs: () => 0, schedule: () => () => undefined };

test('spans are weighed by their trace state in blocks, in the head and in split traces', async () => {
  const disk = new SimDisk();
  const workers = inPlaceWorkers({ disk, codecs: nodeCodecs });
  const engine = await openEngine({ disk, clock, random: seededRandom(1), codecs: nodeCodecs, workers });
  await engine.whenReady();
  const ingest = async (spans: readonly Span[]): Promise<void> => {
    const body = encodeTraces(spans);
    await engine.ingest({ tenant: 't', encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
  };
  const span = (number: number, traceState: string, spanId = 'a'.repeat(16)): Span => ({
    ...one,
    traceId: number.toString(16).padStart(32, '0'),
    spanId,
    traceState,
  });
  // 2 in a block, 4 and 1 of a split trace, 8 in the head.
  await ingest([span(1, 'ot=th:8'), span(2, 'ot=th:c')]);
  await engine.flush();
  await ingest([span(2, '', 'b'.repeat(16)), span(3, 'ot=th:e')]);
  const count = async (hint: string): Promise<number> => {
    const answer = await engine.metrics({
      tenant: 't',
      query: parseQuery(`{ } | count_over_time() ${hint}`),
      startUnixNanos: one.startUnixNanos - 1n,
      endUnixNanos: one.startUnixNanos + 999_999_999n,
      stepNanos: 1_000_000_000n,
      exemplars: 0,
    });
    return answer.data[0].samples[0].value;
  };
  assert.deepEqual([await count(''), await count('with (extrapolate = true)')], [4, 15]);
  await engine.flush();
  assert.deepEqual([await count(''), await count('with (extrapolate = true)')], [4, 15]);
  await engine.close();
});
