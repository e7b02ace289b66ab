/**
 * Acknowledged means durable, on the real process: the server is killed without warning while clients send and retry, heads are flushed,
 * blocks compacted and uploaded, and questions asked. After every restart each acknowledged span is there exactly once: by id, by search,
 * in names and values, in metrics.
 *
 * 200 rounds; VIVACE_KILL_ROUNDS sets another number, VIVACE_SEED another seed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startS3rver, type ObjectServer } from '../support/object-servers.ts';
import { bundleServer, type Bundle } from './bundle.ts';
import { runKillRounds, type KillTotals } from './kill-rounds.ts';

const rounds = Number(process.env.VIVACE_KILL_ROUNDS ?? 200);
const seed = Number(process.env.VIVACE_SEED ?? 20_261_121);
/** A folder that grows for too long makes checks slow. */
const roundsPerFolder = 25;

describe('kill -9', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'vivace-kill-'));
  let bundle: Bundle;
  let store: ObjectServer;
  let proxy: FaultProxy;

  before(async () => {
    bundle = await bundleServer();
    store = await startS3rver();
    // It gives the store conditional put, and requests time to be killed in.
    proxy = await startFaultProxy({ upstream: store.url, conditionalPut: true, latencyMs: 5 });
  });

  after(async () => {
    await proxy.close();
    await store.close();
    bundle.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const inBucket = (prefix: string): Readonly<Record<string, unknown>> => ({
    storage: 's3',
    storage_bucket: store.bucket,
    storage_prefix: prefix,
    storage_endpoint: proxy.url,
    storage_path_style: true,
  });

  for (const kind of ['on disk', 'in a bucket'] as const) {
    const share = kind === 'on disk' ? Math.ceil(rounds / 2) : Math.floor(rounds / 2);
    test(
      `${share} rounds with blocks ${kind}: every acknowledged span is there, once`,
      { timeout: 24 * 3600_000 },
      async (context) => {
        const startMs = performance.now();
        const totals: KillTotals[] = [];
        for (let done = 0; done < share; done += roundsPerFolder) {
          const chainSeed = seed + 1000 * done + (kind === 'on disk' ? 0 : 500);
          const chainFolder = join(folder, `${kind.replaceAll(' ', '-')}-${done}`);
          const isBucket = kind === 'in a bucket';
          totals.push(
            await runKillRounds({
              rounds: Math.min(roundsPerFolder, share - done),
              seed: chainSeed,
              random: seededRandom(chainSeed),
              bundle,
              folder: chainFolder,
              config: isBucket ? inBucket(`kill-${done}`) : {},
              variables: isBucket ? store.variables : {},
              losesBlocks: isBucket,
            })
          );
          rmSync(chainFolder, { recursive: true, force: true });
        }
        const sum = (name: keyof KillTotals): number => totals.reduce((total, one) => total + one[name], 0);
        const names = Object.keys(totals[0] ?? {}) as (keyof KillTotals)[];
        const secondsPerRound = (performance.now() - startMs) / 1000 / share;
        context.diagnostic(
          `blocks ${kind}: ${names.map((name) => `${name} ${sum(name)}`).join(', ')}, ${secondsPerRound.toFixed(2)} s a round`
        );
        // Kills that fall into nothing prove nothing.
        assert.ok(sum('bodies') > 2 * share && sum('flushes') > share / 2, 'hardly any work between kills');
        assert.ok(sum('compactions') >= Math.floor(share / 10), 'hardly any compaction between kills');
      }
    );
  }
});
