import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findTraceId, parseTraceparent } from './traceparent.ts';

const id = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';

test('traceparent as the W3C has it', () => {
  assert.deepEqual(parseTraceparent(`00-${id}-${parent}-01`), { traceId: id, parentSpanId: parent, flags: 1 });
  assert.deepEqual(parseTraceparent(` cc-${id}-${parent}-01-what-comes `), {
    traceId: id,
    parentSpanId: parent,
    flags: 1,
  });
  for (const wrong of [
    `ff-${id}-${parent}-01`,
    `00-${id}-${parent}-01-more`,
    `00-${'0'.repeat(32)}-${parent}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id.toUpperCase()}-${parent}-01`,
    `00-${id}-${parent}`,
    '',
  ]) {
    assert.equal(parseTraceparent(wrong), undefined, wrong);
  }
});

test('a trace id in anything that a person pastes', () => {
  const short = '1a2b3c4d5e6f7081';
  const cases: ReadonlyArray<readonly [text: string, expected: string | undefined]> = [
    [id, id],
    [`  ${id.toUpperCase()}\n`, id],
    [short, short.padStart(32, '0')],
    ['cafe', 'cafe'.padStart(32, '0')],
    [`00-${id}-${parent}-01`, id],
    [`traceparent: 00-${id}-${parent}-01`, id],
    ['4bf92f35-77b3-4da6-a3ce-929d0e0e4736', id],
    [`https://grafana.example.com/a/vivace-traces-app/trace/${id}?span=${parent}`, id],
    [`http://localhost:3200/?q=%7B%7D#/trace/${id}`, id],
    [`http://localhost:16686/trace/${short}?uiFind=x`, short.padStart(32, '0')],
    [`https://g/explore?left=%7B%22queries%22%3A%5B%7B%22query%22%3A%22${id}%22%7D%5D%7D`, id],
    [`https://g/explore?panes=%257B%2522query%2522%253A%2522${id}%2522%257D`, id],
    [
      `2026-11-21T00:38:00.123Z level=info request_id=${'d'.repeat(32)} trace_id=${id} span_id=${parent} msg="done"`,
      id,
    ],
    [`{"level":"error","spanId":"${parent}","traceID":"${short}","msg":"no"}`, short.padStart(32, '0')],
    [`{\\"traceId\\":\\"${id}\\"}`, id],
    [`[checkout,${id},${parent}] failed`, id],
    [`b3: ${id}-${parent}-1`, id],
    ['Root=1-67891233-abcdef012345678912345678;Sampled=1', '67891233abcdef012345678912345678'],
    [`span ${parent} is slow`, parent.padStart(32, '0')],
    ['at 1700000000123456 something happened', undefined],
    ['0'.repeat(32), undefined],
    ['a sentence without one', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    assert.equal(findTraceId(text), expected, text);
  }
});

test('a long text without an id is read in linear time', () => {
  const started = performance.now();
  assert.equal(findTraceId('trace_id = '.repeat(50_000) + 'g'.repeat(500_000)), undefined);
  assert.ok(performance.now() - started < 5000);
});
