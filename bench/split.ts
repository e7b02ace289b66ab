/**
 * `npm run bench split [spans]`: what traces cost that lie in more than one block. The shop corpus in three stores: no trace, one of a
 * hundred, and 30 of a hundred with the later half of their spans in another block than the first half. Medians of wall time and mean CPU
 * (all threads) in milliseconds; answers are the same in all three, which is checked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/base/random.ts';
import { shopBatches } from '../scripts/traces/generate.ts';
import { openNodeEngine } from '../src/server/node-engine.ts';
import type { Span } from '../src/trace/model.ts';
import { parseQuery } from '../src/traceql/parser.ts';
import { encodeTraces } from '../src/wire/otlp-protobuf.ts';

const tenant = 'single-tenant';
const spanCount = Number(process.argv[2] ?? 200_000);
const rounds = 7;
const startUnixNanos = 1_767_225_600_000_000_000n;
const spansPerBody = 1000;
const everything = { startUnixNanos: undefined, endUnixNanos: undefined };

console.log(`${spanCount} spans; load ${loadavg()[0].toFixed(1)}`);
const answers: string[] = [];
for (const share of [0, 0.01, 0.3]) {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
  try {
    answers.push(await measure(folder, share));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
if (new Set(answers).size > 1) {
  throw new Error('answers differ with the share of split traces');
}

/** The first and the second half of the store: bodies of whole traces, but for those that are split. */
function halves(share: number): readonly [Span[][], Span[][]] {
  const random = seededRandom(1);
  const isSplit = new Map<string, boolean>();
  const first: Span[][] = [];
  const second: Span[][] = [];
  for (const batch of shopBatches({ seed: 1, spans: spanCount, startUnixNanos, spansPerBody })) {
    const now: Span[] = [];
    const later: Span[] = [];
    const seen = new Map<string, number>();
    const sizes = new Map<string, number>();
    batch.forEach(({ traceId }) => sizes.set(traceId, (sizes.get(traceId) ?? 0) + 1));
    for (const span of batch) {
      const { traceId } = span;
      const at = seen.get(traceId) ?? 0;
      seen.set(traceId, at + 1);
      if (!isSplit.has(traceId)) {
        isSplit.set(traceId, random.float() < share);
      }
      const goesLater = isSplit.get(traceId) === true && at >= (sizes.get(traceId) as number) / 2;
      (goesLater ? later : now).push(span);
    }
    first.push(now);
    second.push(later);
  }
  return [first, second.filter(({ length }) => length > 0)];
}

async function measure(folder: string, share: number): Promise<string> {
  const limits = { retentionMs: 0, headAgeMsMax: 1e9, compactionFanIn: 0 };
  const { engine, close } = await openNodeEngine(folder, { limits });
  try {
    await engine.whenReady();
    for (const half of halves(share)) {
      for (const spans of half) {
        const body = encodeTraces(spans);
        await engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
      }
      await engine.flush();
    }
    const { blocks, blockSpans } = engine.status();
    console.log(`\n${(100 * share).toFixed(0)} % of the traces split: ${blockSpans} spans in ${blocks} blocks`);
    const search = (text: string, limit: number) => () =>
      engine.search({ tenant, query: parseQuery(text), range: everything, limit, spansPerSpanset: 3 });
    const metrics = (text: string) => () =>
      engine.metrics({
        tenant,
        query: parseQuery(text),
        startUnixNanos,
        endUnixNanos: startUnixNanos + 3_600_000_000_000n,
        stepNanos: 60_000_000_000n,
        exemplars: 0,
      });
    const traceIds = (await search('{}', 50)()).data.map(({ traceId }) => traceId);
    let next = 0;
    const answer = [
      await report('errors', search('{ status = error }', 20)),
      await report('descendant', search('{ resource.service.name = "frontend" } >> { status = error }', 20)),
      await report('by', search('{ kind = client } | by(resource.service.name) | count() > 8', 20)),
      await report('rate by service', metrics('{ } | rate() by (resource.service.name)')),
      await report('descendants, rate', metrics('{ kind = server } >> { status = error } | rate()')),
    ];
    await report('trace by id', () => engine.trace({ tenant, traceId: traceIds[next++ % traceIds.length] }), 50);
    return answer.join('\n');
  } finally {
    await close();
  }
}

/** Answers the data as text. */
async function report<T>(
  name: string,
  ask: () => Promise<{ readonly data: T; readonly stats: { soloTraces: number; splitTraces: number } }>,
  times = rounds
): Promise<string> {
  const { data, stats } = await ask();
  const taken: number[] = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < times; round++) {
    const from = performance.now();
    await ask();
    taken.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(cpu);
  taken.sort((a, b) => a - b);
  console.log(
    `  ${name.padEnd(20)} ${taken[times >> 1].toFixed(1).padStart(9)} ms, CPU ${((user + system) / 1000 / times).toFixed(1).padStart(8)} ms` +
      `   ${stats.soloTraces} solo, ${stats.splitTraces} split`
  );
  return JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
