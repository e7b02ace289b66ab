/**
 * `npm run bench ingest [-- --spans N --seed S --batch B --compression gzip|zstd|identity --pace N --seconds S --cpu-prof FOLDER]`: the real
 * server fed with OTLP over HTTP/1.1, and where its CPU goes, by thread. P1 without `--pace`; with `--pace` spans a second for
 * `--seconds`: P3 (peak memory) and P10 (acknowledgment), while heads are flushed as they fill.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { shopBodies } from '../scripts/traces/generate.ts';
import { cpuSeconds, folderBytes, peakMemoryBytes, stop, untilIdle } from '../tests/support/child.ts';
import type { Server } from '../tests/support/child.ts';
import { startVivace } from './lib/systems.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '500000' },
    seed: { type: 'string', default: '1' },
    batch: { type: 'string', default: '1000' },
    compression: { type: 'string', default: 'gzip' },
    connections: { type: 'string', default: '8' },
    pace: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '30' },
    'cpu-prof': { type: 'string' },
  },
});
const spans = Number(values.spans);
const batch = Number(values.batch);
const pace = Number(values.pace);
const ticksPerSecond = 100;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;

const compress = (body: Uint8Array): Uint8Array =>
  values.compression === 'gzip' ? gzipSync(body) : values.compression === 'zstd' ? zstdCompressSync(body) : body;

/** CPU seconds by name of thread. */
function threadSeconds(pid: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const used = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    seconds.set(name, (seconds.get(name) ?? 0) + used);
  }
  return seconds;
}

async function send(
  server: Server,
  bodies: readonly Uint8Array[],
  count: number,
  perSecond: number
): Promise<number[]> {
  const connections = Number(values.connections);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = new URL('/v1/traces', server.otlpHttpUrl);
  const encoding = values.compression === 'identity' ? {} : { 'content-encoding': values.compression };
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  let next = 0;
  const post = (body: Uint8Array, dueMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length, ...encoding };
      const call = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume().once('end', () => {
          if (response.statusCode !== 200) {
            reject(new Error(`answered ${response.statusCode}`));
            return;
          }
          latenciesMs.push(performance.now() - dueMs);
          resolve();
        });
      });
      call.once('error', reject);
      call.end(body);
    });
  const sender = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const dueMs = startMs + (1000 * index) / perSecond;
      if (dueMs > performance.now()) {
        await sleep(dueMs - performance.now());
      }
      await post(bodies[index % bodies.length], performance.now());
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return latenciesMs.sort((a, b) => a - b);
}

const startUnixNanos = BigInt(Date.now() - 120_000) * 1_000_000n;
const bodies: Uint8Array[] = [];
let rawBytes = 0;
for (const body of shopBodies({ seed: Number(values.seed), spans, startUnixNanos, spansPerBody: batch })) {
  rawBytes += body.length;
  bodies.push(compress(body));
}
const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
if (values['cpu-prof'] !== undefined) {
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --cpu-prof --cpu-prof-dir=${values['cpu-prof']}`;
}
console.log(
  `${spans} spans, seed ${values.seed}, ${bodies.length} bodies of ${batch} spans, ${values.compression}, ` +
    `${(rawBytes / spans).toFixed(0)} B/span before compression; ${cpus().length} cores ${cpus()[0].model}; ${process.version}`
);
try {
  const server = await startVivace(join(folder, 'vivace'), ['--flush-interval', '5s']);
  delete process.env.NODE_OPTIONS;
  const pid = server.process.pid as number;
  const before = cpuSeconds(pid);
  const threadsBefore = threadSeconds(pid);
  const startMs = performance.now();
  const count = pace === 0 ? bodies.length : Math.ceil((pace * Number(values.seconds)) / batch);
  const latencies = await send(server, bodies, count, pace === 0 ? Infinity : pace / batch);
  const wallSeconds = (performance.now() - startMs) / 1000;
  const sent = pace === 0 ? spans : count * batch;
  const acked = cpuSeconds(pid) - before;
  const threadsAcked = threadSeconds(pid);
  const idle = (await untilIdle(pid)) - before;
  const threadsIdle = threadSeconds(pid);
  const rate = (seconds: number): string => `${Math.round(sent / seconds / 1000)} k`;
  console.log({
    'spans/cpu-s until acknowledged': rate(acked),
    'spans/cpu-s until idle': rate(idle),
    'wall spans/s': rate(wallSeconds),
    'ack p50 / p90 / p99 / max, ms': [0.5, 0.9, 0.99, 1].map((q) => quantile(latencies, q).toFixed(1)).join(' / '),
    'peak memory, MiB': Math.round(peakMemoryBytes(pid) / 2 ** 20),
    'blocks, B/span': (folderBytes(server.folder, (path) => path.endsWith('.parquet')) / sent).toFixed(1),
  });
  console.log('CPU by thread, µs a span until acknowledged / until idle:');
  for (const [thread, seconds] of threadsIdle) {
    const start = threadsBefore.get(thread) ?? 0;
    const microsecondsOf = (used: number): string => ((used / sent) * 1e6).toFixed(2);
    console.log(
      `  ${thread}: ${microsecondsOf((threadsAcked.get(thread) ?? start) - start)} / ${microsecondsOf(seconds - start)}`
    );
  }
  await stop(server);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
