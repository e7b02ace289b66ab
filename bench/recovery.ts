/**
 * `npm run bench recovery [-- --spans N --seed S]`: a start after a crash that left a log of OTLP bodies (gzip) and no block. The log is made
 * by the engine itself with a worker that never cuts a head; what starts on it is the real process.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { shopBodies } from '../scripts/traces/generate.ts';
import { openEngine } from '../src/engine/engine.ts';
import { lockDataFolder } from '../src/server/data-lock.ts';
import { nodeClock } from '../src/server/node-clock.ts';
import { nodeCodecs } from '../src/server/node-codecs.ts';
import { NodeDisk } from '../src/server/node-disk.ts';
import { nodeRandom } from '../src/server/node-engine.ts';
import { cpuSeconds, folderBytes, peakMemoryBytes, stop, untilIdle } from '../tests/support/child.ts';
import { startVivace } from './lib/systems.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '1800000' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    fill: { type: 'string' },
  },
});
const spans = Number(values.spans);

/** In a process of its own, which then ends as a crash does. Prints the bytes before compression. */
async function fill(folder: string): Promise<void> {
  await lockDataFolder(folder);
  const never = {
    run: () => new Promise<never>(() => undefined),
    forget: () => undefined,
    close: async () => undefined,
  };
  const engine = await openEngine({
    disk: new NodeDisk(folder),
    clock: nodeClock(),
    random: nodeRandom(),
    codecs: nodeCodecs,
    workers: never,
    limits: { headsBytesMax: 2 ** 40, walBytesMax: 2 ** 40 },
  });
  await engine.whenReady();
  let rawBytes = 0;
  const startUnixNanos = BigInt(Date.now() - 600_000) * 1_000_000n;
  for (const decoded of shopBodies({ seed: Number(values.seed), spans, startUnixNanos })) {
    rawBytes += decoded.length;
    await engine.ingest({
      tenant: 'single-tenant',
      encoding: 'otlp-protobuf',
      compression: 'gzip',
      body: gzipSync(decoded),
      decoded,
    });
  }
  process.send?.(rawBytes, () => process.kill(process.pid, 'SIGKILL'));
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-'));
  try {
    const filler = fork(fileURLToPath(import.meta.url), [
      '--fill',
      folder,
      '--spans',
      values.spans,
      '--seed',
      values.seed,
    ]);
    const [rawBytes] = (await once(filler, 'message')) as [number];
    await once(filler, 'exit');
    const walBytes = folderBytes(folder, (path) => path.endsWith('.wal'));
    const startMs = performance.now();
    const server = await startVivace(folder);
    const readySeconds = (performance.now() - startMs) / 1000;
    const pid = server.process.pid as number;
    const readyCpu = cpuSeconds(pid);
    const readyPeak = peakMemoryBytes(pid);
    const idleCpu = await untilIdle(pid);
    console.log(
      JSON.stringify({
        'OTLP before compression, MiB': Math.round(rawBytes / 2 ** 20),
        'WAL files, MiB': Math.round(walBytes / 2 ** 20),
        'start to ready, s': Number(readySeconds.toFixed(1)),
        'CPU until ready, s': readyCpu,
        'CPU until idle, s': idleCpu,
        'peak memory until ready, MiB': Math.round(readyPeak / 2 ** 20),
        'peak memory until idle, MiB': Math.round(peakMemoryBytes(pid) / 2 ** 20),
      })
    );
    await stop(server);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.fill !== undefined) {
  await fill(values.fill);
} else {
  console.log(`${spans} spans, seed ${values.seed}; ${cpus().length} cores ${cpus()[0].model}; ${process.version}`);
  for (let round = 0; round < Number(values.rounds); round++) {
    await measure();
  }
}
