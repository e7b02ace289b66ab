/** The real `vivace` process run to its end, and data folders for it to work on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openNodeEngine, type NodeEngine } from '../../src/server/node-engine.ts';
import type { EngineLimits } from '../../src/engine/limits.ts';
import type { Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { exampleSpan, exampleTraceId } from '../api/support.ts';

const mainFile = path.join(import.meta.dirname, '../../src/server/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function vivace(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [mainFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Gone when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vivace-commands-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs `use` on the engine of a folder, as a server would, and closes it. */
export async function withEngine<T>(
  dataDir: string,
  use: (engine: NodeEngine['engine']) => Promise<T>,
  limits: Partial<EngineLimits> = {}
): Promise<T> {
  // The spans of tests are of 2023.
  const { engine, close } = await openNodeEngine(dataDir, {
    limits: { retentionMs: 0, walSegmentBytes: 2 ** 20, ...limits },
    queryThreads: 1,
  });
  try {
    await engine.whenReady();
    return await use(engine);
  } finally {
    await close();
  }
}

export async function ingestSpans(
  engine: NodeEngine['engine'],
  spans: readonly Span[],
  tenant = 'single-tenant'
): Promise<void> {
  const body = encodeTraces(spans);
  await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
}

/** `count` spans of one trace; trace ids are spread over the whole range of ids, spans of trace n start n seconds after the first. */
export function traceSpans(n: number, count = 3): Span[] {
  const traceId = traceIdOf(n);
  const start = 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n;
  return Array.from({ length: count }, (_, i) =>
    exampleSpan(traceId, {
      spanId: (i + 1).toString(16).padStart(16, '0'),
      parentSpanId: i === 0 ? '' : '0000000000000001',
      name: `GET /item/${n}`,
      startUnixNanos: start + BigInt(i),
      endUnixNanos: start + 1_000_000n,
      statusCode: n % 5 === 0 ? 2 : 0,
    })
  );
}

export function traceIdOf(n: number): string {
  const spread = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return spread.toString(16).padStart(8, '0') + exampleTraceId(n).slice(8);
}

/** Every span of a tenant, by trace and span id: `traceId/spanId`, sorted. Duplicates would show. */
export async function spansIn(
  engine: NodeEngine['engine'],
  traces: number,
  tenant = 'single-tenant'
): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < traces; n++) {
    const { data } = await engine.trace({ tenant, traceId: traceIdOf(n) });
    found.push(...(data?.spans ?? []).map(({ traceId, spanId }) => `${traceId}/${spanId}`));
  }
  return found.sort();
}
