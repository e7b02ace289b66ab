import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import type { Trace } from '../trace/model.ts';
import type { SpanCondition, TraceCondition } from './conditions.ts';
import { conditionsOf, fieldsOf } from './conditions.ts';
import { printField } from './attributes.ts';
import { evaluateTrace } from './evaluate.ts';
import { fieldValues, TraceFacts } from './fields.ts';
import { printStatic } from './literals.ts';
import { startMetrics } from './metrics.ts';
import { parseQuery } from './parser.ts';
import { printQuery } from './printer.ts';
import { randomBaseUnixNanos, randomQuery, randomTraces } from './testing.ts';

function show(condition: TraceCondition | SpanCondition): string {
  switch (condition.kind) {
    case 'true':
      return 'true';
    case 'some-span':
      return `some(${show(condition.condition)})`;
    case 'leaf':
      return condition.op === 'exists'
        ? `${printField(condition.field)} exists`
        : `${printField(condition.field)} ${condition.op} ${printStatic(condition.operand)}`;
    default:
      return `${condition.kind}(${condition.conditions.map(show).join(', ')})`;
  }
}

const cases: readonly (readonly [query: string, condition: string])[] = [
  ['{ }', 'true'],
  ['{ true }', 'true'],
  ['{ false }', 'some(or())'],
  ['{ .a = 1 && span.b != "x" || .c }', 'some(or(and(.a = 1, span.b != "x"), .c = true))'],
  ['{ 1 < .a }', 'some(.a > 1)'],
  ['{ duration > 2 * 1s }', 'some(duration > 2000000000.0)'],
  ['{ .a =~ "x.*" && name !~ "y" }', 'some(and(.a =~ "x.*", name !~ "y"))'],
  ['{ .a != nil && .b = nil }', 'some(.a exists)'],
  ['{ .a = nil || .b = 1 }', 'true'],
  ['{ !(.a = 1) }', 'true'],
  ['{ !(.a = 1) && .b = 1 }', 'some(.b = 1)'],
  ['{ .a > .b + 1 }', 'some(and(.a exists, .b exists))'],
  ['{ .a } && { .b }', 'and(some(.a = true), some(.b = true))'],
  ['{ .a } || { .b }', 'or(some(.a = true), some(.b = true))'],
  ['{ .a } || { }', 'true'],
  ['{ .a } > { .b }', 'and(some(.a = true), some(.b = true))'],
  ['{ .a } !> { .b }', 'some(.b = true)'],
  ['{ .a } | count() > 1 | { .b }', 'and(some(.a = true), some(.b = true))'],
  ['({ .a } | count()) > 1', 'some(.a = true)'],
  ['({ .a } | rate()) / ({ .b } | rate())', 'or(some(.a = true), some(.b = true))'],
];

test('conditions of queries', () => {
  for (const [query, expected] of cases) {
    assert.equal(show(conditionsOf(parseQuery(query))), expected, query);
  }
});

test('fields of queries, in the order of the text', () => {
  const fields = fieldsOf(parseQuery('{ .a = span.b || !name } | by(.a) | avg(duration) > 1s | select(event.e)'));
  assert(fields !== 'all');
  assert.deepEqual(fields.map(printField), ['.a', 'span.b', 'name', 'duration', 'event.e']);
  assert.equal(fieldsOf(parseQuery('{ .a } | compare({ .b })')), 'all');
});

function holds(condition: TraceCondition, trace: Trace): boolean {
  switch (condition.kind) {
    case 'true':
      return true;
    case 'and':
      return condition.conditions.every((each) => holds(each, trace));
    case 'or':
      return condition.conditions.some((each) => holds(each, trace));
    case 'some-span': {
      const facts = new TraceFacts(trace);
      const onSpan = (each: SpanCondition, index: number): boolean => {
        switch (each.kind) {
          case 'true':
            return true;
          case 'and':
            return each.conditions.every((inner) => onSpan(inner, index));
          case 'or':
            return each.conditions.some((inner) => onSpan(inner, index));
          case 'leaf':
            return fieldValues(each.field, trace.spans[index], trace, facts).some((value) => each.accepts(value));
        }
      };
      return trace.spans.some((_, index) => onSpan(condition.condition, index));
    }
  }
}

test('conditions are necessary: a trace that answers satisfies them', () => {
  let answered = 0;
  let pruned = 0;
  for (let seed = 0; seed < 800; seed++) {
    const random = seededRandom(seed);
    const query = randomQuery(random, { kind: 'search' });
    const condition = conditionsOf(query);
    for (const trace of randomTraces(random, { traceCount: 3 })) {
      const satisfied = holds(condition, trace);
      pruned += satisfied ? 0 : 1;
      if (evaluateTrace(query, trace).length > 0) {
        answered++;
        assert(
          satisfied,
          `seed ${seed}: ${printQuery(query)} answers trace ${trace.traceId}, but ${show(condition)} does not hold`
        );
      }
    }
  }
  assert(answered > 300 && pruned > 300, `${answered} answered, ${pruned} pruned: the test tests little`);
});

test('conditions are necessary for metrics too', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const query = randomQuery(random, { kind: 'metrics' });
    const condition = conditionsOf(query);
    const range = {
      startUnixNanos: randomBaseUnixNanos - 1n,
      endUnixNanos: randomBaseUnixNanos + 20_000_000_000n,
      stepNanos: 5_000_000_000n,
      exemplars: 0,
    };
    const all = startMetrics(query, range);
    const some = startMetrics(query, range);
    for (const trace of randomTraces(random, { traceCount: 4 })) {
      all.observe(trace);
      if (holds(condition, trace)) {
        some.observe(trace);
      }
    }
    assert.deepEqual(some.finish(), all.finish(), `seed ${seed}: ${printQuery(query)}`);
  }
});
