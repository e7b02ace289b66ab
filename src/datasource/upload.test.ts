import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import '../../tests/support/grafana-data.ts';
import { drawnSpans } from '../analysis/testing.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';

const { readUpload, uploadFrames } = await import('./upload.ts');
const gunzip = (bytes: Uint8Array) => Promise.resolve(new Uint8Array(gunzipSync(bytes)));
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('a file of any format, packed or not, becomes trace frames', async () => {
  const spans = drawnSpans([
    { parent: -1, start: 0, end: 100 },
    { parent: 0, start: 10, end: 60 },
  ]);
  const file = encodeTraces(spans);
  for (const bytes of [file, new Uint8Array(gzipSync(file))]) {
    const [frame, ...rest] = uploadFrames(await readUpload(bytes, gunzip), 'A');
    assert.equal(rest.length, 0);
    assert.deepEqual([frame.refId, frame.length, frame.meta?.preferredVisualisationType], ['A', 2, 'trace']);
  }
  const zipkin = [{ traceId: 'a'.repeat(16), id: 'b'.repeat(16), name: 'x', timestamp: 1, duration: 2 }];
  assert.equal(uploadFrames(await readUpload(text(zipkin), gunzip), 'A')[0].length, 1);
});

test('several traces are several frames, said on the first; what is no trace is refused with its reason', async () => {
  const [span] = drawnSpans([{ parent: -1, start: 0, end: 100 }]);
  const frames = uploadFrames({ kind: 'trace', spans: [span, { ...span, traceId: 'ff'.repeat(16) }] }, 'A');
  assert.equal(frames.length, 2);
  assert.match(frames[0].meta?.notices?.[0].text ?? '', /2 traces/);
  await assert.rejects(readUpload(text({ nodes: [] }), gunzip), /none of OTLP/);
  await assert.rejects(readUpload(text({ resourceSpans: [] }), gunzip), /no span in it/);
});

test('a saved service graph: frames of either form, edges without their nodes left out', async () => {
  const field = (name: string, values: unknown[]) => ({ name, type: 'string', config: {}, values });
  const dto = [
    { name: 'a', fields: [field('ID', ['1', '2']), field('title', ['web', 'cart'])] },
    { name: 'b', fields: [field('id', ['e', 'f']), field('source', ['1', '1']), field('target', ['2', '9'])] },
  ];
  const json = dto.map(({ name, fields }) => ({
    schema: { name, fields: fields.map((one) => ({ name: one.name, type: one.type })) },
    data: { values: fields.map(({ values }) => values) },
  }));
  for (const file of [dto, { series: json }, { frames: json }]) {
    const frames = uploadFrames(await readUpload(text(file), gunzip), 'B');
    assert.deepEqual(
      frames.map((frame) => [frame.name, frame.refId, frame.meta?.preferredVisualisationType, frame.length]),
      [
        ['Nodes', 'B', 'nodeGraph', 2],
        ['Edges', 'B', 'nodeGraph', 1],
      ]
    );
  }
  await assert.rejects(
    readUpload(text([{ name: 'other', fields: [field('x', [])] }]), gunzip),
    /no service graph.*found other/
  );
});
