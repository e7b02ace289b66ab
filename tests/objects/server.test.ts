/** The real process over a real S3 server behind the fault proxy: what is promised about disks that are lost, stores that are away, second servers. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startS3rver, type ObjectServer } from '../support/object-servers.ts';
import { startProcess, type TestProcess } from '../support/server.ts';
import { countByMetrics, idOf, sendTraces, traceSpans } from './spans.ts';

describe('a server whose blocks are in a bucket', () => {
  let store: ObjectServer;
  let proxy: FaultProxy;
  let folder: string;
  let prefixNumber = 0;
  const running = new Set<TestProcess>();

  before(async () => {
    store = await startS3rver();
    proxy = await startFaultProxy({ upstream: store.url, conditionalPut: true });
  });

  beforeEach(() => {
    proxy.fault = () => undefined;
    proxy.isDown = false;
    proxy.latencyMs = 0;
    folder = mkdtempSync(join(tmpdir(), 'vivace-objects-'));
    prefixNumber++;
  });

  after(async () => {
    await Promise.all([...running].map((server) => server.kill()));
    await proxy.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(dataDir = folder, more: readonly string[] = [], endpoint = proxy.url): Promise<TestProcess> {
    const server = await startProcess(
      [
        ...['--data-dir', dataDir, '--log-level', 'info', '--flush-interval', '300ms', '--storage', 's3'],
        ...['--storage-bucket', store.bucket, '--storage-prefix', `p${prefixNumber}`, '--storage-endpoint', endpoint],
        ...['--storage-path-style', ...more],
      ],
      store.variables
    );
    running.add(server);
    return server;
  }

  const blocksIn = async (server: TestProcess): Promise<{ blocks: number; headSpans: number; problems: number }> => {
    const text = await (await fetch(`${server.urls.query}/metrics`)).text();
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return {
      blocks: value('vivace_blocks'),
      headSpans: value('vivace_head_spans'),
      problems: value('vivace_problems'),
    };
  };

  const untilFlushed = async (server: TestProcess): Promise<void> => {
    for (let i = 0; i < 200 && (await blocksIn(server)).headSpans > 0; i++) {
      await sleep(50);
    }
    assert.equal((await blocksIn(server)).headSpans, 0, server.output().slice(-2000));
  };

  test('the local disk is lost: all that was in a block is back, by id and in metrics', async () => {
    const first = await start();
    await sendTraces(first.urls.otlpHttp, 0, 40);
    await untilFlushed(first);
    await first.close();
    rmSync(folder, { recursive: true });
    const second = await start();
    assert.equal(await countByMetrics(second.urls.query), 160);
    for (let n = 0; n < 40; n += 7) {
      assert.equal(await traceSpans(second.urls.query, idOf(n)), 4);
    }
    // What comes next is not taken for covered by what was there before the loss.
    await sendTraces(second.urls.otlpHttp, 40, 10);
    await second.kill();
    const third = await start();
    assert.equal(await countByMetrics(third.urls.query), 200);
    await third.close();
  });

  test('a second server on the prefix is refused in words, whether the first is idle or not', async () => {
    const first = await start();
    const other = mkdtempSync(join(tmpdir(), 'vivace-objects-'));
    await assert.rejects(start(other), /ended with 2[^]*in use by another vivace server \(pid \d+ on/);
    await sendTraces(first.urls.otlpHttp, 0, 1);
    await first.close();
    // It has let go: nobody waits.
    const startMs = Date.now();
    await (await start(other)).close();
    assert.ok(Date.now() - startMs < 10_000);
    rmSync(other, { recursive: true });
  });

  test('a store without conditional put is refused, unless it is said that there is one server', async () => {
    await assert.rejects(
      start(folder, [], store.url),
      /ended with 2[^]*ignores conditions on put[^]*storage_allow_unfenced/
    );
    const server = await start(folder, ['--storage-allow-unfenced'], store.url);
    await sendTraces(server.urls.otlpHttp, 0, 5);
    await untilFlushed(server);
    assert.equal(await countByMetrics(server.urls.query), 20);
    assert.ok((await blocksIn(server)).problems >= 1);
    await server.close();
  });

  test('the store is away: spans are taken in, answers say which blocks are missing, and all is well afterwards', async () => {
    const first = await start();
    await sendTraces(first.urls.otlpHttp, 0, 20);
    await untilFlushed(first);
    await first.close();
    rmSync(folder, { recursive: true });
    const server = await start();
    proxy.isDown = true;
    await sendTraces(server.urls.otlpHttp, 20, 20);
    const answer = await fetch(`${server.urls.query}/api/v2/traces/${idOf(3)}`, {
      headers: { accept: 'application/json' },
    });
    const text = await answer.text();
    assert.match(text, /is left out/, text);
    assert.equal(await traceSpans(server.urls.query, idOf(25)), 4);
    // The head is cut, and each request to the store has its retries first.
    for (let i = 0; i < 600 && (await blocksIn(server)).problems === 0; i++) {
      await sleep(100);
    }
    assert.ok((await blocksIn(server)).problems >= 1, server.output().slice(-2000));
    assert.ok((await blocksIn(server)).headSpans >= 80);
    proxy.isDown = false;
    // The circuit is tried again, then the flush.
    for (let i = 0; i < 400 && (await blocksIn(server)).headSpans > 0; i++) {
      await sleep(50);
    }
    assert.equal(await countByMetrics(server.urls.query), 160);
    await server.close();
    rmSync(folder, { recursive: true });
    const again = await start();
    assert.equal(await countByMetrics(again.urls.query), 160);
    await again.close();
  });

  test('a request of each kind fails in each way now and then: nothing is lost, nothing doubled', async () => {
    const faults = ['drop', 'lose-answer', 'error-500', 'slow-down', 'truncate'] as const;
    proxy.fault = ({ index }) => (index % 4 === 1 ? faults[(index >> 2) % faults.length] : undefined);
    const first = await start();
    for (let at = 0; at < 60; at += 10) {
      await sendTraces(first.urls.otlpHttp, at, 10);
      await untilFlushed(first);
    }
    assert.equal(await countByMetrics(first.urls.query), 240);
    await first.close();
    rmSync(folder, { recursive: true });
    const second = await start();
    assert.equal(await countByMetrics(second.urls.query), 240);
    await second.close();
    assert.ok(proxy.requests.length > 60);
  });

  test('bytes that the store alters on the way are not believed', async () => {
    const first = await start();
    await sendTraces(first.urls.otlpHttp, 0, 30);
    await untilFlushed(first);
    await first.close();
    rmSync(folder, { recursive: true });
    const second = await start();
    let flips = 0;
    proxy.fault = ({ method, url }) =>
      method === 'GET' && url.includes('.parquet') && flips++ === 0 ? 'flip-answer' : undefined;
    assert.equal(await traceSpans(second.urls.query, idOf(3)), 4);
    assert.equal(await countByMetrics(second.urls.query), 120);
    assert.ok(flips > 0);
    const metrics = await (await fetch(`${second.urls.query}/metrics`)).text();
    for (const name of ['requests_total', 'fetched_bytes_total', 'cache_misses_total', 'cache_bytes']) {
      assert.match(metrics, new RegExp(`^vivace_objects_${name} [1-9]`, 'm'));
    }
    await second.close();
  });

  test('killed while uploading: every acknowledged span is there, once, also without the local blocks', async () => {
    proxy.latencyMs = 30;
    let sent = 0;
    for (let round = 0; round < 4; round++) {
      const server = await start();
      for (let i = 0; i < 3; i++) {
        await sendTraces(server.urls.otlpHttp, sent, 5);
        sent += 5;
      }
      // Into the flush, at another place each time.
      await sleep(250 + 60 * round);
      await server.kill();
      if (round % 2 === 1 && existsSync(join(folder, 'tenants'))) {
        rmSync(join(folder, 'tenants'), { recursive: true });
        rmSync(join(folder, 'cache'), { recursive: true });
      }
    }
    const server = await start();
    assert.equal(await countByMetrics(server.urls.query), sent * 4);
    await untilFlushed(server);
    assert.equal(await countByMetrics(server.urls.query), sent * 4);
    assert.ok(readdirSync(folder).includes('bucket-writer'));
    await server.close();
  });
});
