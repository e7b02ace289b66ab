import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { traceFromText } from '../../../trace/text.ts';
import { serve } from './serve.ts';
import type { FromEngine, Port } from './serve.ts';
import type { Opened } from './trace-engine.ts';

const { spans } = traceFromText('s A |====|\n  s B |==|');

function served(sliceMs: number): { readonly port: Port; readonly sent: FromEngine[] } {
  const sent: FromEngine[] = [];
  const port: Port = { onmessage: null, postMessage: (message) => void sent.push(message) };
  serve(port, sliceMs);
  return { port, sent };
}

test('a trace is opened piece by piece, others come in between, and what is withdrawn meanwhile is never answered', async () => {
  const { port, sent } = served(0);
  port.onmessage!({ data: { id: 1, request: { kind: 'whole', spans } } });
  let turns = 0;
  while (sent.length < 2 && turns < 100) {
    turns++;
    await sleep(0);
  }
  const [, opened] = sent as { readonly value: Opened }[];
  assert.equal(opened.value.model.table.rowCount, spans.length);
  assert.ok(turns > 5, `${turns} turns`);

  port.onmessage!({ data: { id: 2, request: { kind: 'whole', spans } } });
  await sleep(0);
  port.onmessage!({ data: { id: 2, request: undefined } });
  port.onmessage!({ data: { id: 3, request: { kind: 'span', row: 0 } } });
  await sleep(60);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [0, 1, 3]
  );
});

test('without a limit a trace is opened in one go', async () => {
  const { port, sent } = served(Number.POSITIVE_INFINITY);
  port.onmessage!({ data: { id: 1, request: { kind: 'whole', spans } } });
  await sleep(5);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [0, 1]
  );
});

test('what a question is wrong in is told, and the next is answered', async () => {
  const { port, sent } = served(0);
  port.onmessage!({ data: { id: 1, request: { kind: 'whole', spans } } });
  port.onmessage!({ data: { id: 2, request: { kind: 'filter', traceql: '{ name = }' } } });
  port.onmessage!({ data: { id: 3, request: { kind: 'filter', traceql: '{ name = "B" }' } } });
  await sleep(60);
  const [, , fault, found] = sent;
  assert.ok('error' in fault && fault.error.code === 'query_invalid');
  assert.ok('value' in found && found.id === 3);
});
