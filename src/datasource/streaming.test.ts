import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamTransport } from '../api/stream-client.ts';
import { answerMetrics, answerSearch, type Transports } from './streaming.ts';

const range = { startSeconds: 0, endSeconds: 60 };
const search = { ...range, traceql: '{}', limit: 20, spansPerSpanset: 3 };
const metrics = { ...range, traceql: '{} | rate()', instant: false, step: '10s', exemplars: undefined };
const { signal } = new AbortController();

/** Bytes in pieces that respect no line. */
function streamOf(lines: readonly object[], status = 200, contentType = 'application/x-ndjson'): StreamTransport {
  return (_request, sink) => {
    sink.begin(status, contentType);
    const bytes = new TextEncoder().encode(`\n${lines.map((line) => JSON.stringify(line)).join('\n')}`);
    for (let at = 0; at < bytes.length; at += 7) {
      sink.bytes(bytes.subarray(at, at + 7));
    }
    return Promise.resolve();
  };
}

function transports(stream: StreamTransport, plainBody: object = {}): Transports & { plainPaths: string[] } {
  const plainPaths: string[] = [];
  const body = new TextEncoder().encode(JSON.stringify(plainBody));
  return {
    stream,
    refusesStreams: false,
    plainPaths,
    plain: ({ path }) => {
      plainPaths.push(path);
      return Promise.resolve({ status: 200, contentType: 'application/json', body });
    },
  };
}

test('a search: each partial answer holds all traces so far, the last line everything', async () => {
  const asked = transports(
    streamOf([
      { type: 'delta', traces: [{ traceID: 'ä' }], metrics: { completedJobs: 1, totalJobs: 4, inspectedBytes: '9' } },
      { type: 'progress', metrics: { completedJobs: 2, totalJobs: 4 } },
      { type: 'delta', traces: [{ traceID: 'b' }] },
      { type: 'final', traces: [{ traceID: 'b' }, { traceID: 'ä' }], metrics: {} },
    ])
  );
  const seen: [string[], number][] = [];
  const { body, notice } = await answerSearch(asked, search, signal, (soFar, { completedJobs }) =>
    seen.push([soFar.traces!.map(({ traceID }) => traceID), completedJobs])
  );
  assert.deepEqual(seen, [
    [['ä'], 1],
    [['ä'], 2],
    [['ä', 'b'], 0],
  ]);
  assert.deepEqual([body.traces?.length, notice, asked.plainPaths], [2, undefined, []]);
});

test('metrics: samples replace those of their series and time, in order', async () => {
  const labels = [{ key: 'a', value: { stringValue: 'x' } }];
  const sample = (timestampMs: string, value: number) => ({ timestampMs, value });
  const seen: unknown[] = [];
  await answerMetrics(
    transports(
      streamOf([
        { type: 'delta', series: [{ labels, samples: [sample('30', 1), sample('10', 1)] }] },
        { type: 'delta', series: [{ labels, samples: [sample('30', 5), sample('20', 2)] }] },
        { type: 'final', series: [] },
      ])
    ),
    metrics,
    signal,
    ({ series }) => seen.push(series?.map(({ samples }) => samples?.map(({ value }) => value)))
  );
  assert.deepEqual(seen, [[[1, 1]], [[1, 2, 5]]]);
});

test('instant metrics and switched off streams are asked plainly', async () => {
  const never: StreamTransport = () => assert.fail('no stream');
  const asked = transports(never);
  await answerMetrics(asked, { ...metrics, instant: true }, signal, () => undefined);
  await answerSearch(asked, search, signal, undefined);
  assert.deepEqual(asked.plainPaths, ['/api/metrics/query', '/api/search']);
});

test('refused: one plain answer with a notice, and no second try; cut: with a notice each time', async () => {
  const listen = () => undefined;
  for (const refused of [
    streamOf([], 404, 'text/plain'),
    streamOf([{}], 200, 'text/html'),
    () => Promise.reject(new TypeError('Failed to fetch')),
  ]) {
    const asked = transports(refused, { traces: [{ traceID: 'a' }] });
    const first = await answerSearch(asked, search, signal, listen);
    assert.match(first.notice ?? '', /does not stream/);
    assert.equal(first.body.traces?.length, 1);
    assert.equal((await answerSearch(asked, search, signal, listen)).notice, undefined);
    assert.deepEqual(asked.plainPaths, ['/api/search', '/api/search']);
  }
  const cut: StreamTransport = (_request, sink) => {
    sink.begin(200, 'application/x-ndjson');
    sink.bytes(new TextEncoder().encode('{"type":"progress"}\n{"type":"del'));
    return Promise.reject(new TypeError('network error'));
  };
  for (const stream of [cut, streamOf([{ type: 'progress' }])]) {
    const asked = transports(stream);
    assert.match((await answerSearch(asked, search, signal, listen)).notice ?? '', /stream was cut/);
    assert.equal(asked.refusesStreams, false);
  }
});

test("the server's errors are errors: of the request, of the query, and leaving", async () => {
  const listen = () => undefined;
  const wrong = transports((_request, sink) => {
    sink.begin(400, 'text/plain');
    sink.bytes(new TextEncoder().encode('invalid TraceQL query'));
    return Promise.resolve();
  });
  await assert.rejects(answerSearch(wrong, search, signal, listen), {
    message: 'invalid TraceQL query',
    details: { status: 400 },
  });
  const late = transports(streamOf([{ type: 'progress' }, { type: 'error', status: 504, message: 'too slow' }]));
  await assert.rejects(answerSearch(late, search, signal, listen), { message: 'too slow', code: 'deadline_exceeded' });
  const controller = new AbortController();
  const left = transports((request) => {
    controller.abort();
    return Promise.reject(request.signal!.reason as Error);
  });
  await assert.rejects(answerSearch(left, search, controller.signal, listen), { code: 'canceled' });
  assert.deepEqual([...wrong.plainPaths, ...late.plainPaths, ...left.plainPaths], []);
});
