/**
 * The first table: P1 ingest, P2 size, P4 needle, P6 trace by id, P10 acknowledgment, over the shop corpus, one system after the other on
 * the same machine, fed by the same sender.
 *
 * node scripts/bench.mjs first-table --spans 1000000 --seed 1
 * Peers run when named: VIVACE_BENCH_TEMPO=/path/to/tempo.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../src/base/random.ts';
import { encodeTraces } from '../src/wire/otlp-protobuf.ts';
import { shopBatches } from '../scripts/traces/generate.ts';
import { cpuSeconds, folderBytes, peakMemoryBytes, stop, untilIdle } from '../tests/support/child.ts';
import type { Server } from '../tests/support/child.ts';
import { startTempo, startVivace } from './lib/systems.ts';

const { values } = parseArgs({
  options: { spans: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const spans = Number(values.spans);
const seed = Number(values.seed);
const spansPerSecond = 10_000;
const needleKey = 'app.request.id';

interface Corpus {
  readonly bodies: readonly Uint8Array[];
  readonly rawBytes: number;
  readonly traceIds: readonly string[];
  readonly needles: readonly string[];
  readonly startUnixSeconds: number;
  readonly endUnixSeconds: number;
}

function makeCorpus(): Corpus {
  const random = seededRandom(seed + 1);
  const durationSeconds = Math.ceil(spans / spansPerSecond);
  const startUnixSeconds = Math.floor(Date.now() / 1000) - durationSeconds - 60;
  const bodies: Uint8Array[] = [];
  const traceIds: string[] = [];
  const needles: string[] = [];
  let rawBytes = 0;
  for (const batch of shopBatches({
    seed,
    spans,
    startUnixNanos: BigInt(startUnixSeconds) * 1_000_000_000n,
    spansPerSecond,
  })) {
    const raw = encodeTraces(batch);
    rawBytes += raw.length;
    bodies.push(gzipSync(raw));
    for (let i = 0; i < 2; i++) {
      const span = random.pick(batch);
      traceIds.push(span.traceId);
      const needle = span.attributes.find(({ key }) => key === needleKey)?.value;
      if (needle?.type === 'string') {
        needles.push(needle.value);
      }
    }
  }
  return {
    bodies,
    rawBytes,
    traceIds,
    needles,
    startUnixSeconds,
    endUnixSeconds: startUnixSeconds + durationSeconds + 120,
  };
}

/** Sends every body once over `connections` connections; answers latencies in milliseconds. Paced when `bodiesPerSecond` is given. */
async function sendAll(
  server: Server,
  bodies: readonly Uint8Array[],
  connections: number,
  bodiesPerSecond = Infinity
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = new URL('/v1/traces', server.otlpHttpUrl);
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  let next = 0;
  const post = (body: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const sentMs = performance.now();
      const headers = {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'gzip',
        'content-length': body.length,
      };
      const call = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume().once('end', () => {
          if (response.statusCode !== 200) {
            reject(new Error(`${server.name} answered ${response.statusCode}`));
            return;
          }
          latenciesMs.push(performance.now() - sentMs);
          resolve();
        });
      });
      call.once('error', reject);
      call.end(body);
    });
  const sender = async (): Promise<void> => {
    while (next < bodies.length) {
      const index = next++;
      const dueMs = startMs + (1000 * index) / bodiesPerSecond;
      if (dueMs > performance.now()) {
        await sleep(dueMs - performance.now());
      }
      await post(bodies[index]);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return latenciesMs;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** Milliseconds of one GET, body read; fails on another status than 200. */
async function timedGet(url: string, headers: Record<string, string> = {}): Promise<{ ms: number; text: string }> {
  const startMs = performance.now();
  const response = await fetch(url, { headers });
  const text = await response.text();
  if (response.status !== 200) {
    throw new Error(`${url}: ${response.status} ${text.slice(0, 200)}`);
  }
  return { ms: performance.now() - startMs, text };
}

async function needleMs(server: Server, corpus: Corpus): Promise<{ p50: number; found: number; asked: number }> {
  const times: number[] = [];
  let found = 0;
  const needles = corpus.needles.slice(0, 30);
  for (const warm of [false, true]) {
    for (const needle of needles) {
      const params = new URLSearchParams({
        q: `{ span.${needleKey} = "${needle}" }`,
        start: String(corpus.startUnixSeconds - 60),
        end: String(corpus.endUnixSeconds),
      });
      const { ms, text } = await timedGet(`${server.queryUrl}/api/search?${params}`);
      if (warm) {
        times.push(ms);
        found += (JSON.parse(text) as { traces?: unknown[] }).traces?.length === 1 ? 1 : 0;
      }
    }
  }
  return { p50: quantile(ascending(times), 0.5), found, asked: needles.length };
}

async function traceByIdMs(server: Server, corpus: Corpus): Promise<{ p50: number; p99: number }> {
  const random = seededRandom(seed + 2);
  const times: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const { ms } = await timedGet(`${server.queryUrl}/api/traces/${random.pick(corpus.traceIds)}`, {
      accept: 'application/protobuf',
    });
    times.push(ms);
  }
  const sorted = ascending(times.slice(100));
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

interface Row {
  readonly system: string;
  readonly cells: Readonly<Record<string, string>>;
}

async function measure(
  start: () => Promise<Server>,
  blockBytes: (server: Server) => number,
  corpus: Corpus
): Promise<Row> {
  const server = await start();
  const pid = server.process.pid as number;
  const before = cpuSeconds(pid);
  const startMs = performance.now();
  await sendAll(server, corpus.bodies, 8);
  const seconds = (performance.now() - startMs) / 1000;
  const acked = cpuSeconds(pid) - before;
  const idle = (await untilIdle(pid)) - before;
  const bytes = blockBytes(server);
  const needle = await needleMs(server, corpus);
  const byId = await traceByIdMs(server, corpus);
  const paced = Array.from({ length: 2000 }, (_, i) => corpus.bodies[i % corpus.bodies.length]);
  const latencies = ascending(await sendAll(server, paced.slice(0, 300), 16, 20));
  const memory = peakMemoryBytes(pid);
  await stop(server);
  const rate = (cpu: number): string => `${Math.round(spans / cpu / 1000)} k`;
  return {
    system: `${server.name} ${server.version}`,
    cells: {
      'P1 spans/cpu-s until acknowledged': rate(acked),
      'P1 spans/cpu-s until idle': rate(idle),
      'wall spans/s, 8 connections': `${Math.round(spans / seconds / 1000)} k`,
      'P2 bytes/span on disk': (bytes / spans).toFixed(1),
      'P4 needle p50, ms (found)': `${needle.p50.toFixed(1)} (${needle.found}/${needle.asked})`,
      'P6 trace by id p50 / p99, ms': `${byId.p50.toFixed(1)} / ${byId.p99.toFixed(1)}`,
      'P10 ack p50 / p99 at 20 k spans/s, ms': `${quantile(latencies, 0.5).toFixed(1)} / ${quantile(latencies, 0.99).toFixed(1)}`,
      'peak memory, MiB': String(Math.round(memory / 2 ** 20)),
    },
  };
}

const corpus = makeCorpus();
const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
console.log(
  `${spans} spans, seed ${seed}, ${corpus.bodies.length} bodies of OTLP gzip, ${(corpus.rawBytes / spans).toFixed(0)} B/span before compression; ` +
    `${cpus().length} cores ${cpus()[0].model}; ${process.version}`
);
const rows: Row[] = [];
const report = (row: Row): void => {
  rows.push(row);
  console.log(JSON.stringify(row));
};
try {
  report(
    await measure(
      () => startVivace(join(folder, 'vivace'), ['--flush-interval', '5s']),
      (server) => folderBytes(server.folder, (path) => path.endsWith('.parquet')),
      corpus
    )
  );
  const tempo = process.env.VIVACE_BENCH_TEMPO;
  if (tempo) {
    report(
      await measure(
        () => startTempo(tempo, join(folder, 'tempo')),
        (server) => folderBytes(join(server.folder, 'blocks')),
        corpus
      )
    );
  } else {
    console.log('Tempo: skipped, VIVACE_BENCH_TEMPO names no binary');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n| | ${rows.map((row) => row.system).join(' | ')} |\n|---|${rows.map(() => '---|').join('')}`);
for (const name of Object.keys(rows[0].cells)) {
  console.log(`| ${name} | ${rows.map((row) => row.cells[name]).join(' | ')} |`);
}
