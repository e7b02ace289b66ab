import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startProcess, type TestProcess } from '../support/server.ts';
import { exampleSpan, exampleTraceId } from '../api/support.ts';

/** 10,000 is what the issue asks for; fewer for a quick look. */
const tenants = Number(process.env['VIVACE_TENANTS'] ?? 10_000);
const spansEach = 10;
const memoryBytesMax = 512 * 2 ** 20;

const tenantOf = (n: number): string => `tenant-${n}`;
const traceIdOf = (n: number): string => exampleTraceId(n + 1);

/** Resident bytes now and at most so far. Linux. */
function memoryOf({ process: child }: TestProcess): { now: number; peak: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

async function eachTenant(work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < tenants) {
      await work(next++);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

async function check(server: TestProcess, every: number): Promise<void> {
  for (let n = 0; n < tenants; n += every) {
    const headers = { 'x-scope-orgid': tenantOf(n) };
    const found = await fetch(`${server.urls.query}/api/traces/${traceIdOf(n)}`, { headers });
    assert.equal(found.status, 200, `${tenantOf(n)}: ${await found.clone().text()}`);
    const { batches } = (await found.json()) as { batches: { scopeSpans: { spans: unknown[] }[] }[] };
    const spans = batches.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    assert.equal(spans.length, spansEach, tenantOf(n));
    const foreign = await fetch(`${server.urls.query}/api/traces/${traceIdOf((n + 1) % tenants)}`, { headers });
    assert.equal(foreign.status, 404);
  }
}

test(`${tenants} tenants with ${spansEach} spans each fit 512 MiB, answer, and come back after a restart`, async (t) => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-tenants-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const args = ['--data-dir', dataDir, '--multitenancy', '--retention', '0', '--flush-interval', '1h'];
  const first = await startProcess(args);
  t.after(() => first.kill());
  await eachTenant(async (n) => {
    const spans = Array.from({ length: spansEach }, (_, i) =>
      exampleSpan(traceIdOf(n), { spanId: (i + 1).toString(16).padStart(16, '0') })
    );
    const sent = await fetch(`${first.urls.otlpHttp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'x-scope-orgid': tenantOf(n) },
      body: encodeTraces(spans),
    });
    assert.equal(sent.status, 200, await sent.text());
  });
  const step = Math.max(1, Math.floor(tenants / 200));
  await check(first, step);
  const before = memoryOf(first);
  await first.kill();

  const startMs = Date.now();
  const second = await startProcess(args);
  t.after(() => second.kill());
  const readyMs = Date.now() - startMs;
  await check(second, step);
  const after = memoryOf(second);
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  t.diagnostic(
    `resident: ${mib(before.peak)} MiB at most before, ${mib(after.peak)} MiB after the restart (${readyMs} ms)`
  );
  assert.ok(before.peak <= memoryBytesMax, `${mib(before.peak)} MiB`);
  assert.ok(after.peak <= memoryBytesMax, `${mib(after.peak)} MiB after the restart`);
  await second.close();
});
