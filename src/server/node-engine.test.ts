import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { IngestBatch } from '../store/trace-store.ts';
import { emptyResource, emptyScope, type Span } from '../trace/model.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { lockDataFolder } from './data-lock.ts';
import { NodeDisk } from './node-disk.ts';
import { openNodeEngine } from './node-engine.ts';
import { NodeWorkers } from './node-workers.ts';

const limits = { walSegmentBytes: 64 * 1024 };

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vivace-test-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function batchOf(number: number): IngestBatch {
  const span: Span = {
    traceId: number.toString(16).padStart(32, '0'),
    spanId: '00000000000000aa',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'GET /',
    kind: 2,
    startUnixNanos: 1_767_225_600_000_000_000n,
    endUnixNanos: 1_767_225_600_005_000_000n,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: emptyResource,
    scope: emptyScope,
  };
  const body = encodeTraces([span]);
  return { tenant: 'single-tenant', encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body };
}

const traceOf = (number: number) => ({ tenant: 'single-tenant', traceId: number.toString(16).padStart(32, '0') });

test('what was acknowledged is found by id: at once, after a flush in a worker thread, and after a restart', async (context) => {
  const dataDir = await folder(context);
  const first = await openNodeEngine(dataDir, { limits });
  await first.engine.whenReady();
  await Promise.all(Array.from({ length: 50 }, (_, i) => first.engine.ingest(batchOf(i + 1))));
  assert.equal((await first.engine.trace(traceOf(50))).data?.spans.length, 1);
  await first.engine.flush();
  assert.equal(first.engine.status().blockSpans, 50);
  assert.equal((await first.engine.trace(traceOf(50))).data?.spans.length, 1);
  await first.engine.ingest(batchOf(51));
  await first.close();
  const second = await openNodeEngine(dataDir, { limits });
  await second.engine.whenReady();
  assert.equal((await second.engine.trace(traceOf(50))).data?.spans.length, 1);
  assert.equal((await second.engine.trace(traceOf(51))).data?.spans.length, 1);
  assert.equal((await second.engine.trace(traceOf(52))).data, undefined);
  const { headSpans, blockSpans, problems } = second.engine.status();
  assert.deepEqual({ headSpans, blockSpans, problems }, { headSpans: 1, blockSpans: 50, problems: [] });
  await second.close();
});

test('a malformed body is refused and leaves nothing', async (context) => {
  const { engine, close } = await openNodeEngine(await folder(context), { limits });
  await engine.whenReady();
  const body = Uint8Array.of(0x0a, 0x7f, 1, 2);
  await assert.rejects(engine.ingest({ ...batchOf(1), body, decoded: body }), { code: 'invalid_argument' });
  assert.equal(engine.status().headSpans, 0);
  await close();
});

test('a second process on the same folder is told who has it', async (context) => {
  const dataDir = await folder(context);
  const unlock = await lockDataFolder(dataDir);
  await assert.rejects(lockDataFolder(dataDir), { code: 'unavailable', message: new RegExp(`pid ${process.pid}`) });
  await unlock();
  await (
    await lockDataFolder(dataDir)
  )();
});

test('the lock of a process that is gone is taken over', async (context) => {
  const dataDir = await folder(context);
  await writeFile(join(dataDir, 'lock.sock'), '');
  await (
    await lockDataFolder(dataDir)
  )();
});

test('disk: ranges come back in order, however they lie; beyond the end is an error', async (context) => {
  const root = await folder(context);
  const disk = new NodeDisk(root);
  const file = await disk.openForWrite('a');
  await file.write(
    0,
    Array.from({ length: 2500 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8))
  );
  await file.datasync();
  await file.close();
  const ranges = [
    { offset: 4000, length: 2 },
    { offset: 0, length: 4 },
    { offset: 2, length: 4 },
  ];
  const found = (await disk.readRanges('a', ranges)).map((bytes) => [...bytes]);
  assert.deepEqual(found, [
    [2000 & 0xff, 2000 >> 8],
    [0, 0, 1, 0],
    [1, 0, 2, 0],
  ]);
  await assert.rejects(disk.readRanges('a', [{ offset: 4999, length: 2 }]), { code: 'corrupt' });
  assert.equal(await disk.sizeOf('a'), 5000);
  assert.equal((await stat(join(root, 'a'))).mode & 0o777, 0o600);
  await disk.close();
});

test('disk: preallocates zeros, lists what is there, renames over what it has open', async (context) => {
  const disk = new NodeDisk(await folder(context));
  await disk.makeDirectory('x/y');
  const file = await disk.openForWrite('x/y/new', { preallocateBytes: 10_000 });
  await file.close();
  assert.equal(await disk.sizeOf('x/y/new'), 10_000);
  const other = await disk.openForWrite('x/other');
  await other.write(0, [Uint8Array.of(7)]);
  await other.close();
  await disk.readRanges('x/y/new', [{ offset: 0, length: 1 }]);
  await disk.rename('x/other', 'x/y/new');
  assert.deepEqual(await disk.readRanges('x/y/new', [{ offset: 0, length: 1 }]), [Uint8Array.of(7)]);
  assert.deepEqual(await disk.list('x/y'), ['new']);
  assert.deepEqual(await disk.list('nowhere'), []);
  assert.equal(await disk.sizeOf('nowhere'), undefined);
  await disk.remove('nowhere');
  await disk.syncDirectory('x');
  await disk.close();
});

test('disk: stays inside its folder', async (context) => {
  const root = await folder(context);
  const disk = new NodeDisk(root);
  await symlink('/etc/hostname', join(root, 'link'));
  await assert.rejects(disk.readRanges('link', [{ offset: 0, length: 1 }]), { code: 'ELOOP' });
  await assert.rejects(disk.openForWrite('../out'), { code: 'internal' });
  await disk.close();
});

test('workers: an error keeps its code, and closing refuses what waits', async (context) => {
  const workers = new NodeWorkers({ root: await folder(context), queryThreads: 1 });
  await assert.rejects(workers.run('no such task', {}), { code: 'internal', message: /no such task/ });
  await workers.close();
  await assert.rejects(workers.run('flush', {}), { code: 'unavailable' });
});
