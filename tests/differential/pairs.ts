/** Runs (layout, query) pairs: what the engine answers equals what the reference answers. */
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/base/random.ts';
import { attributeValuesView, metricsView, searchView } from '../../src/engine/query/index.ts';
import type { TimeRange } from '../../src/store/trace-store.ts';
import { traceFromText } from '../../src/trace/text.ts';
import type { Query } from '../../src/traceql/ast.ts';
import { QueryError } from '../../src/traceql/errors.ts';
import { evaluateTrace } from '../../src/traceql/evaluate.ts';
import { isMetricsQuery } from '../../src/traceql/metrics.ts';
import type { MetricSeries } from '../../src/traceql/metrics.ts';
import { parseQuery } from '../../src/traceql/parser.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { randomBaseUnixNanos, randomQuery } from '../../src/traceql/testing.ts';
import type { SeededRandom } from '../../src/traceql/testing.ts';
import type { FailingPair } from './failing-pairs.ts';
import { countPair, emptyTally } from './tally.ts';
import type { Outcome, Tally } from './tally.ts';
import { randomWorld, tenant } from './world.ts';
import type { World } from './world.ts';

/** Layouts cost more than queries. */
export const queriesPerLayout = 50;

const exemplarsMax = 10;

/** All pairs of the layouts `[firstSeed, firstSeed + layoutCount)`. */
export async function runPairs(firstSeed: number, layoutCount: number): Promise<Tally> {
  const tally = emptyTally();
  for (let seed = firstSeed; seed < firstSeed + layoutCount; seed++) {
    await runLayout(seed, tally);
  }
  return tally;
}

/** Errors: an assertion that names seed, place and query. */
export async function runLayout(seed: number, tally: Tally): Promise<void> {
  const random = seededRandom(seed);
  const world = await randomWorld(random);
  for (let i = 0; i < queriesPerLayout; i++) {
    const { query, selects } = telling(random, world, tally);
    const where = `seed ${seed}, query ${i}: ${printQuery(query)}`;
    const answer = await compareAnswers(world, query, random, where);
    const nothingFound = answer === 0 && !isMetricsQuery(query);
    countPair(tally, query, world.layouts, typeof answer === 'string' ? 'failed' : nothingFound ? 'none' : selects);
  }
}

/** A pair that once differed, in a layout drawn from a seed. */
export async function runFailingPair({ traces, query: text, valuesOf }: FailingPair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const drawn = traces.map((trace, at) => traceFromText(trace, { traceId: `${at + 1}` }));
  const { view, reference } = await randomWorld(random, drawn);
  const query = parseQuery(text);
  const where = `layout ${seed}: ${text}`;
  if (valuesOf === undefined) {
    await compareAnswers({ view, reference }, query, random, where);
    return;
  }
  const everything = { startUnixNanos: undefined, endUnixNanos: undefined };
  const request = { tenant, attribute: valuesOf, filter: query, range: everything, limit: 1000 };
  const expected = await outcomeOf(() => reference.attributeValues(request));
  assert.ok(typeof expected !== 'string' && expected.length > 0, where);
  assert.deepEqual(await outcomeOf(() => attributeValuesView(view, request)), expected, where);
}

/** A query, with how many of all spans it selects. Of those that select none or all every second is drawn anew. */
function telling(
  random: SeededRandom,
  world: World,
  tally: Tally
): { readonly query: Query; readonly selects: Outcome } {
  for (;;) {
    const query = randomQuery(random);
    const selects = selection(world, query);
    tally.drawn[selects]++;
    if (selects === 'some' || random.below(2) === 0) {
      return { query, selects };
    }
  }
}

/** The answer of both: how many traces or series, or the text of the error. */
async function compareAnswers(
  { view, reference }: Pick<World, 'view' | 'reference'>,
  query: Query,
  random: SeededRandom,
  where: string
): Promise<number | string> {
  if (isMetricsQuery(query)) {
    const request = { tenant, query, ...randomMetricsRange(random) };
    const expected = await outcomeOf(() => reference.metrics(request));
    assertSameSeries(await outcomeOf(() => metricsView(view, request)), expected, query, where);
    return typeof expected === 'string' ? expected : expected.length;
  }
  const limit = 1 + random.below(6);
  const spansPerSpanset = 1 + random.below(5);
  const request = { tenant, query, range: randomRange(random), limit, spansPerSpanset };
  const expected = await outcomeOf(() => reference.search(request));
  assert.deepEqual(await outcomeOf(() => searchView(view, request)), expected, where);
  return typeof expected === 'string' ? expected : expected.length;
}

function selection({ traces }: World, query: Query): Outcome {
  let selected = 0;
  let all = 0;
  for (const trace of traces) {
    selected += new Set(evaluateTrace(query, trace).flatMap(({ spans }) => spans)).size;
    all += trace.spans.length;
  }
  return selected === 0 ? 'none' : selected === all ? 'all' : 'some';
}

/** The answer, or the query error as text: a query that fails must fail in both. */
export async function outcomeOf<T>(run: () => Promise<{ data: T }>): Promise<T | string> {
  try {
    return (await run()).data;
  } catch (error) {
    if (error instanceof QueryError) {
      return error.message;
    }
    throw error;
  }
}

export function randomRange(random: SeededRandom): TimeRange {
  if (random.below(3) !== 0) {
    return { startUnixNanos: undefined, endUnixNanos: undefined };
  }
  const startUnixNanos = randomBaseUnixNanos + BigInt(random.below(9_000)) * 1_000_000n;
  return { startUnixNanos, endUnixNanos: startUnixNanos + BigInt(1 + random.below(4_000)) * 1_000_000n };
}

/** Mostly over everything, now and then over a part of it; exemplars sometimes. */
function randomMetricsRange(random: SeededRandom) {
  const isNarrow = random.below(4) === 0;
  const startUnixNanos = randomBaseUnixNanos + (isNarrow ? BigInt(random.below(8_000)) * 1_000_000n : -1_000_000_000n);
  const endUnixNanos = startUnixNanos + (isNarrow ? 2_000_000_001n : 31_000_000_000n);
  const stepNanos = random.pick([1_000_000_000n, 333_333_333n, 5_000_000_000n, endUnixNanos - startUnixNanos]);
  return { startUnixNanos, endUnixNanos, stepNanos, exemplars: random.below(2) * exemplarsMax };
}

/** Sums and averages of doubles depend on the order of adding, within 1e-9; everything else is equal bit for bit. */
function assertSameSeries(
  actual: readonly MetricSeries[] | string,
  expected: readonly MetricSeries[] | string,
  query: Query,
  where: string
): void {
  if (
    typeof actual === 'string' ||
    typeof expected === 'string' ||
    !/\b(sum|avg)_over_time\(/.test(printQuery(query))
  ) {
    assert.deepEqual(actual, expected, where);
    return;
  }
  const valuesOf = (all: readonly MetricSeries[]): number[] =>
    all.flatMap(({ samples, exemplars }) => [...samples, ...exemplars].map(({ value }) => value));
  const expectedValues = valuesOf(expected);
  for (const [at, value] of valuesOf(actual).entries()) {
    const other = expectedValues[at];
    const isClose =
      Object.is(value, other) || Math.abs(value - other) <= 1e-9 * Math.max(Math.abs(value), Math.abs(other));
    assert.ok(isClose, `${where}: ${value} is not ${other}`);
  }
  const withoutValues = (all: readonly MetricSeries[]): unknown =>
    all.map(({ labels, samples, exemplars }) => ({
      labels,
      timestamps: samples.map(({ timestampUnixNanos }) => timestampUnixNanos),
      exemplars: exemplars.map((exemplar) => ({ ...exemplar, value: 0 })),
    }));
  assert.deepEqual(withoutValues(actual), withoutValues(expected), where);
}
