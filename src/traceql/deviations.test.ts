/** The closed list of `docs/traceql.md`: where we answer otherwise than Tempo, on purpose. Numbers are those of the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeTrace } from '../trace/merge.ts';
import { traceFromText } from '../trace/text.ts';
import { QueryError } from './errors.ts';
import { evaluateTrace } from './evaluate.ts';
import { printStatic } from './literals.ts';
import { matchTrace } from './match.ts';
import { startMetrics } from './metrics.ts';
import { parseQuery } from './parser.ts';
import { validateQuery } from './validate.ts';

const trace = traceFromText(`
  s A |====| {i=200 f=200.0 z=0 arr=[1] instrumentation.scoped=3}
    * e @1 {evented=1}
    -> aa/bb {linked=2}
    s B | =  |
`);

function names(text: string, over = trace): string {
  const query = parseQuery(text);
  validateQuery(query);
  return evaluateTrace(query, over)
    .flatMap(({ spans }) => spans.map((index) => over.spans[index].name))
    .join('');
}

test('1: a trace is evaluated whole, however its fragments came', () => {
  const whole = mergeTrace(trace.traceId, [[trace.spans[1]], [trace.spans[0]], [trace.spans[1]]]);
  assert.equal(names('{ name = "A" } > { rootName = "A" }', whole), 'B');
});

test('2: numbers compare by value, whatever their type', () => {
  assert.equal(names('{ .f = 200 && .i = 200.0 && .i = 200ns }'), 'A');
});

test('3: conditions under `!` are not pushed down', () => {
  assert.equal(names('{ !(.missing != nil) }'), 'AB');
});

test('4: unscoped attributes are looked up in every scope', () => {
  assert.equal(names('{ .evented = 1 && .linked = 2 && .scoped = 3 }'), 'A');
  const shadowed = traceFromText('s A |==| {x=1 resource.x=2}');
  assert.equal(names('{ .x > 1 }', shadowed) + names('{ .x = 1 }', shadowed), 'A');
});

test('5: division by zero in a span makes no value, not an error', () => {
  assert.equal(names('{ .i / .z = nil }'), 'AB');
  assert.equal(names('{ .i % .z != 1 }'), '');
});

test('6: two arrays do not compare, without an error', () => {
  assert.equal(names('{ .arr = .arr || .arr != .arr }'), '');
});

test('7: a structural operator behind by() is refused before the query runs', () => {
  assert.throws(() => validateQuery(parseQuery('{ } | by(name) | { } > { }')), QueryError);
});

test('8: aggregates compare with aggregates and take part in arithmetic; a pipeline in parentheses may be a stage', () => {
  assert.equal(names('{ } | max(duration) > min(duration) * 2'), 'AB');
  assert.equal(names('{ } | 1 < count()'), 'AB');
  assert.equal(names('({ } | count() = 2) | { name = "A" }'), 'A');
});

test('9: sampling hints do not make answers approximate', () => {
  const query = parseQuery('{ } | count_over_time() with (sample = 0.01)');
  const start = trace.spans[0].startUnixNanos - 1n;
  const metrics = startMetrics(query, {
    startUnixNanos: start,
    endUnixNanos: start + 100_000_000n,
    stepNanos: 100_000_000n,
    exemplars: 0,
  });
  metrics.observe(trace);
  assert.equal(metrics.finish()[0].samples[0].value, 2);
});

/** Labels and values of an instant query over one trace. */
function instant(text: string, over = trace): string[] {
  const query = parseQuery(text);
  validateQuery(query);
  const start = over.spans[0].startUnixNanos - 1n;
  const metrics = startMetrics(query, {
    startUnixNanos: start,
    endUnixNanos: start + 100_000_000n,
    stepNanos: 100_000_000n,
    exemplars: 0,
  });
  metrics.observe(over);
  return metrics
    .finish()
    .map(
      ({ labels, samples }) =>
        `${labels.map(([name, label]) => `${name}=${printStatic(label)}`).join(' ')}: ${samples[0].value}`
    );
}

test('13: durations are seconds in every metric', () => {
  const [ofSpan] = instant('{ } | max_over_time(duration)');
  assert.deepEqual(instant('{ } | max_over_time(traceDuration)'), [ofSpan]);
});

const rootless = traceFromText(`
  s A |====| {parent=ff}
    s B | =  | {text="t"}
    s C |  = |
`);

test('14: children are counted without a root; siblings are numbered by start', () => {
  assert.equal(names('{ span:childCount = 2 }', rootless), 'A');
  assert.equal(names('{ nestedSetLeft = 2 }'), 'B');
});

test('15: spans without connection to a root answer negated structural operators', () => {
  assert.equal(names('{ } !> { }', rootless), 'ABC');
  assert.equal(names('{ name = "A" } !>> { name != "" }', rootless), 'ABC');
});

test('16: what is missing is left out, an unscoped attribute is shown once', () => {
  const shown = (text: string): string[] =>
    matchTrace(parseQuery(text), trace, 3)!.spansets[0].spans.map(({ attributes }) =>
      attributes.map(([name, value]) => `${name}=${printStatic(value)}`).join(' ')
    );
  assert.deepEqual(shown('{ .i = nil } | select(event:name, link:traceID, span:parentID, .missing)'), [
    `span:parentID="${trace.spans[0].spanId}"`,
  ]);
  assert.deepEqual(shown('{ .i = 200 }'), ['i=200']);
  assert.deepEqual(
    instant('{ } | compare({ name = "A" })').filter(
      (series) => /="?nil"?: /.test(series) && !series.includes('_total')
    ),
    []
  );
});

test('17: an operator on a value it does not take gives nil, not an error', () => {
  assert.equal(names('{ !span.text || span.text + 1 = 2 || -span.text < 0 }', rootless), '');
});

test('18: a quantile lies within its bucket', () => {
  const values = traceFromText(`
    s A |====| {n=4}
      s B | =  | {n=1000}
      s C |  = | {n=1000}
  `);
  // Rank 2 of 3 is the first of two in (512, 1024]: halfway on the scale of powers.
  assert.deepEqual(instant('{ } | quantile_over_time(.n, 0.5)', values), [`p=0.5: ${512 * Math.SQRT2}`]);
});

test('19: ids have all their digits; functions of a text are refused', () => {
  assert.equal(names('{ span:parentID = "1" || span:id = "1" }'), '');
  assert.deepEqual(instant('{ name = "A" } | count_over_time() by (trace:id)'), [`trace:id="${trace.traceId}": 1`]);
  assert.throws(() => validateQuery(parseQuery('{ } | max_over_time(name)')), QueryError);
});

test('20: the earliest root names the trace, the first of a repeated key counts', () => {
  const [a, b] = traceFromText(`
    s A |==| {x=1}
    s B  |==|
  `).spans;
  const twice = { ...a, attributes: [...a.attributes, { key: 'x', value: { type: 'int', value: 2n } as const }] };
  const early = { ...b, parentSpanId: '', startUnixNanos: a.startUnixNanos - 1n };
  const both = mergeTrace(a.traceId, [[twice, early]]);
  assert.equal(names('{ rootName = "B" }', both).length, 2);
  assert.equal(names('{ .x = 2 }', both) + names('{ .x = 1 }', both), 'A');
});
