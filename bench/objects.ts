/**
 * P11 from object storage: a needle and a trace by id on a fresh process without a local copy of anything, through 30 ms a request.
 *
 *     node bench/objects.ts [spans]
 *
 * The S3 server is s3rver, behind `tests/support/fault-proxy.ts`; both run in this process, so their CPU is in the times.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy, type ProxiedRequest } from '../tests/support/fault-proxy.ts';
import { startS3rver } from '../tests/support/object-servers.ts';
import { startProcess, type TestProcess } from '../tests/support/server.ts';
import { needleKey, openCorpus, readBodies } from './lib/corpus.ts';
import { sendBodies } from './lib/load.ts';

const spans = Number(process.argv[2] ?? 1_000_000);
const runs = 5;
const latencyMs = 30;

const corpus = openCorpus({ spans, seed: 1, spansPerSecond: 2000, spansPerBody: 500 }, (line) => console.log(line));
const store = await startS3rver();
const proxy = await startFaultProxy({ upstream: store.url, conditionalPut: true });
const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));

async function start(): Promise<TestProcess> {
  return startProcess(
    [
      ...['--data-dir', folder, '--log-level', 'info', '--storage', 's3', '--storage-bucket', store.bucket],
      ...['--storage-endpoint', proxy.url, '--storage-path-style', '--flush-interval', '2s', '--retention', '0'],
    ],
    store.variables
  );
}

async function metric(server: TestProcess, name: string): Promise<number> {
  const text = await (await fetch(`${server.urls.query}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

const loader = await start();
await sendBodies(loader.urls.otlpHttp, readBodies(corpus), { connections: 4 });
while ((await metric(loader, 'vivace_head_spans')) > 0) {
  await sleep(500);
}
const blocks = await metric(loader, 'vivace_blocks');
await loader.close();
proxy.latencyMs = latencyMs;

const rows: { what: string; ms: number; requests: number; rounds: number }[] = [];
async function measured(what: string, task: () => Promise<unknown>): Promise<void> {
  const before = proxy.requests.length;
  const startMs = performance.now();
  await task();
  const sent = proxy.requests.slice(before);
  rows.push({ what, ms: performance.now() - startMs, requests: sent.length, rounds: roundsOf(sent) });
}

/** How many requests waited for the answer of another: the longest chain, at least. */
function roundsOf(requests: readonly ProxiedRequest[]): number {
  let rounds = 0;
  let answeredMs = -Infinity;
  for (const { arrivedMs } of requests) {
    if (arrivedMs >= answeredMs) {
      rounds++;
      answeredMs = arrivedMs + latencyMs;
    }
  }
  return rounds;
}

for (let run = 0; run < runs; run++) {
  for (const what of ['needle', 'trace by id'] as const) {
    rmSync(folder, { recursive: true, force: true });
    let server: TestProcess | undefined;
    await measured('start', async () => {
      server = await start();
    });
    const { query } = server!.urls;
    const params = new URLSearchParams({ q: `{ span.${needleKey} = "${corpus.needles[run]}" }`, limit: '20' });
    const url = what === 'needle' ? `${query}/api/search?${params}` : `${query}/api/v2/traces/${corpus.traceIds[run]}`;
    for (const state of ['cold', 'again'] as const) {
      await measured(`${what}, ${state}`, async () => {
        const response = await fetch(url);
        const text = await response.text();
        if (response.status !== 200 || text.length < 100) {
          throw new Error(`${url}: ${response.status} ${text}`);
        }
      });
    }
    await server!.close();
  }
}
await proxy.close();
await store.close();
rmSync(folder, { recursive: true, force: true });

console.log(
  `${spans} spans in ${blocks} blocks, ${latencyMs} ms a request, ${runs} runs, medians, node ${process.version}`
);
for (const what of new Set(rows.map((row) => row.what))) {
  const of = rows.filter((row) => row.what === what).sort((a, b) => a.ms - b.ms);
  const { ms, requests, rounds } = of[of.length >> 1];
  console.log(
    `${what.padEnd(22)}${ms.toFixed(0).padStart(8)} ms${String(requests).padStart(8)} requests${String(rounds).padStart(6)} rounds`
  );
}
