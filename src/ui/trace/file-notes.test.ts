import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceFromText } from '../../trace/text.ts';
import { decodeTraceFile } from '../../wire/detect.ts';
import { exportWithNotes } from './export-trace.ts';
import { notesOfFile } from './file-notes.ts';

const { spans } = traceFromText('shop checkout |====|');
const notes = [
  { text: 'look "here"\n}]', spanId: '00000000000000a1' },
  { text: 'slow', range: { startNanos: 1, endNanos: 5 } },
];

test('notes go with OTLP JSON and come back, beside the same spans', () => {
  const { exported } = exportWithNotes('otlp-json', spans, notes);
  assert.deepEqual(notesOfFile(exported.bytes), notes);
  assert.deepEqual(decodeTraceFile(exported.bytes).spans.length, 1);
  assert.doesNotThrow(() => JSON.parse(new TextDecoder().decode(exported.bytes)) as unknown);
});

test('where a format has no room for notes that is said', () => {
  const { exported, losses } = exportWithNotes('zipkin-json', spans, notes);
  assert.ok(losses.some(({ what }) => what.startsWith('notes')));
  assert.deepEqual(notesOfFile(exported.bytes), []);
});

test('a damaged field is no note', () => {
  const file = (text: string): Uint8Array => new TextEncoder().encode(text);
  for (const field of ['[{"text":5}]', '[{"text":"x","spanId":"zz"}]', '{', '7', '[null]']) {
    assert.deepEqual(notesOfFile(file(`{"resourceSpans":[],"vivaceNotes":${field}}`)), []);
  }
});
