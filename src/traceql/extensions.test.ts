/** What the language has beyond Tempo's: chapter "Extensions" of `docs/traceql.md`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import type { Trace } from '../trace/model.ts';
import { traceFromText } from '../trace/text.ts';
import { parseAttribute } from './attributes.ts';
import { complete } from './complete.ts';
import { conditionsOf, fieldsOf } from './conditions.ts';
import { QueryError } from './errors.ts';
import { evaluateTrace } from './evaluate.ts';
import { matchTrace } from './match.ts';
import type { TraceMatch } from './match.ts';
import { startMetrics } from './metrics.ts';
import { traceOrder } from './order.ts';
import { parseQuery } from './parser.ts';
import { randomQuery, randomTraces } from './testing.ts';
import { validateQuery } from './validate.ts';

const trace = traceFromText(`
  front GET   |==========| {x=1}
    cart add   | ====    | {x=2}
      db sql   |  ==     |
    cart list  |     ==  | {x=1}
`);

function valid(text: string): ReturnType<typeof parseQuery> {
  const query = parseQuery(text);
  validateQuery(query);
  return query;
}

function names(text: string, over: Trace = trace): string {
  return evaluateTrace(valid(text), over)
    .map(({ spans }) => spans.map((index) => over.spans[index].name).join(' '))
    .join(' / ');
}

test('`parent.` reads attributes of the parent, `parent:` its intrinsics', () => {
  assert.equal(names('{ parent.x = 1 }'), 'add list');
  assert.equal(names('{ parent.resource.service.name = "cart" }'), 'sql');
  assert.equal(names('{ parent.span.x = 2 && name = "sql" }'), 'sql');
  assert.equal(names('{ parent:name = "GET" }'), 'add list');
  assert.equal(names('{ parent:childCount = 2 && span:parentID = parent:id }'), 'add list');
  assert.equal(names('{ resource.service.name != parent.resource.service.name }'), 'add sql list');
  assert.equal(names('{ duration * 3 < parent:duration }'), 'list');
});

test('what a parent lacks is nil, and so is everything of no parent', () => {
  assert.equal(names('{ parent:name = nil }'), 'GET');
  assert.equal(names('{ parent.x = nil }'), 'GET');
  assert.equal(names('{ parent.missing = nil }'), 'GET add sql list');
  assert.equal(names('{ parent.x != 1 }'), 'sql');
});

test('a parent counts where no root connects the two', () => {
  const orphans = traceFromText(`
    s A |====| {parent=ff x=1}
      s B | = |
  `);
  assert.equal(names('{ parent.x = 1 }', orphans), 'B');
  assert.equal(names('{ parent:id != nil }', orphans), 'B');
});

test('metrics by the caller, groups and shown attributes read parents too', () => {
  assert.equal(names('{ } | by(parent:name) | count() > 1'), 'add list');
  const [spanset] = matchTrace(valid('{ name = "add" } | select(parent.x, parent:name)'), trace, 3)!.spansets;
  assert.deepEqual(spanset.spans[0].attributes, [
    ['parent.x', { type: 'int', value: 1n }],
    ['parent:name', { type: 'string', value: 'GET' }],
  ]);
  const start = trace.spans[0].startUnixNanos - 1n;
  const range = {
    startUnixNanos: start,
    endUnixNanos: start + 1_000_000_000n,
    stepNanos: 1_000_000_000n,
    exemplars: 0,
  };
  const metrics = startMetrics(
    valid('{ parent:id != nil } | count_over_time() by (parent.resource.service.name)'),
    range
  );
  metrics.observe(trace);
  assert.deepEqual(
    metrics.finish().map(({ labels, samples }) => [labels, samples[0].value]),
    [
      [[['parent.resource.service.name', { type: 'string', value: 'cart' }]], 1],
      [[['parent.resource.service.name', { type: 'string', value: 'front' }]], 2],
    ]
  );
});

test('conditions on a parent prune by the parent', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(conditionsOf(valid('{ parent.span.x = 1 && kind = server }')), bigints)), {
    kind: 'and',
    conditions: [
      { kind: 'some-span', condition: leaf({ kind: 'intrinsic', name: 'kind' }, { type: 'kind', value: 'server' }) },
      {
        kind: 'some-span',
        condition: leaf({ kind: 'attribute', scope: 'span', name: 'x' }, { type: 'int', value: '1' }),
        isParent: true,
      },
    ],
  });
  assert.equal(conditionsOf(valid('{ parent.x = 1 || kind = server }')).kind, 'true');
  assert.deepEqual(fieldsOf(valid('{ parent.x = parent.x }')).length, 1);
});

function leaf(field: object, operand: object): object {
  return { kind: 'leaf', field, op: '=', operand };
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

test('`!&&` keeps the left side of traces without the right side', () => {
  assert.equal(names('{ name = "add" } !&& { status = error }'), 'add');
  assert.equal(names('{ name = "add" } !&& { name = "sql" }'), '');
  assert.equal(names('{ } !&& { name = "none" }'), 'GET add sql list');
  assert.equal(names('{ name = "none" } !&& { name = "sql" }'), '');
  assert.equal(names('{ name = "add" } !&& ({ } | count() > 9) && { name = "sql" }'), 'add sql');
  // Behind a filter, and in each group, only the spans handed on are looked at.
  assert.equal(names('{ .x = 1 } | { } !&& { name = "sql" }'), 'GET list');
  assert.equal(names('{ } | by(resource.service.name) | { } !&& { name = "add" }'), 'GET / sql');
});

test('`!&&` is the negation of `&&`, on random traces', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const [a, b] = [0, 1].map(() => randomQuery(random, { kind: 'search' }).text.replace(/ \| sort\(.*$/, ''));
    for (const each of randomTraces(random)) {
      const spans = (text: string): readonly number[] => {
        const found = evaluateTrace(valid(text), each).flatMap((spanset) => spanset.spans);
        return [...new Set(found)].sort((x, y) => x - y);
      };
      const [left, right] = [spans(`(${a})`), spans(`(${b})`)];
      assert.deepEqual(spans(`(${a}) !&& (${b})`), right.length > 0 ? [] : left, `seed ${seed}: ${a} !&& ${b}`);
    }
  }
});

test('sort() orders traces by a value, what has none last, then the newest', () => {
  for (let seed = 0; seed < 50; seed++) {
    const traces = randomTraces(seededRandom(seed), { traceCount: 20 });
    const sorted = (text: string): TraceMatch[] => {
      const query = valid(text);
      const matches = traces.map((each) => matchTrace(query, each, 1)).filter((match) => match !== undefined);
      return matches.sort(traceOrder(query));
    };
    const durations = sorted('{ } | sort(max(traceDuration))').map((match) => match.durationNanos);
    assert.deepEqual(
      durations,
      [...durations].sort((a, b) => Number(b - a)),
      `seed ${seed}`
    );
    const counts = sorted('{ } | by(name) | sort(count(), asc)').map((match) =>
      Math.min(...match.spansets.map((spanset) => spanset.matched))
    );
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
      `seed ${seed}`
    );
    for (const order of ['', ', asc']) {
      const values = sorted(`{ } | sort(sum(span.x)${order})`).map((match) => match.sortValue?.type === 'nil');
      assert(!values.join(' ').includes('true false'), `seed ${seed}: a trace without a value is not last`);
    }
    const newest = sorted('{ } | sort(count() * 0)').map((match) => match.traceId);
    assert.deepEqual(
      newest,
      sorted('{ }').map((match) => match.traceId),
      `seed ${seed}: ties come newest first`
    );
  }
});

test('sort() shows what it sorted by', () => {
  const [spanset] = matchTrace(valid('{ } | sort(count() * 2)'), trace, 1)!.spansets;
  assert.deepEqual(spanset.attributes, [
    ['count()', { type: 'int', value: 4n }],
    ['count() * 2', { type: 'int', value: 8n }],
  ]);
});

test('what has no meaning is refused', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['{ } | sort(count()) | { .x = 1 }', /orders the answer of a search/],
    ['({ } | sort(count())) && { }', /orders the answer of a search/],
    ['{ } | sort(count()) | rate()', /orders the answer of a search/],
    ['{ } | sort(1 + 1)', /the same for every trace/],
    ['{ } | sort(max(name))', /a number is needed/],
    ['{ } | sort(({ } | count()))', /sees the spansets in front of it/],
    ['{ parent:name = 1 }', /does not compare/],
    ['{ parent.x + 1 }', /true or false/],
    ['{ } | by(name) | { } !&& ({ } > { })', /works on one spanset/],
  ];
  for (const [text, message] of refused) {
    assert.throws(
      () => valid(text),
      (error) => error instanceof QueryError && message.test(error.message),
      text
    );
  }
  // Values are looked up of the attribute itself, not of parents.
  assert.equal(parseAttribute('parent.x'), undefined);
  assert.equal(parseAttribute('parent:name'), undefined);
});

test('the editor offers them', () => {
  const known = { names: new Map(), valuesOf: () => undefined };
  const labels = (text: string): readonly string[] =>
    complete(text, text.length, known).candidates.map(({ label }) => label);
  assert(labels('{ par').includes('parent.'));
  assert(labels('{ parent:na').includes('parent:name'));
  assert(labels('{ } ').includes('!&&'));
  assert(labels('{ } | so').includes('sort()'));
});

test('aggregates compare with aggregates and take part in arithmetic; a pipeline in parentheses may be a stage', () => {
  assert.equal(names('{ } | max(duration) > min(duration) * 2'), 'GET add sql list');
  assert.equal(names('{ } | 1 < count()'), 'GET add sql list');
  assert.equal(names('({ } | count() = 4) | { name = "sql" }'), 'sql');
});
