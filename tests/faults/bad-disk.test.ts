/** A disk whose every sync takes 200 ms, and one that is full: answers stay honest, and work goes on by itself. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disk, WritableFile } from '../../src/engine/disk.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { inPlaceWorkers } from '../../src/engine/tasks.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { NodeDisk } from '../../src/server/node-disk.ts';
import { nodeRandom } from '../../src/server/node-engine.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { sentBodies, spansPerBody } from './expected.ts';
import { Questions } from './questions.ts';

const nowUnixNanos = BigInt(Date.now()) * 1_000_000n;
const sent = sentBodies(1, nowUnixNanos);
const folder = mkdtempSync(join(tmpdir(), 'vivace-bad-disk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Weather {
  syncMs: number;
  isFull: boolean;
}

/** The real disk in bad weather. */
class BadDisk extends NodeDisk {
  private readonly weather: Weather;

  constructor(root: string, weather: Weather) {
    super(root);
    this.weather = weather;
  }

  override async openForWrite(...args: Parameters<Disk['openForWrite']>): Promise<WritableFile> {
    this.requireRoom();
    const file = await super.openForWrite(...args);
    return {
      write: (offset, buffers) => {
        this.requireRoom();
        return file.write(offset, buffers);
      },
      datasync: async () => {
        await sleep(this.weather.syncMs);
        await file.datasync();
      },
      close: () => file.close(),
    };
  }

  private requireRoom(): void {
    if (this.weather.isFull) {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    }
  }
}

async function serverOn(name: string, weather: Weather): Promise<TestServer> {
  const disk = new BadDisk(join(folder, name), weather);
  return startServer({
    openStore: async () => {
      const engine = await openEngine({
        ...{ disk, clock: nodeClock(), random: nodeRandom(), codecs: nodeCodecs },
        workers: inPlaceWorkers({ disk, codecs: nodeCodecs }),
        limits: { headAgeMsMax: 300, maintenanceIntervalMs: 50, flushRetryMs: 200, walSegmentBytes: 262_144 },
      });
      await engine.whenReady();
      return { store: engine, ready: Promise.resolve(), close: () => engine.close() };
    },
  });
}

function post(server: TestServer, body: number): Promise<Response> {
  return fetch(`${server.urls.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: sent.bytes(body),
  });
}

async function untilReady(server: TestServer): Promise<void> {
  while ((await fetch(`${server.urls.query}/ready`)).status !== 200) {
    await sleep(10);
  }
}

test('each sync takes 200 ms: requests share syncs, are durable when answered, and questions do not wait', async () => {
  const weather = { syncMs: 0, isFull: false };
  const server = await serverOn('slow', weather);
  await untilReady(server);
  weather.syncMs = 200;
  const startMs = performance.now();
  let sends = 0;
  const sender = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      const response = await post(server, sends++);
      assert.equal(response.status, 200, await response.text());
    }
  };
  const sending = Promise.all(Array.from({ length: 32 }, sender));
  const questions = new Questions(server.urls.query, nowUnixNanos);
  await sleep(500);
  const askedMs = performance.now();
  assert.ok((await questions.countByMetrics()) > 0);
  const answerMs = performance.now() - askedMs;
  await sending;
  const tookMs = performance.now() - startMs;
  // One after the other, 128 syncs would take 25 s. Four rounds with flushes between them take one or two; the machine may be busy.
  assert.ok(tookMs < 12_000, `128 requests took ${tookMs} ms`);
  assert.ok(answerMs < 3000, `a question took ${answerMs} ms`);
  assert.equal(await questions.countByMetrics(), 128 * spansPerBody);
  await server.close();
});

test('the disk is full: senders are told to come back, what is there stays, and work goes on when there is room', async () => {
  const weather = { syncMs: 0, isFull: false };
  const server = await serverOn('full', weather);
  await untilReady(server);
  const questions = new Questions(server.urls.query, nowUnixNanos);
  let acknowledged = 0;
  let body = 0;
  for (let cycle = 0; cycle < 5; cycle++) {
    for (let i = 0; i < 3; i++) {
      const response = await post(server, body++);
      assert.equal(response.status, 200, await response.text());
      acknowledged++;
    }
    weather.isFull = true;
    const refused = await post(server, body);
    assert.equal(refused.status, 503, await refused.text());
    assert.ok(Number(refused.headers.get('retry-after')) > 0, 'a hint when to come back');
    await sleep(cycle * 100);
    assert.equal(await questions.countByMetrics(), acknowledged * spansPerBody, `cycle ${cycle}`);
    weather.isFull = false;
    // As a client does: the same body until it is taken.
    const deadlineMs = performance.now() + 20_000;
    while ((await post(server, body)).status !== 200) {
      assert.ok(performance.now() < deadlineMs, `cycle ${cycle}: still refused`);
      await sleep(50);
    }
    body++;
    acknowledged++;
  }
  assert.equal(await questions.countByMetrics(), acknowledged * spansPerBody);
  await server.close();
  const again = await serverOn('full', weather);
  await untilReady(again);
  assert.equal(
    await new Questions(again.urls.query, nowUnixNanos).countByMetrics(),
    acknowledged * spansPerBody,
    'after a restart'
  );
  await again.close();
});
