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
  assert.deepEqual(shown('{ .i = 200 }'), ['i=200']);
});

test('8: no value of a span makes a query fail', () => {
  assert.equal(names('{ .i / .z = nil }'), 'AB');
  assert.equal(names('{ .i % .z != 1 }'), '');
  assert.equal(names('{ .arr = .arr || .arr != .arr }'), '');
  assert.equal(names('{ !span.text || span.text + 1 = 2 || -span.text < 0 }', rootless), '');
  assert.throws(() => validateQuery(parseQuery('{ } | by(name) | { } > { }')), QueryError);
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

test('14: children are counted without a root', () => {
  assert.equal(names('{ span:childCount = 2 }', rootless), 'A');
});

test('15: spans without connection to a root answer negated structural operators', () => {
  assert.equal(names('{ } !> { }', rootless), 'ABC');
  assert.equal(names('{ name = "A" } !>> { name != "" }', rootless), 'ABC');
});

const shown = (text: string): string[] =>
  matchTrace(parseQuery(text), trace, 3)!.spansets[0].spans.map(({ attributes }) =>
    attributes.map(([name, value]) => `${name}=${printStatic(value)}`).join(' ')
  );

test('10: what is missing is left out', () => {
  assert.deepEqual(shown('{ name = "B" } | select(event:name, link:traceID, span:parentID, .missing)'), [
    `span:parentID="${trace.spans[0].spanId}"`,
  ]);
  assert.deepEqual(
    instant('{ } | compare({ name = "A" })').filter(
      (series) => /="?nil"?: /.test(series) && !series.includes('_total')
    ),
    []
  );
});

test('12: ids have all their digits', () => {
  assert.deepEqual(instant('{ name = "A" } | count_over_time() by (trace:id)'), [`trace:id="${trace.traceId}": 1`]);
});

const [a, b] = traceFromText(`
  s A |==| {x=1}
  s B  |==|
`).spans;

test('1: the earliest of several roots names the trace, siblings are numbered by start', () => {
  const early = { ...b, parentSpanId: '', startUnixNanos: a.startUnixNanos - 1n };
  assert.equal(names('{ rootName = "B" }', mergeTrace(a.traceId, [[a, early]])).length, 2);
  assert.equal(names('{ nestedSetLeft = 2 }'), 'B');
});

test('11: the first of a repeated key counts', () => {
  const twice = { ...a, attributes: [...a.attributes, { key: 'x', value: { type: 'int', value: 2n } as const }] };
  const trace = mergeTrace(a.traceId, [[twice]]);
  assert.equal(names('{ .x = 2 }', trace) + names('{ .x = 1 }', trace), 'A');
});

test('16: a sum passes over spans without the attribute', () => {
  const sparse = traceFromText(`
    s A |====| {x=1}
      s B | =  |
      s C |  = | {x=2}
  `);
  assert.deepEqual(instant('{ } | sum_over_time(.x)', sparse), ['__name__="sum_over_time": 3']);
});

test('17: a compared attribute counts once for a span, also where a filter reads it', () => {
  const series = instant('{ kind = unspecified } | compare({ name = "A" })', trace).filter((text) =>
    text.includes('kind=')
  );
  assert.ok(series.length > 0);
  series.forEach((text) => assert.match(text, /: 1$/));
});

test('18: both sides of `&>>` and `&<<` are answered', () => {
  const branches = traceFromText(`
    s A |========|
      s B | ===    |
        s C | =     |
      s D |     == |
        s E |     =  |
  `);
  assert.equal(names('{ name = "A" || name = "D" } &>> { name = "C" || name = "E" }', branches), 'ACDE');
  assert.equal(names('{ name = "C" || name = "E" } &<< { name = "B" || name = "D" }', branches), 'BCDE');
});

test('19: a comparison may begin with the literal', () => {
  for (const [turned, plain] of [
    ['1 < .i', '.i > 1'],
    ['200 <= .i', '.i >= 200'],
    ['300 > .i', '.i < 300'],
    ['200 >= .i', '.i <= 200'],
  ]) {
    assert.deepEqual([names(`{ ${turned} }`), names(`{ ${plain} }`)], ['A', 'A'], turned);
  }
});

test('20: arithmetic with what is no number is nil', () => {
  assert.equal(names('{ .i + 1 = nil }') + names('{ .i + 1 != nil }'), 'BA');
  const [spanset] = matchTrace(parseQuery('{ } | max(.i * 2) > 0'), trace, 3)!.spansets;
  assert.deepEqual(spanset.attributes, [['max(.i * 2)', { type: 'int', value: 400n }]]);
  const groups = matchTrace(parseQuery('{ } | by(.i + 1)'), trace, 3)!.spansets.map(
    ({ attributes }) => attributes[0][1]
  );
  assert.deepEqual(groups.map(({ type }) => type).sort(), ['int', 'nil']);
});

test('21: some event has to satisfy a condition, also beside `||`', () => {
  const twice = traceFromText(`
    s A |====|
      * e @1 {n=1}
      * e @2 {n=2}
  `);
  assert.equal(names('{ event.n = 2 || name = "none" }', twice), 'A');
});

test('22: root name and service are told, whatever the query groups by', () => {
  for (const field of ['rootName', 'rootServiceName', 'trace:rootName']) {
    const { rootName, rootServiceName } = matchTrace(parseQuery(`{ } | by(${field})`), trace, 3)!;
    assert.deepEqual([rootName, rootServiceName], ['A', 's'], field);
  }
});
