/**
 * Looks at a metrics query that still runs: the samples of complete steps are in the answer, unchanged, whatever the layout. VIVACE_SEED
 * sets the first seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { metricsView } from '../../src/engine/query/index.ts';
import type { MetricsRequest, MetricsSoFar } from '../../src/store/trace-store.ts';
import { settlesByStep } from '../../src/traceql/metrics.ts';
import type { MetricSeries } from '../../src/traceql/metrics.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { randomBaseUnixNanos, randomQuery } from '../../src/traceql/testing.ts';
import { outcomeOf } from './pairs.ts';
import { randomWorld, tenant } from './world.ts';

const firstSeed = Number(process.env.VIVACE_SEED ?? 1);
const stepNanos = 500_000_000n;

test('what a look tells of complete steps stands in the answer', async () => {
  const told = { engine: 0, reference: 0 };
  for (let seed = firstSeed; seed < firstSeed + 60; seed++) {
    const random = seededRandom(seed);
    const { view, reference } = await randomWorld(random);
    for (let i = 0; i < 6; i++) {
      const query = randomQuery(random, { kind: 'metrics' });
      if (!settlesByStep(query)) {
        continue;
      }
      const startUnixNanos = randomBaseUnixNanos - stepNanos;
      const endUnixNanos = startUnixNanos + 24n * stepNanos;
      const request = { tenant, query, startUnixNanos, endUnixNanos, stepNanos, exemplars: 0 };
      const where = `seed ${seed}, query ${i}: ${printQuery(query)}`;
      told.engine += await checkLooks((wanted) => metricsView(view, wanted), request, `engine, ${where}`);
      told.reference += await checkLooks((wanted) => reference.metrics(wanted), request, `reference, ${where}`);
    }
  }
  assert.ok(told.engine > 500 && told.reference > 500, `only ${told.engine} and ${told.reference} samples were told`);
});

/** How many samples the looks told before the end. */
async function checkLooks(
  run: (request: MetricsRequest) => Promise<{ data: readonly MetricSeries[] }>,
  request: MetricsRequest,
  where: string
): Promise<number> {
  const looks: MetricsSoFar[] = [];
  const onProgress: MetricsRequest['onProgress'] = ({ data }) => void looks.push(structuredClone(data()));
  const answer = await outcomeOf(() => run({ ...request, onProgress }));
  if (typeof answer === 'string') {
    return 0;
  }
  const values = valuesOf(answer);
  let told = 0;
  for (const { series, completeAfterUnixNanos } of looks.slice(0, -1)) {
    for (const [key, value] of completeAfterUnixNanos === undefined ? [] : valuesOf(series)) {
      if (BigInt(key.slice(0, key.indexOf(' '))) >= completeAfterUnixNanos! + request.stepNanos) {
        assert.equal(value, values.get(key), `${where}: ${key}`);
        told++;
      }
    }
  }
  return told;
}

/** By time and labels. Nine digits: sums depend on the order of adding. */
function valuesOf(all: readonly MetricSeries[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { labels, samples } of all) {
    const text = JSON.stringify(labels, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    for (const { timestampUnixNanos, value } of samples) {
      values.set(`${timestampUnixNanos} ${text}`, value.toPrecision(9));
    }
  }
  return values;
}
