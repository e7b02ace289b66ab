import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriterLease } from './lease.ts';
import { SimBucket, SimObjects, type SimBucketOptions } from './sim-bucket.ts';
import { ManualClock } from './testing.ts';

const ttlMs = 15_000;

function leaseOf(owner: string, objects: SimObjects, clock: ManualClock, options: SimBucketOptions = {}): WriterLease {
  const bucket = new SimBucket(objects, options);
  return new WriterLease({ bucket, clock, owner, holder: `server ${owner}`, ttlMs, unfenced: false });
}

test('a second server is refused as soon as the first shows life, naming it', async () => {
  const [objects, clock] = [new SimObjects(), new ManualClock()];
  const a = leaseOf('a', objects, clock);
  await a.acquire();
  const refused = assert.rejects(
    leaseOf('b', objects, clock).acquire(),
    /in use by another vivace server \(server a\)/
  );
  await clock.advance(ttlMs / 2);
  await refused;
  await clock.advance(10 * ttlMs);
  a.requireHeld();
});

test('the lease of a dead server is taken over after its time, with a later epoch; of one that let go at once', async () => {
  const [objects, clock] = [new SimObjects(), new ManualClock()];
  let aIsDead = false;
  const a = leaseOf('a', objects, clock, { fault: () => (aIsDead ? 'fail' : undefined) });
  await a.acquire();
  aIsDead = true;
  const b = leaseOf('b', objects, clock);
  const taken = b.acquire();
  await clock.advance(ttlMs - 1000);
  assert.equal(b.epoch, 0);
  await clock.advance(3000);
  await taken;
  assert.equal(b.epoch, 2);
  // The first comes back to life.
  assert.throws(() => a.requireHeld(), /has run out/);
  aIsDead = false;
  await clock.advance(ttlMs);
  assert.match(a.lost ?? '', /\(server b\) has taken over/);
  assert.throws(() => a.requireHeld(), /has taken over/);
  await a.release();
  b.requireHeld();
  await b.release();
  const c = leaseOf('c', objects, clock);
  await c.acquire();
  assert.equal(c.epoch, 3);
});

test('the same data folder has not to wait for its own dead process', async () => {
  const [objects, clock] = [new SimObjects(), new ManualClock()];
  await leaseOf('a', objects, clock).acquire();
  const again = leaseOf('a', objects, clock);
  await again.acquire();
  assert.equal(again.epoch, 2);
});

test('an answer that is lost, and a store that is away for a while, cost nothing for good', async () => {
  const [objects, clock] = [new SimObjects(), new ManualClock()];
  let fault: 'lose-answer' | 'fail' | undefined;
  const a = leaseOf('a', objects, clock, { fault: ({ kind }) => (kind === 'put' ? fault : undefined) });
  await a.acquire();
  for (const next of ['lose-answer', 'fail'] as const) {
    fault = next;
    await clock.advance(2 * ttlMs);
    assert.throws(() => a.requireHeld(), /has run out/);
    fault = undefined;
    await clock.advance(ttlMs);
    a.requireHeld();
    assert.equal(a.lost, undefined);
  }
});

test('of two that find no lease one gets it', async () => {
  const [objects, clock] = [new SimObjects(), new ManualClock()];
  const all = ['a', 'b', 'c'].map((owner) => leaseOf(owner, objects, clock));
  const results = Promise.allSettled(all.map((lease) => lease.acquire()));
  await clock.advance(2 * ttlMs);
  assert.equal((await results).filter(({ status }) => status === 'fulfilled').length, 1);
});
