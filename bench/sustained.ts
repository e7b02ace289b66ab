/**
 * P3: peak memory while 50,000 spans arrive each second, with the acknowledgments' latency beside it. The corpus decides how long:
 * 30 million spans are ten minutes.
 *
 * node scripts/bench.mjs sustained --spans 10000000 --systems vivace,tempo
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, peakMemoryBytes, stop } from '../tests/support/child.ts';
import { openCorpus, readBodies } from './lib/corpus.ts';
import { quantile, sendBodies } from './lib/load.ts';
import { systemOf } from './lib/systems.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '3000000' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '50000' },
    systems: { type: 'string', default: 'vivace' },
  },
});
const spansPerBody = 1000;
const options = { spans: Number(values.spans), seed: Number(values.seed), spansPerSecond: 10_000, spansPerBody };
const corpus = openCorpus(options, (line) => console.log(line));
const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
console.log(
  `\n| | spans/s asked | spans/s sent | CPU cores | peak memory, MiB | ack p50 / p99, ms |\n|---|---|---|---|---|---|`
);
try {
  for (const name of values.systems.split(',')) {
    const system = systemOf(name);
    if (typeof system === 'string') {
      console.log(system);
      continue;
    }
    const server = await system.start(join(folder, name));
    const pid = server.process.pid as number;
    const before = cpuSeconds(pid);
    const bodiesPerSecond = Number(values.rate) / spansPerBody;
    const { latenciesMs, seconds } = await sendBodies(server.otlpHttpUrl, readBodies(corpus), {
      connections: 16,
      bodiesPerSecond,
    });
    const cores = (cpuSeconds(pid) - before) / seconds;
    console.log(
      `| ${server.name} ${server.version} | ${values.rate} | ${Math.round(corpus.spans / seconds)} | ${cores.toFixed(2)} | ` +
        `${Math.round(peakMemoryBytes(pid) / 2 ** 20)} | ${quantile(latenciesMs, 0.5).toFixed(1)} / ${quantile(latenciesMs, 0.99).toFixed(1)} |`
    );
    await stop(server);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
