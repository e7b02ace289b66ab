/** Completion and errors that teach, as a client of the API meets them. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
  const span = (number: number, city: string, zone: string) =>
    exampleSpan(exampleTraceId(number), {
      attributes: [
        { key: 'city', value: { type: 'string', value: city } },
        { key: 'odd key', value: { type: 'string', value: zone } },
      ],
    });
  await postTraces(server, encodeTraces([span(1, 'Graz', 'a'), span(2, 'Wien', 'b')]), 'application/x-protobuf');
});
after(() => server.close());

interface Completion {
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly { label: string; insert: string; cursorOffset: number; documentation: string }[];
  readonly error?: {
    readonly message: string;
    readonly offset: number;
    readonly length: number;
    readonly fixes: readonly { title: string; offset: number; length: number; replacement: string }[];
  };
}

/** `‸` is the cursor. */
async function complete(marked: string): Promise<Completion> {
  const parameters = new URLSearchParams({ q: marked.replace('‸', '') });
  if (marked.includes('‸')) {
    parameters.set('cursor', String(marked.indexOf('‸')));
  }
  const answer = await fetch(`${server.urls.query}/api/vivace/complete?${parameters}`);
  assert.equal(answer.status, 200, marked);
  return (await answer.json()) as Completion;
}

test('what could stand at the cursor: fields, operators, values that occur beside the other conditions', async () => {
  const labels = async (marked: string): Promise<string[]> =>
    (await complete(marked)).candidates.map(({ label }) => label);
  assert.ok((await labels('{ ‸ }')).includes('span.city'));
  assert.ok((await labels('{ ‸ }')).includes('span."odd key"'));
  assert.deepEqual(await labels('{ span.city = ‸ }'), ['"Graz"', '"Wien"']);
  assert.deepEqual(await labels('{ span."odd key" = "b" && span.city = ‸ }'), ['"Wien"']);
  assert.deepEqual(await labels('{ status = ‸ }'), ['error', 'ok', 'unset']);
  const { from, to, candidates, error } = await complete('{ span.ci‸ }');
  assert.deepEqual([from, to, candidates[0].insert], [2, 9, 'span.city']);
  assert.ok(candidates.every(({ documentation }) => documentation !== ''));
  assert.equal(error, undefined, 'a field alone is a query');
});

test('the habits of PromQL and SQL: the API says what to write, and the fixes make a query of it', async () => {
  const rows: readonly (readonly [habit: string, query: string])[] = [
    ['{ .a == 1 }', '{ .a = 1 }'],
    ['{ .a = 1 and .b = 2 or .c = 3 }', '{ .a = 1 && .b = 2 || .c = 3 }'],
    ["{ .a = 'x' }", '{ .a = "x" }'],
    ['rate({ .a = 1 }[5m])', '{ .a = 1 } | rate()'],
    ['{ } | rate() by service', '{ } | rate() by (resource.service.name)'],
    ['{ service = "a" }', '{ resource.service.name = "a" }'],
  ];
  for (const [habit, query] of rows) {
    const answer = await fetch(`${server.urls.query}/api/search?q=${encodeURIComponent(habit)}`);
    assert.equal(answer.status, 400, habit);
    assert.match(await answer.text(), /^invalid TraceQL query: parse error at line 1, col \d+: .*; write .+: \S/);
    let text = habit;
    for (let round = 0; round < 3; round++) {
      const fix = (await complete(text)).error?.fixes.at(0);
      if (fix !== undefined) {
        text = text.slice(0, fix.offset) + fix.replacement + text.slice(fix.offset + fix.length);
      }
    }
    assert.equal(text.replaceAll('by(', 'by ('), query);
    assert.equal((await complete(text)).error, undefined);
  }
});

test('what is refused', async () => {
  for (const [parameters, pattern] of [
    ['q={&cursor=9', /invalid cursor: 9 is not between 0 and 1/],
    ['q={&cursor=x', /invalid value for cursor/],
    [`q=${'x'.repeat(131_073)}`, /longer than 131072 bytes/],
  ] as const) {
    const answer = await fetch(`${server.urls.query}/api/vivace/complete?${parameters}`);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), pattern);
  }
});
