/**
 * The goals of ingest, size and query time on one corpus, one system after the other on the same machine, fed by the same sender:
 * P1 P2 P4 P5 P6 P7 P9 P10 P11 and memory. The growth of P8 is two runs with different `--spans`.
 *
 * node scripts/bench.mjs goals --spans 10000000 --systems vivace,tempo,victoria-traces
 * Peers run when named: VIVACE_BENCH_TEMPO, VIVACE_BENCH_VICTORIATRACES.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../src/base/random.ts';
import { encodeTraces } from '../src/wire/otlp-protobuf.ts';
import { shopBatches } from '../scripts/traces/generate.ts';
import { cpuSeconds, folderBytes, idleRate, peakMemoryBytes, sleep, stop, untilIdle } from '../tests/support/child.ts';
import type { Server } from '../tests/support/child.ts';
import { geometricMean, spread, timedGet } from './lib/ask.ts';
import { openCorpus, readBodies } from './lib/corpus.ts';
import { quantile, sendBodies } from './lib/load.ts';
import { querySuite, suiteLimits } from './lib/queries.ts';
import { rangeOf, systemOf, type System } from './lib/systems.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    systems: { type: 'string', default: 'vivace,tempo,victoria-traces' },
    keep: { type: 'string' },
  },
});
const corpus = openCorpus(
  { spans: Number(values.spans), seed: Number(values.seed), spansPerSecond: 10_000, spansPerBody: 1000 },
  (line) => console.log(line)
);

const range = rangeOf(corpus);
const { limit, spansPerSpanset, stepSeconds } = suiteLimits;
const suite = querySuite({ requestId: corpus.needles[0], userId: corpus.userIds[0] });

/** So long a system is asked for one figure before what it has answered must do; the table says how often it was asked. */
const askingMsMax = 90_000;

type Cells = Map<string, string>;
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

async function ingest(server: Server, system: System, cells: Cells): Promise<void> {
  const pid = server.process.pid as number;
  const baseRate = await idleRate(pid);
  const before = cpuSeconds(pid);
  const { seconds, retries } = await sendBodies(server.otlpHttpUrl, readBodies(corpus), { connections: 8 });
  const acked = cpuSeconds(pid) - before;
  await sleep(system.settleMs);
  const idle = (await untilIdle(pid, baseRate, 300_000)) - before;
  const rate = (cpu: number): string => `${Math.round(corpus.spans / cpu / 1000)} k`;
  cells.set('P1 spans per CPU-second, until acknowledged', rate(acked));
  cells.set('P1 spans per CPU-second, until idle', rate(idle));
  cells.set(
    'wall clock, 8 connections, spans/s',
    `${Math.round(corpus.spans / seconds / 1000)} k${retries ? ` (${retries} retries)` : ''}`
  );
  cells.set('P2 bytes a span on disk', (folderBytes(server.folder, system.isBlock) / corpus.spans).toFixed(1));
  cells.set('peak memory after ingest, MiB', String(Math.round(peakMemoryBytes(pid) / 2 ** 20)));
}

async function needles(server: Server, system: System, cells: Cells): Promise<void> {
  const times: number[] = [];
  let found = 0;
  let asked = corpus.needles.slice(0, 30);
  for (const warm of [false, true]) {
    const endMs = performance.now() + askingMsMax;
    for (const [at, needle] of asked.entries()) {
      if (performance.now() > endMs) {
        asked = asked.slice(0, at);
        break;
      }
      const answer = await timedGet(system.needleUrl(server, corpus, needle));
      if (warm) {
        times.push(answer.ms);
        found += answer.status === 200 && answer.body.includes('traceID') ? 1 : 0;
      }
    }
  }
  const { p50, p99 } = spread(times);
  cells.set('P4 needle p50 / max, ms (found)', `${ms(p50)} / ${ms(p99)} (${found}/${asked.length})`);
}

async function tracesById(server: Server, system: System, cells: Cells): Promise<void> {
  const random = seededRandom(Number(values.seed) + 2);
  const asked: { readonly ms: number; readonly isFound: boolean }[] = [];
  const endMs = performance.now() + askingMsMax;
  while (asked.length < 1100 && performance.now() < endMs) {
    const url = system.traceUrl(server, random.pick(corpus.traceIds));
    const answer = await timedGet(url, { accept: system.traceql ? 'application/protobuf' : 'application/json' });
    asked.push({ ms: answer.ms, isFound: answer.status === 200 });
  }
  // The first hundred warm up, unless there was time for no more.
  const counted = asked.slice(Math.min(100, asked.length >> 1));
  const found = counted.filter(({ isFound }) => isFound).length;
  const { p50, p99 } = spread(counted.map((each) => each.ms));
  cells.set('P6 trace by id p50 / p99, ms (found)', `${ms(p50)} / ${ms(p99)} (${found}/${counted.length})`);
}

/** Medians of three, after one to warm up; by name of the query. */
async function askSuite(server: Server, cells: Cells, mostRecent: boolean): Promise<Map<string, number>> {
  const medians = new Map<string, number>();
  let failed = 0;
  for (const { name, text, kind } of suite) {
    const times: number[] = [];
    const hint = mostRecent ? ' with (most_recent=true)' : '';
    const url =
      kind === 'metrics'
        ? `${server.queryUrl}/api/metrics/query_range?${range}&step=${stepSeconds}s&q=${encodeURIComponent(text)}`
        : `${server.queryUrl}/api/search?${range}&limit=${limit}&spss=${spansPerSpanset}&q=${encodeURIComponent(text + hint)}`;
    const endMs = performance.now() + askingMsMax / 3;
    for (let i = 0; i < 4 && (i < 2 || performance.now() < endMs); i++) {
      const answer = await timedGet(url);
      if (answer.status !== 200) {
        failed++;
        console.log(`${server.name} ${name}: ${answer.status} ${answer.body.toString().slice(0, 160)}`);
        times.length = 0;
        break;
      }
      times.push(answer.ms);
    }
    if (times.length > 0) {
      const warm = times.slice(1).sort((a, b) => a - b);
      medians.set(name, warm[warm.length >> 1]);
    }
  }
  cells.set(
    `P5 geometric mean of ${suite.length} queries, ms (failed)`,
    `${ms(geometricMean([...medians.values()]))} (${failed})`
  );
  return medians;
}

async function names(server: Server, cells: Cells): Promise<void> {
  const filter = encodeURIComponent('{ resource.service.name = "checkout" && status = error }');
  for (const [label, path] of [
    ['P7 tag names, ms', `/api/v2/search/tags?${range}`],
    [
      'P7 values filtered by another condition, ms',
      `/api/v2/search/tag/span.http.response.status_code/values?${range}&q=${filter}`,
    ],
  ]) {
    const times: number[] = [];
    for (let i = 0; i < 12; i++) {
      times.push((await timedGet(`${server.queryUrl}${path}`)).ms);
    }
    cells.set(label, ms(spread(times.slice(2)).p50));
  }
}

/** Latency seen by 16 SDKs with the default batch of 512 spans. */
async function acknowledgments(server: Server, cells: Cells): Promise<void> {
  const batches = shopBatches({
    seed: Number(values.seed) + 7,
    spans: 20_000 * 15,
    startUnixNanos: BigInt(Math.floor(Date.now() / 1000) - 20) * 1_000_000_000n,
    spansPerSecond: 20_000,
    spansPerBody: 512,
  });
  const bodies = Array.from(batches, encodeGzip);
  const { latenciesMs } = await sendBodies(server.otlpHttpUrl, bodies, {
    connections: 16,
    bodiesPerSecond: 20_000 / 512,
  });
  cells.set(
    'P10 acknowledgment p50 / p99, ms (20 k spans/s, 512 a request)',
    `${ms(quantile(latenciesMs, 0.5))} / ${ms(quantile(latenciesMs, 0.99))}`
  );
}

function encodeGzip(batch: Parameters<typeof encodeTraces>[0]): Uint8Array {
  return gzipSync(encodeTraces(batch));
}

/** From the acknowledgment of a new trace until it is found by id, and by search. */
async function freshness(server: Server, cells: Cells): Promise<void> {
  const byId: number[] = [];
  const bySearch: number[] = [];
  const endMs = performance.now() + askingMsMax;
  for (let i = 0; i < 5 && performance.now() < endMs; i++) {
    const startUnixNanos = BigInt(Date.now() - 2000) * 1_000_000n;
    const [batch] = [...shopBatches({ seed: 1000 + i, spans: 1, startUnixNanos, spansPerBody: 1 })];
    await sendBodies(server.otlpHttpUrl, [encodeGzip(batch)], { connections: 1 });
    const ackedMs = performance.now();
    const until = async (url: string, isFound: (status: number, body: Buffer) => boolean): Promise<number> => {
      for (;;) {
        const answer = await timedGet(url);
        if (isFound(answer.status, answer.body)) {
          return performance.now() - ackedMs;
        }
        if (performance.now() - ackedMs > 60_000) {
          return Infinity;
        }
        await sleep(20);
      }
    };
    const { traceId, name } = batch[0];
    byId.push(await until(`${server.queryUrl}/api/traces/${traceId}`, (status) => status === 200));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const query = encodeURIComponent(`{ trace:id = "${traceId}" && name = "${name}" }`);
    const search = `${server.queryUrl}/api/search?start=${nowSeconds - 300}&end=${nowSeconds + 60}&q=${query}`;
    bySearch.push(await until(search, (status, body) => status === 200 && body.includes('traceID')));
  }
  cells.set('P9 found by id / by search after, ms', `${ms(spread(byId).p50)} / ${ms(spread(bySearch).p50)}`);
}

/** A new process over the same data, page cache dropped where this user may. */
async function cold(server: Server, system: System, cells: Cells): Promise<Server> {
  await stop(server);
  let dropped = true;
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch {
    dropped = false;
  }
  const startMs = performance.now();
  const again = await system.start(server.folder);
  const ready = performance.now() - startMs;
  const needle = await timedGet(system.needleUrl(again, corpus, corpus.needles[31]));
  const trace = await timedGet(system.traceUrl(again, corpus.traceIds[17]));
  const suffix = dropped ? '' : ' (page cache not dropped: not permitted)';
  cells.set('start until ready, ms', ms(ready));
  cells.set('P11 cold needle / trace by id, ms', `${ms(needle.ms)} / ${ms(trace.ms)}${suffix}`);
  return again;
}

interface Measured {
  readonly system: string;
  readonly cells: Cells;
  readonly medians: Map<string, number>;
}

async function measure(name: string, system: System, folder: string): Promise<Measured> {
  const cells: Cells = new Map();
  let server = await system.start(folder);
  const say = (done: string): void => console.log(`${server.name}: ${done} done`);
  try {
    await ingest(server, system, cells);
    say('ingest');
    await needles(server, system, cells);
    say('needles');
    await tracesById(server, system, cells);
    say('traces by id');
    const medians = system.traceql ? await askSuite(server, cells, name === 'tempo') : new Map<string, number>();
    say('suite');
    if (system.traceql) {
      await names(server, cells);
      await freshness(server, cells);
    }
    await acknowledgments(server, cells);
    cells.set('peak memory, MiB', String(Math.round(peakMemoryBytes(server.process.pid as number) / 2 ** 20)));
    server = await cold(server, system, cells);
    return { system: `${server.name} ${server.version}`, cells, medians };
  } finally {
    await stop(server);
  }
}

console.log(
  `${corpus.spans} spans, seed ${corpus.seed}, ${corpus.bodyBytes.length} bodies of OTLP gzip, ` +
    `${(corpus.rawBytes / corpus.spans).toFixed(0)} B/span before compression; ${cpus().length} cores ${cpus()[0].model}; ${process.version}`
);
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'vivace-bench-'));
const results: Measured[] = [];
try {
  for (const name of values.systems.split(',')) {
    const system = systemOf(name);
    if (typeof system === 'string') {
      console.log(system);
      continue;
    }
    const measured = await measure(name, system, join(folder, name));
    results.push(measured);
    console.log(`${measured.system}: ${JSON.stringify(Object.fromEntries(measured.cells))}`);
  }
} finally {
  if (values.keep === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
}
const header = (first: string): string =>
  `\n| ${first} | ${results.map(({ system }) => system).join(' | ')} |\n|---|${results.map(() => '---|').join('')}`;
console.log(header(''));
for (const label of new Set(results.flatMap(({ cells }) => [...cells.keys()]))) {
  console.log(`| ${label} | ${results.map(({ cells }) => cells.get(label) ?? '–').join(' | ')} |`);
}
const [own, tempo] = ['Vivace', 'Tempo'].map(
  (name) => results.find(({ system }) => system.startsWith(`${name} `))?.medians
);
if (own !== undefined && tempo !== undefined) {
  const ratios = [...own].flatMap(([name, time]) =>
    tempo.has(name) ? [{ name, ratio: tempo.get(name)! / time }] : []
  );
  const least = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  console.log(
    `\nP5: Tempo takes ${geometricMean(ratios.map(({ ratio }) => ratio)).toFixed(1)} times as long as Vivace in the geometric mean of ` +
      `${ratios.length} queries; least ${least.ratio.toFixed(1)} times, for ${least.name}.`
  );
}
console.log(header('P5, median ms'));
for (const { name } of suite) {
  console.log(
    `| ${name} | ${results.map(({ medians }) => (medians.has(name) ? ms(medians.get(name) as number) : '–')).join(' | ')} |`
  );
}
