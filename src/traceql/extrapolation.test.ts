import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceFromText } from '../trace/text.ts';
import { adjustedCount } from './extrapolation.ts';
import { printStatic } from './literals.ts';
import { startMetrics } from './metrics.ts';
import { parseQuery } from './parser.ts';

test('the adjusted count of a trace state', () => {
  const rows: readonly (readonly [state: string, count: number])[] = [
    ['', 1],
    ['ot=th:0', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=th:fd70a3d70a3d71', 100],
    ['congo=t61, ot=th:8;x:y,rojo=00f', 2],
    ['ot=rv:00000000000000', 1],
    ['ot=th:8;rv:1', 1],
    ['ot=th:G', 1],
    ['ot=th:', 1],
    ['ot=th:123456789abcdef', 1],
    ['other=th:8', 1],
  ];
  for (const [state, count] of rows) {
    assert.ok(Math.abs(adjustedCount(state) - count) < 1e-6, `${state}: ${adjustedCount(state)}`);
  }
  // 4/3, rounded by the random value: up below a third.
  assert.equal(adjustedCount('ot=th:4').toFixed(6), '1.333333');
  assert.equal(adjustedCount('ot=th:4;rv:50000000000000'), 2);
  assert.equal(adjustedCount('ot=th:4;rv:60000000000000'), 1);
});

const plain = traceFromText('s A |==| {n=3}\n  s B |=| {n=5}');
const trace = {
  ...plain,
  spans: plain.spans.map((span) => ({ ...span, traceState: span.name === 'A' ? 'ot=th:c' : '' })),
};

function instant(text: string): string[] {
  const startUnixNanos = trace.spans[0].startUnixNanos - 1n;
  const range = {
    startUnixNanos,
    endUnixNanos: startUnixNanos + 1_000_000_000n,
    stepNanos: 1_000_000_000n,
    exemplars: 0,
  };
  const metrics = startMetrics(parseQuery(text), range);
  metrics.observe(trace);
  return metrics
    .finish()
    .map(
      ({ labels, samples }) =>
        `${labels.map(([, value]) => printStatic(value).replaceAll('"', '')).join(' ')} ${samples[0].value}`
    );
}

test('spans count as often as those they stand for, when the query wants it', () => {
  const rows: readonly (readonly [query: string, plain: string[], weighed: string[]])[] = [
    ['{ } | count_over_time()', ['count_over_time 2'], ['count_over_time 5']],
    ['{ } | rate() by (name)', ['A 1', 'B 1'], ['A 4', 'B 1']],
    ['{ } | sum_over_time(.n)', ['sum_over_time 8'], ['sum_over_time 17']],
    ['{ } | avg_over_time(.n)', ['avg_over_time 4'], ['avg_over_time 3.4']],
    ['{ } | min_over_time(.n)', ['min_over_time 3'], ['min_over_time 3']],
    ['{ } | max_over_time(.n)', ['max_over_time 5'], ['max_over_time 5']],
    ['{ } | histogram_over_time(.n)', ['4.0 1', '8.0 1'], ['4.0 4', '8.0 1']],
    ['{ } | quantile_over_time(.n, 0.5)', ['0.5 4'], ['0.5 3.363585661014858']],
    ['({ } | count_over_time()) * 2', ['count_over_time 4'], ['count_over_time 10']],
  ];
  for (const [query, unweighed, weighed] of rows) {
    assert.deepEqual(instant(query), unweighed, query);
    assert.deepEqual(instant(`${query} with (extrapolate = false)`), unweighed, query);
    assert.deepEqual(instant(`${query} with (extrapolate = true)`), weighed, query);
  }
  const compared = instant('{ } | compare({ name = "A" }) with (extrapolate = true)');
  assert.ok(compared.includes('selection A 4') && compared.includes('baseline B 1'), compared.join('\n'));
});
