/**
 * `npm run bench keys [-- --spans N --keys K --seed S]`: the shop's spans with K attribute keys more, most of them rare, and one span
 * that has them all. Peak memory while they arrive, while blocks are merged and while all keys are asked for; a value that occurs once, of a
 * rare key (folded into a map column) and of an ordinary one, in turns.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { shopBatches } from '../scripts/traces/generate.ts';
import { seededRandom } from '../src/base/random.ts';
import type { Attribute, Span } from '../src/trace/model.ts';
import { encodeTraces } from '../src/wire/otlp-protobuf.ts';
import { cpuSeconds, folderBytes, peakMemoryBytes, sleep, stop, untilIdle } from '../tests/support/child.ts';
import { spread, timedGet } from './lib/ask.ts';
import { sendBodies } from './lib/load.ts';
import { startVivace } from './lib/systems.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '10000000' },
    keys: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    'flush-interval': { type: 'string', default: '30s' },
  },
});
const spanCount = Number(values.spans);
const keyCount = Number(values.keys);
const random = seededRandom(Number(values.seed));
const startUnixNanos = BigInt(Date.now()) * 1_000_000n - 3_600_000_000_000n;
const needleCount = 40;

const text = (key: string, value: string): Attribute => ({ key, value: { type: 'string', value } });
const keyName = (n: number): string => `app.key.${n}`;

/** Squared: key 0 is on every hundredth span, the last keys on one of ten thousand. */
const someKey = (): number => Math.floor(keyCount * random.float() ** 2);

function* bodies(): Generator<Uint8Array> {
  // Far apart, so that they come to lie in different blocks.
  const step = Math.floor(spanCount / (needleCount + 1));
  let number = 0;
  for (const batch of shopBatches({ seed: Number(values.seed), spans: spanCount, startUnixNanos })) {
    yield gzipSync(
      encodeTraces(
        batch.map((span): Span => {
          const more = [text(keyName(someKey()), `value ${random.below(50)}`), text('request.id', `id ${number}`)];
          const needle = number % step === 0 ? number / step : 0;
          if (needle > 0) {
            // On the rarest keys.
            more.push(text(keyName(keyCount - needle), `needle ${needle}`));
          }
          if (number === Math.floor(spanCount / 2)) {
            more.push(...Array.from({ length: keyCount }, (_, n) => text(keyName(n), `wide ${n}`)));
          }
          number++;
          return { ...span, attributes: [...span.attributes, ...more] };
        })
      ),
      { level: 1 }
    );
  }
}

/** Of the process, from now on (Linux). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
const server = await startVivace(folder, ['--flush-interval', values['flush-interval']]);
const pid = server.process.pid as number;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

async function find(q: string): Promise<{ readonly traces: number; readonly ms: number }> {
  const params = new URLSearchParams({ q, limit: '20', start: '1', end: '4000000000' });
  const { status, body, ms } = await timedGet(`${server.queryUrl}/api/search?${params}`);
  if (status !== 200) {
    throw new Error(`${q}: ${status} ${body.toString()}`);
  }
  return { traces: (JSON.parse(body.toString()) as { traces?: unknown[] }).traces?.length ?? 0, ms };
}

/** Nothing waits in a head. */
async function untilFlushed(): Promise<void> {
  for (;;) {
    const { body } = await timedGet(`${server.queryUrl}/metrics`);
    if (/^vivace_head_spans 0$/m.test(body.toString())) {
      return;
    }
    await sleep(500);
  }
}

try {
  console.log(
    `${spanCount} spans of the shop, ${keyCount} keys more, one span with all; seed ${values.seed}; ${cpus().length} × ${cpus()[0].model}; ${server.version}\n`
  );
  const { seconds, retries } = await sendBodies(server.otlpHttpUrl, bodies(), { connections: 4 });
  const ingestPeak = peakMemoryBytes(pid);
  const ingestCpu = cpuSeconds(pid);
  forgetPeak(pid);
  await untilFlushed();
  const idleCpu = await untilIdle(pid, 0, 900_000);
  const compactionPeak = peakMemoryBytes(pid);
  forgetPeak(pid);
  let found = 0;
  for (let n = 0; n < keyCount; n++) {
    found += (await find(`{ span.${keyName(n)} = "wide ${n}" }`)).traces === 1 ? 1 : 0;
  }
  const foldedMs: number[] = [];
  const ordinaryMs: number[] = [];
  let needles = 0;
  for (let round = 0; round < 3; round++) {
    for (let n = 1; n <= needleCount; n++) {
      const folded = await find(`{ span.${keyName(keyCount - n)} = "needle ${n}" }`);
      const ordinary = await find(`{ span.request.id = "id ${random.below(spanCount)}" }`);
      needles += folded.traces + ordinary.traces;
      // The first round warms.
      if (round > 0) {
        foldedMs.push(folded.ms);
        ordinaryMs.push(ordinary.ms);
      }
    }
  }
  const queryPeak = peakMemoryBytes(pid);
  const [folded, ordinary] = [spread(foldedMs), spread(ordinaryMs)];
  const isBlock = (path: string): boolean => path.endsWith('.parquet');
  console.log(`| | |\n|---|---|
| ingest | ${Math.round(seconds)} s (sender included), ${retries} retries, ${Math.round(spanCount / ingestCpu)} spans per CPU-second, ${Math.round(spanCount / idleCpu)} until idle |
| bytes a span | ${(folderBytes(folder, isBlock) / spanCount).toFixed(1)} |
| peak memory, MiB | ingest ${mebibytes(ingestPeak)}, until idle ${mebibytes(compactionPeak)}, queries ${mebibytes(queryPeak)} |
| keys found by their value | ${found} of ${keyCount} |
| needles found | ${needles} of ${6 * needleCount} |
| needle on a rare key, p50 / p99 ms | ${folded.p50.toFixed(1)} / ${folded.p99.toFixed(1)} |
| needle on an ordinary key, p50 / p99 ms | ${ordinary.p50.toFixed(1)} / ${ordinary.p99.toFixed(1)} |
| rare : ordinary | ${(folded.p50 / ordinary.p50).toFixed(2)} |`);
} finally {
  await stop(server);
  rmSync(folder, { recursive: true, force: true });
}
