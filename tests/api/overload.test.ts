/** More queries than the server takes: refused with a hint when to come back, in the words of each protocol; the others are answered. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Answer, SearchRequest } from '../../src/store/trace-store.ts';
import type { TraceMatch } from '../../src/traceql/match.ts';
import { encodeTempo } from '../fixtures/tempo-schema.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

/** Each search takes so long, one after the other: so many a second is all the store can do. */
const searchMs = 40;

class SlowStore extends MemoryStore {
  private last: Promise<unknown> = Promise.resolve();

  override search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    const next = this.last.then(async () => {
      await new Promise((resolve) => setTimeout(resolve, searchMs));
      return super.search(request);
    });
    this.last = next.catch(() => undefined);
    return next;
  }
}

let server: TestServer;

before(async () => {
  const config = { queries_max: 2, queries_per_tenant_max: 2, query_queue_max: 8, query_queue_timeout: '2s' };
  server = await startServer({ store: new SlowStore(), config });
});
after(() => server.close());

const search = (): Promise<Response> => fetch(`${server.urls.query}/api/search?q=%7B%7D`);

test('ten times the load: some are answered all the time, and every refusal can be tried again', async () => {
  const seconds = 2;
  const clients = 40;
  // All together ask ten times as often as the store can answer.
  const pauseMs = (clients * searchMs) / 10;
  const startMs = performance.now();
  const answers: { status: number; retryAfter: number; text: string }[] = [];
  const client = async (): Promise<void> => {
    while (performance.now() - startMs < 1000 * seconds) {
      const answer = await search();
      const text = await answer.text();
      answers.push({ status: answer.status, retryAfter: Number(answer.headers.get('retry-after')), text });
      await new Promise((resolve) => setTimeout(resolve, answer.status === 200 ? 0 : pauseMs));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const good = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(refused.length > good.length, 'this was no overload');
  for (const { status, retryAfter, text } of refused) {
    assert.equal(status, 429, text);
    assert.ok(retryAfter >= 1);
    assert.match(text, /query_queue_(max|timeout)\): try again later/);
  }
  // How many is for the simulation beside the admission: here clients and server share one thread.
  assert.ok(good.length >= 5, `${good.length} of ${answers.length} answered`);
});

test('gRPC says RESOURCE_EXHAUSTED, with the time to wait', async () => {
  const session = http2.connect(server.urls.query);
  try {
    const message = encodeTempo('SearchRequest', { query: '{}', start: 1, end: 1000, limit: 1 });
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    const statuses = await Promise.all(
      Array.from({ length: 30 }, () => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/tempopb.StreamingQuerier/Search',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.resume();
        stream.end(frame);
        return new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
          stream.on('trailers', resolve);
          stream.on('error', reject);
        });
      })
    );
    const refused = statuses.filter((trailers) => trailers['grpc-status'] === '8');
    assert.equal(statuses.filter((trailers) => trailers['grpc-status'] === '0').length, 30 - refused.length);
    assert.ok(refused.length >= 1);
    assert.ok(refused.every((trailers) => trailers['grpc-status-details-bin'] !== undefined));
  } finally {
    session.close();
  }
});
