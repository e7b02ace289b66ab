import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceFromText } from '../trace/text.ts';
import { printStatic } from './literals.ts';
import type { NamedStatic } from './match.ts';
import { matchTrace, missingRootServiceName, traceSummary } from './match.ts';
import { parseQuery } from './parser.ts';

const trace = traceFromText(`
  web A |==========| {http.status_code=500 status=error x=1 resource.x=1 resource.zone=eu}
    db B | ====     | {http.status_code=200 kind=client}
      * exception @1 {type=first}
      * exception @2 {type=second}
    web C  |  ==      | {id=0 parent=1 http.status_code=200}
`);

function show(attributes: readonly NamedStatic[]): string {
  return attributes.map(([name, value]) => `${name}=${printStatic(value)}`).join(' ');
}

/** Attributes of the first spanset's spans. */
function attributesOf(query: string): string[] {
  return matchTrace(parseQuery(query), trace, 3)!.spansets[0].spans.map((span) => show(span.attributes));
}

test('a match tells root, time, services and the first spans of each spanset', () => {
  const match = matchTrace(
    parseQuery('{ .http.status_code = 200 } | by(resource.service.name) | count() > 0'),
    trace,
    1
  )!;
  const base = 1_700_000_000_000_000_000n;
  assert.equal(match.rootServiceName, 'web');
  assert.equal(match.rootName, 'A');
  assert.equal(match.startUnixNanos, base);
  assert.equal(match.durationNanos, 10_000_000n);
  assert.deepEqual(
    [...match.serviceStats],
    [
      ['db', { spanCount: 1, errorCount: 0 }],
      ['web', { spanCount: 2, errorCount: 1 }],
    ]
  );
  assert.deepEqual(
    match.spansets.map((spanset) => [spanset.matched, show(spanset.attributes), spanset.spans.length]),
    [
      [1, 'by(resource.service.name)="db" count()=1', 1],
      [1, 'by(resource.service.name)="web" count()=1', 1],
    ]
  );
  assert.equal(matchTrace(parseQuery('{ .http.status_code = 404 }'), trace, 3), undefined);
});

test('`matched` counts all spans, `spans` holds the first by start; 0 means the default', () => {
  const query = parseQuery('{ }');
  assert.deepEqual(
    [0, 1, 2, 100].map((limit) =>
      matchTrace(query, trace, limit)!
        .spansets[0].spans.map((span) => span.spanId.slice(-1))
        .join('')
    ),
    ['120', '1', '12', '120']
  );
  assert.equal(matchTrace(query, trace, 1)!.spansets[0].matched, 3);
});

test('attributes are what the query reads or selects, by bare name', () => {
  assert.deepEqual(attributesOf('{ .http.status_code >= 0 }'), [
    'http.status_code=500',
    'http.status_code=200',
    'http.status_code=200',
  ]);
  assert.deepEqual(
    attributesOf('{ status = error && kind != client } | select(span.x, resource.x, resource.zone, .missing)'),
    ['status=error kind=unspecified x=1 x=1 zone="eu"']
  );
  assert.deepEqual(attributesOf('{ .x = 1 || span.x = 1 }'), ['x=1'], 'an unscoped attribute is no second one');
  assert.deepEqual(
    attributesOf('{ duration > 0s && traceDuration > 0s && rootName != "" && trace:id != "" && span:id != "" }'),
    ['', '', '']
  );
  assert.deepEqual(attributesOf('{ nestedSetParent < 0 && span:childCount = 2 }'), [
    'nestedSetParent=-1 span:childCount=2',
  ]);
});

test('what is only compared is shown where it holds', () => {
  assert.deepEqual(attributesOf('{ status = error || kind = client }'), ['status=error', 'kind=client']);
  assert.deepEqual(attributesOf('{ status = error } >> { kind = client }'), ['kind=client']);
  assert.deepEqual(attributesOf('{ status = error } !< { kind = client }'), ['kind=client']);
  assert.deepEqual(attributesOf('{ status = error } >> { kind = client } | select(status)'), [
    'status=unset kind=client',
  ]);
  assert.deepEqual(attributesOf('{ span.http.status_code = 404 || kind = client }'), ['kind=client']);
  assert.deepEqual(attributesOf('{ span.http.status_code = 404 || kind = client } | by(span.http.status_code)'), [
    'http.status_code=200 kind=client',
  ]);
  assert.deepEqual(attributesOf('{ span.http.status_code = "404" || kind = client }'), ['kind=client']);
});

test('what a query asks the absence of is shown as nil', () => {
  assert.deepEqual(attributesOf('{ span.x = nil }'), ['x=nil', 'x=nil']);
  assert.deepEqual(attributesOf('{ resource.zone = nil || nil = .x }'), ['zone=nil x=nil', 'zone=nil x=nil']);
});

test('of several events, the last that made the span match is shown', () => {
  assert.deepEqual(attributesOf('{ event.type = "second" }'), ['type="second"']);
  assert.deepEqual(attributesOf('{ kind = client } | select(event.type)'), ['kind=client type="second"']);
});

test('of several events, the one is shown that satisfies all that a filter says of it', () => {
  const one = traceFromText(`
    s A |====|
      * hit @1 {n=2}
      * miss @2 {n=3}
      -> aa/bb {n=4}
      -> aa/cc {n=5}
  `);
  const shown = (query: string): string => show(matchTrace(parseQuery(query), one, 3)!.spansets[0].spans[0].attributes);
  assert.equal(shown('{ event.n > 1 && event:name = "hit" }'), 'n=2 event:name="hit"');
  assert.equal(shown('{ event.n > 1 }'), 'n=3');
  assert.equal(shown('{ (event.n = 2 || event.n = 3) && event:name != "miss" }'), 'n=2 event:name="hit"');
  assert.equal(shown('{ event.n > 1 && (event:name = "hit" || kind = server) }'), 'n=2 event:name="hit"');
  assert.equal(shown('{ link.n > 1 && link:spanID = "00000000000000bb" }'), 'n=4 link:spanID="00000000000000bb"');
});

test('what a stage has counted is told beside what the next one counts', () => {
  const [spanset] = matchTrace(parseQuery('{ } | count() > 1 | { kind = client } | count() > 0'), trace, 3)!.spansets;
  assert.equal(show(spanset.attributes), 'count()=3 count()=1');
});

test('names are filled only when read', () => {
  const names = (query: string): readonly unknown[] =>
    matchTrace(parseQuery(query), trace, 3)!.spansets[0].spans.map((span) => span.name);
  assert.deepEqual(names('{ kind = client }'), [undefined]);
  assert.deepEqual(names('{ kind = client && name != "" }'), ['B']);
  assert.deepEqual(names('{ kind = client } | select(name)'), ['B']);
});

test('a missing root is told as Tempo tells it', () => {
  const summary = traceSummary(traceFromText('s O |  ==| {parent=ff}'));
  assert.deepEqual([summary.rootServiceName, summary.rootName], [missingRootServiceName, '']);
});
