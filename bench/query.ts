/**
 * `npm run bench query [spans] [folder] [pattern]`: the shop corpus in an engine of this process, blocks of about 125,000 spans, then the thirty
 * queries of P5, look-ups of values and traces by id over them, one at a time; with a pattern only those whose name it matches. A folder that is named is kept, and used again when it has
 * data. The first run of a query counts apart (little has been read then, though the system has the files in memory), the median of ten
 * beside it; a trace by id is always another one. CPU milliseconds are the mean of the same rounds, all threads: what a loaded machine
 * falsifies least.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { shopBodies } from '../scripts/traces/generate.ts';
import { openNodeEngine } from '../src/server/node-engine.ts';
import type { Answer } from '../src/store/trace-store.ts';
import { attributeOf } from '../src/trace/model.ts';
import { parseQuery } from '../src/traceql/parser.ts';
import { querySuite, suiteLimits } from './lib/queries.ts';

const tenant = 'single-tenant';
const spanCount = Number(process.argv[2] ?? 500_000);
const rounds = Number(process.env.VIVACE_BENCH_ROUNDS ?? 10);
const wanted = new RegExp(process.argv[4] ?? '');
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), 'vivace-bench-'));
const limits = { headRowsMax: 125_000, retentionMs: 0, headAgeMsMax: 1e9 };
const allTime = { startUnixNanos: undefined, endUnixNanos: undefined };

const { engine, close } = await openNodeEngine(folder, { limits });
try {
  await engine.whenReady();
  if (engine.status().blockSpans === 0) {
    const startUnixNanos = 1_767_225_600_000_000_000n;
    for (const body of shopBodies({ seed: 1, spans: spanCount, startUnixNanos })) {
      await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
    }
    await engine.flush();
  }
  const { blocks, blockSpans } = engine.status();
  console.log(`${blockSpans} spans in ${blocks} blocks; load ${loadavg()[0].toFixed(1)}`);
  console.log(
    `${'query'.padEnd(40)}${'first ms'.padStart(10)}${'median ms'.padStart(11)}${'CPU ms'.padStart(9)}${'read KiB'.padStart(10)}  answer`
  );
  await measure();
} finally {
  await close();
  if (process.argv[3] === undefined) {
    rmSync(folder, { recursive: true });
  }
}

async function measure(): Promise<void> {
  const search = (text: string, limit = 20) =>
    engine.search({
      tenant,
      query: parseQuery(text),
      range: allTime,
      limit,
      spansPerSpanset: suiteLimits.spansPerSpanset,
    });
  const newest = await search('{}', 400);
  const traceIds = newest.data.map(({ traceId }) => traceId);
  const requestId = await someValue(traceIds, 'app.request.id');
  const userId = await someValue(traceIds, 'user.id');
  const endUnixNanos = newest.data[0].startUnixNanos + 60_000_000_000n;
  const startUnixNanos = endUnixNanos - 3_600_000_000_000n;
  const stepNanos = BigInt(suiteLimits.stepSeconds) * 1_000_000_000n;
  for (const { name, kind, text } of querySuite({ requestId, userId })) {
    const query = parseQuery(text);
    if (kind === 'search') {
      await report(
        name,
        () => search(text, suiteLimits.limit),
        (found) => `${found.length} traces`
      );
    } else {
      const ask = () => engine.metrics({ tenant, query, startUnixNanos, endUnixNanos, stepNanos, exemplars: 0 });
      await report(name, ask, (series) => `${series.length} series`);
    }
  }
  await report(
    'names of attributes',
    () => engine.attributeNames({ tenant, range: allTime, filter: undefined }),
    (names) => `${[...names.values()].flat().length} names`
  );
  for (const [attribute, filter] of [
    ['span.http.route', '{ resource.service.name = "frontend" }'],
    ['resource.k8s.pod.name', '{ status = error && duration > 100ms }'],
  ]) {
    const request = { tenant, attribute, filter: parseQuery(filter), range: allTime, limit: 1000 };
    await report(
      `values of ${attribute}`,
      () => engine.attributeValues(request),
      (values) => `${values.length} values`
    );
  }
  let next = 0;
  const byId = () => engine.trace({ tenant, traceId: traceIds[next++ % traceIds.length] });
  await report('trace by id', byId, (trace) => `${trace?.spans.length ?? 0} spans`, 200);
  await report(
    'a trace id that is not there',
    () => engine.trace({ tenant, traceId: `${(next++).toString(16).padStart(8, '7')}${'5'.repeat(24)}` }),
    (trace) => `${trace?.spans.length ?? 0} spans`,
    200
  );
}

/** A text that some span has for an attribute. */
async function someValue(traceIds: readonly string[], key: string): Promise<string> {
  for (const traceId of traceIds) {
    const { data } = await engine.trace({ tenant, traceId });
    for (const span of data?.spans ?? []) {
      const id = attributeOf(span.attributes, key);
      if (id?.type === 'string') {
        return id.value;
      }
    }
  }
  throw new Error(`no span with ${key}`);
}

async function report<T>(
  name: string,
  ask: () => Promise<Answer<T>>,
  summary: (data: T) => string,
  times = rounds
): Promise<void> {
  if (!wanted.test(name)) {
    return;
  }
  const start = performance.now();
  const first = await ask();
  const firstMs = performance.now() - start;
  const taken: number[] = [];
  let readBytes = 0;
  const cpu = process.cpuUsage();
  for (let round = 0; round < times; round++) {
    const from = performance.now();
    const { stats } = await ask();
    taken.push(performance.now() - from);
    readBytes += stats.inspectedBytes;
  }
  const used = process.cpuUsage(cpu);
  taken.sort((a, b) => a - b);
  const p99 = times >= 100 ? `, p99 ${taken[Math.floor(times * 0.99)].toFixed(1)} ms` : '';
  console.log(
    name.padEnd(40) +
      firstMs.toFixed(1).padStart(10) +
      taken[times >> 1].toFixed(2).padStart(11) +
      ((used.user + used.system) / 1000 / times).toFixed(2).padStart(9) +
      (readBytes / times / 1024).toFixed(0).padStart(10) +
      `  ${summary(first.data)}${p99}`
  );
}
