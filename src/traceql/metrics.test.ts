import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import type { Trace } from '../trace/model.ts';
import { traceFromText } from '../trace/text.ts';
import { printStatic } from './literals.ts';
import type { MetricSeries } from './metrics.ts';
import { isMetricsQuery, startMetrics } from './metrics.ts';
import { parseQuery } from './parser.ts';
import { randomBaseUnixNanos, randomTraces } from './testing.ts';
import { validateQuery } from './validate.ts';

const second = 1_000_000_000n;
const base = 1_700_000_000n * second;

/** Bars in seconds; steps of 10 s: (0, 10], (10, 20], (20, 30]. */
const traces: readonly Trace[] = [
  traceFromText('web A                 | ====                          | {code=200 n=3}', {
    columnNanos: second,
    traceId: '1',
  }),
  traceFromText('web B                 |          ==                   | {code=500 n=5 status=error}', {
    columnNanos: second,
    traceId: '2',
  }),
  traceFromText(
    `
    db C                             |            ========           | {code=200 f=0.5}
      db D                           |                         ====  | {resource.r=1}`,
    { columnNanos: second, traceId: '3' }
  ),
];

function run(text: string, options: { instant?: boolean; exemplars?: number } = {}): readonly MetricSeries[] {
  const query = parseQuery(text);
  validateQuery(query);
  assert(isMetricsQuery(query));
  const endUnixNanos = base + 30n * second;
  const stepNanos = options.instant === true ? 30n * second : 10n * second;
  const metrics = startMetrics(query, {
    startUnixNanos: base,
    endUnixNanos,
    stepNanos,
    exemplars: options.exemplars ?? 0,
  });
  traces.forEach((trace) => metrics.observe(trace));
  return metrics.finish();
}

/** `label=value …: second→value …`. */
function show(series: readonly MetricSeries[]): string[] {
  return series.map(({ labels, samples }) => {
    const names = labels.map(([name, value]) => `${name}=${printStatic(value)}`).join(' ');
    const values = samples.map(
      ({ timestampUnixNanos, value }) => `${(timestampUnixNanos - base) / second}→${Number(value.toFixed(6))}`
    );
    return `${names}: ${values.join(' ')}`;
  });
}

function check(rows: readonly (readonly [query: string, ...series: string[]])[]): void {
  for (const [query, ...expected] of rows) {
    assert.deepEqual(show(run(query)), expected, query);
  }
}

test('functions, steps closed on the right, durations in seconds', () => {
  check([
    ['{ } | count_over_time()', '__name__="count_over_time": 10→2 20→1 30→1'],
    ['{ } | rate()', '__name__="rate": 10→0.2 20→0.1 30→0.1'],
    ['{ name = "D" } | rate()', '__name__="rate": 10→0 20→0 30→0.1'],
    ['{ name = "X" } | rate()'],
    ['{ } | min_over_time(duration)', '__name__="min_over_time": 10→2 20→8 30→4'],
    ['{ } | max_over_time(duration)', '__name__="max_over_time": 10→4 20→8 30→4'],
    ['{ } | sum_over_time(.n)', '__name__="sum_over_time": 10→8'],
    ['{ } | avg_over_time(.n)', '__name__="avg_over_time": 10→4'],
    ['{ } | avg_over_time(.f)', '__name__="avg_over_time": 20→0.5'],
    ['{ } | max_over_time(.missing)'],
  ]);
});

test('groups', () => {
  check([
    [
      '{ } | count_over_time() by(resource.service.name)',
      'resource.service.name="db": 10→0 20→1 30→1',
      'resource.service.name="web": 10→2 20→0 30→0',
    ],
    [
      '{ } | count_over_time() by(.code, status)',
      'status=unset: 10→0 20→0 30→1',
      '.code=200 status=unset: 10→1 20→1 30→0',
      '.code=500 status=error: 10→1 20→0 30→0',
    ],
    ['{ } | sum_over_time(duration) by(.r)', '.r=1: 30→4', '.r="nil": 10→6 20→8'],
  ]);
});

test('quantiles and histograms have buckets of powers of two', () => {
  const [low, high] = [2 ** 31 / 1e9, 2 ** 32 / 1e9];
  check([
    [
      '{ resource.service.name = "web" } | histogram_over_time(duration)',
      `__bucket=${low}: 10→1 20→0 30→0`,
      `__bucket=${high}: 10→1 20→0 30→0`,
    ],
    [
      '{ } | histogram_over_time(.n) by(name)',
      'name="A" __bucket=4.0: 10→1 20→0 30→0',
      'name="B" __bucket=8.0: 10→1 20→0 30→0',
    ],
    [
      '{ resource.service.name = "web" } | quantile_over_time(duration, 0.5, 1)',
      `p=0.5: 10→${Number(low.toFixed(6))} 20→0 30→0`,
      `p=1.0: 10→${Number(high.toFixed(6))} 20→0 30→0`,
    ],
    ['{ } | quantile_over_time(.n, 0.25)', `p=0.25: 10→4 20→0 30→0`],
    ['{ } | histogram_over_time(.n) by(.missing)', '__bucket=4.0: 10→1 20→0 30→0', '__bucket=8.0: 10→1 20→0 30→0'],
    ['{ } | quantile_over_time(.n, 1) by(.missing)', 'p=1.0: 10→8 20→0 30→0'],
    ['{ } | histogram_over_time(.f)'],
    ['{ } | max_over_time(name)'],
    ['{ } | quantile_over_time(status, 0.5)'],
  ]);
});

test('a quantile grows from the bucket before, of those that hold something', () => {
  const values = traceFromText(`
    s A |====| {n=4}
      s B | =  | {n=1000}
      s C |  = | {n=1000}
  `);
  const query = parseQuery('{ } | quantile_over_time(.n, 0, 0.5, 1)');
  const start = values.spans[0].startUnixNanos - 1n;
  const range = { startUnixNanos: start, endUnixNanos: start + 100_000_000n, stepNanos: 100_000_000n, exemplars: 0 };
  const metrics = startMetrics(query, range);
  metrics.observe(values);
  // Rank 2 of 3 is the first of two above 4 and up to 1024: halfway on the scale of powers. Rank 1 uses its bucket up.
  assert.deepEqual(
    metrics.finish().map(({ samples }) => samples[0].value),
    [4, 64, 1024]
  );
});

test('second stages', () => {
  check([
    [
      '{ } | count_over_time() by(name) | topk(1)',
      'name="A": 10→1 20→0 30→0'.replace(' 20→0 30→0', ''),
      'name="C": 20→1',
      'name="D": 30→1',
    ],
    [
      '{ } | count_over_time() by(resource.service.name) | bottomk(1)',
      'resource.service.name="db": 10→0',
      'resource.service.name="web": 20→0 30→0',
    ],
    ['{ name = "A" } | count_over_time() by(name) | bottomk(1)', 'name="A": 10→1 20→0 30→0'],
    ['{ name =~ "C|D" } | count_over_time() by(name) | bottomk(1)', 'name="C": 30→0', 'name="D": 10→0 20→0'],
    [
      '{ } | count_over_time() by(resource.service.name) | topk(5)',
      'resource.service.name="db": 10→0 20→1 30→1',
      'resource.service.name="web": 10→2 20→0 30→0',
    ],
    ['{ } | count_over_time() > 1', '__name__="count_over_time": 10→2'],
    ['{ } | max_over_time(duration) > 4s', '__name__="max_over_time": 20→8'],
    ['{ } | count_over_time() by(name) != 0 | topk(1)', 'name="A": 10→1', 'name="C": 20→1', 'name="D": 30→1'],
  ]);
});

test('arithmetic between metrics', () => {
  check([
    ['({ status = error } | rate()) / ({ } | rate())', '__name__="(rate / rate)": 10→0.5 20→0 30→0'],
    ['({ } | count_over_time()) * 2', '__name__="count_over_time": 10→4 20→2 30→2'],
    ['1 - ({ name = "A" } | count_over_time())', '__name__="count_over_time": 10→0 20→1 30→1'],
    [
      '({ } | count_over_time()) / ({ name = "A" } | count_over_time())',
      '__name__="(count_over_time / count_over_time)": 10→2',
    ],
    [
      '({ } | count_over_time() by(name)) / ({ } | count_over_time())',
      ...['A: 10→0.5 20→0 30→0', 'B: 10→0.5 20→0 30→0', 'C: 10→0 20→1 30→0', 'D: 10→0 20→0 30→1'].map(
        (row) => `name="${row[0]}"${row.slice(1)}`
      ),
    ],
    ['({ name = "A" } | rate() by(name)) + ({ } | rate() by(status))'],
    ['(({ } | rate()) + 1) > 1.1', '__name__="rate": 10→1.2'],
  ]);
});

test('compare counts values inside and outside the selection', () => {
  const series = show(run('{ name != "D" } | compare({ status = error }, 1)', { instant: true }));
  for (const expected of [
    '__meta_type="baseline" span.code=200: 30→2',
    '__meta_type="selection" span.code=500: 30→1',
    '__meta_type="baseline_total" span.code=nil: 30→2',
    '__meta_type="selection_total" resource.service.name=nil: 30→1',
    '__meta_type="baseline" resource.service.name="db": 30→1',
    '__meta_type="baseline" statusMessage="": 30→2',
    '__meta_type="selection_total" span:childCount=nil: 30→1',
    '__meta_type="selection" instrumentation:name="": 30→1',
  ]) {
    assert(series.includes(expected), `${expected} in\n${series.join('\n')}`);
  }
  assert(
    !series.some((each) => each.includes('__meta_type="baseline" resource.service.name="web"')),
    'only the top value'
  );
});

test('instant queries have one sample at the end', () => {
  assert.deepEqual(show(run('{ } | rate()', { instant: true })), ['__name__="rate": 30→0.133333']);
  assert.deepEqual(run('{ } | rate()', { instant: true, exemplars: 10 })[0].exemplars, []);
});

test('exemplars: one per trace, with what the query reads', () => {
  const exemplars = run('{ .code = 200 } | max_over_time(duration)', { exemplars: 10 }).flatMap(
    (series) => series.exemplars
  );
  assert.deepEqual(
    exemplars.map(
      ({ labels, value }) => `${labels.map(([name, label]) => `${name}=${printStatic(label)}`).join(' ')} → ${value}`
    ),
    [
      '.code=200 duration=4s trace:id="00000000000000000000000000000001" → 4',
      '.code=200 duration=8s trace:id="00000000000000000000000000000003" → 8',
    ]
  );
  assert.equal(run('{ } | rate() with (exemplars = 1)', { exemplars: 10 })[0].exemplars.length, 1);
  assert.equal(run('{ } | rate() with (exemplars = false)', { exemplars: 10 })[0].exemplars.length, 0);
  assert.equal(run('{ } | rate()', { exemplars: 10 })[0].exemplars[0].value, 0.2);
});

test('which spans become exemplars does not depend on the order of traces', () => {
  const random = seededRandom(3);
  const traces = randomTraces(random, { traceCount: 60 });
  const range = {
    startUnixNanos: randomBaseUnixNanos - 1n,
    endUnixNanos: randomBaseUnixNanos + 40_000_000_000n,
    stepNanos: 1_000_000_000n,
  };
  const chosen = (order: typeof traces): unknown => {
    const run = startMetrics(parseQuery('{ } | rate() by (name)'), { ...range, exemplars: 9 });
    order.forEach((trace) => run.observe(trace));
    return run.finish().map(({ labels, exemplars }) => [labels, exemplars]);
  };
  const forwards = chosen(traces) as [unknown, unknown[]][];
  const count = forwards.reduce((sum, [, exemplars]) => sum + exemplars.length, 0);
  assert.ok(count >= 4 && count <= 9, `${count} exemplars`);
  assert.deepEqual(chosen(traces.toReversed()), forwards);
});

test('many series are finished with looks at who waits in between', () => {
  const query = parseQuery('{ } | rate() by (span.n)');
  validateQuery(query);
  const range = { startUnixNanos: base, endUnixNanos: base + 30n * second, stepNanos: 10n * second, exemplars: 0 };
  const runWith = (poll: () => void) => {
    const run = startMetrics(query, range, poll);
    for (let n = 0; n < 2000; n++) {
      run.observe(traceFromText(`web A | == | {n=${n}}`, { columnNanos: second, traceId: (n + 1).toString(16) }));
    }
    return run;
  };
  let looks = 0;
  assert.equal(runWith(() => void looks++).finish().length, 2000);
  assert.ok(looks > 2000 / 300, `${looks} looks`);
  let gone = false;
  const leaves = (): void => {
    if (gone) {
      throw new Error('nobody waits');
    }
  };
  const left = runWith(leaves);
  gone = true;
  assert.throws(() => left.finish(), /nobody waits/);
  assert.throws(() => runWith(leaves), /nobody waits/, 'spans are looked at with looks in between too');
});
