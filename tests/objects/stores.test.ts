/** What the engine asks of a bucket, asked of real servers through the vendors' clients, and through a proxy that misbehaves. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { Attempts, defaultAttemptLimits } from '../../src/engine/objects/attempts.ts';
import { BucketError, type Bucket } from '../../src/engine/objects/bucket.ts';
import { ResilientBucket } from '../../src/engine/objects/resilient-bucket.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { openBucket } from '../../src/server/object-stores/open-bucket.ts';
import type { ObjectStoreOptions } from '../../src/server/object-stores/options.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.ts';
import { startAzurite, startS3rver, type ObjectServer } from '../support/object-servers.ts';

const seed = Number(process.env['VIVACE_SEED'] ?? 7);
/** Random for 4,099 bytes and then again: no part of an object looks like another. */
const bytesOf = (count: number): Uint8Array =>
  Buffer.alloc(count, seededRandom(seed + count).fill(new Uint8Array(4099)));

const stores = {
  s3: { start: startS3rver, conditionalPut: true },
  azure: { start: startAzurite, conditionalPut: false },
} as const;

for (const kind of ['s3', 'azure'] as const) {
  describe(kind, () => {
    let server: ObjectServer;
    let proxy: FaultProxy;
    let bucket: Bucket;

    before(async () => {
      server = await stores[kind].start();
      proxy = await startFaultProxy({ upstream: server.url, conditionalPut: stores[kind].conditionalPut });
      // Through the environment, where the clients' own chains look.
      const variables = Object.fromEntries(
        Object.entries(server.variables).map(([name, value]) => [name, value.replace(server.url, proxy.url)])
      );
      Object.assign(process.env, variables);
      const options: ObjectStoreOptions = {
        kind,
        bucket: server.bucket,
        prefix: 'some/where',
        endpoint: proxy.url,
        region: '',
        pathStyle: true,
        sse: 'none',
        sseKmsKeyId: '',
      };
      bucket = await openBucket(options);
    });

    after(async () => {
      bucket.close();
      await proxy.close();
      await server.close();
    });

    const resilient = (limits = {}): ResilientBucket => {
      const all = { ...defaultAttemptLimits, pauseMsMin: 1, pauseMsMax: 5, timeoutMs: 300, ...limits };
      return new ResilientBucket(bucket, new Attempts(bucket.name, nodeClock(), seededRandom(seed), all));
    };

    test('what is put is got: whole, in ranges, in listings, until it is deleted', async () => {
      const bytes = bytesOf(100_000);
      const version = await bucket.put('a/one', bytes);
      await bucket.put('a/two', bytesOf(3));
      await bucket.put('b/three', new Uint8Array(0));
      const got = await bucket.get('a/one');
      assert.deepEqual(got?.bytes.length, bytes.length);
      assert.ok(Buffer.from(got.bytes).equals(bytes));
      assert.equal(got.version, version);
      const range = await bucket.getRange('a/one', { offset: 70_000, length: 1234 });
      assert.ok(Buffer.from(range ?? []).equals(bytes.subarray(70_000, 71_234)));
      const head = await bucket.head('a/one');
      assert.deepEqual([head?.sizeBytes, head?.version], [100_000, version]);
      assert.ok(Math.abs((head?.modifiedUnixMs ?? 0) - Date.now()) < 60_000);
      const listed = await bucket.list('a/');
      assert.deepEqual(
        listed.map(({ key, sizeBytes }) => [key, sizeBytes]),
        [
          ['a/one', 100_000],
          ['a/two', 3],
        ]
      );
      await bucket.delete('a/one');
      await bucket.delete('a/one');
      assert.equal(await bucket.get('a/one'), undefined);
      assert.equal(await bucket.head('a/one'), undefined);
      assert.equal(await bucket.getRange('a/one', { offset: 0, length: 1 }), undefined);
    });

    test('a conditional put happens when its condition holds, and only then', async () => {
      const first = await bucket.put('c', bytesOf(1), { kind: 'absent' });
      assert.ok(first);
      assert.equal(await bucket.put('c', bytesOf(2), { kind: 'absent' }), undefined);
      const second = await bucket.put('c', bytesOf(3), { kind: 'version', version: first });
      assert.ok(second);
      assert.equal(await bucket.put('c', bytesOf(4), { kind: 'version', version: first }), undefined);
      assert.equal(await bucket.put('never', bytesOf(4), { kind: 'version', version: first }), undefined);
      assert.equal((await bucket.get('c'))?.bytes.length, 3);
      const racers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => bucket.put('race', bytesOf(10 + i), { kind: 'absent' }))
      );
      assert.equal(racers.filter((version) => version !== undefined).length, 1);
    });

    test('an object of several parts, put out of order, is there when complete and not before', async () => {
      const sizeBytes = 2 * 16 * 2 ** 20 + 5;
      const upload = await bucket.startUpload('large', sizeBytes);
      const bytes = bytesOf(sizeBytes);
      const part = (index: number): Uint8Array =>
        bytes.subarray(index * upload.partBytes, (index + 1) * upload.partBytes);
      await upload.putPart(2, part(2));
      await Promise.all([upload.putPart(1, part(1)), upload.putPart(0, part(0))]);
      assert.equal(await bucket.head('large'), undefined);
      await upload.complete();
      assert.equal((await bucket.head('large'))?.sizeBytes, sizeBytes);
      const got = await bucket.get('large');
      assert.ok(Buffer.from(got?.bytes ?? []).equals(bytes));
    });

    for (const fault of [
      'drop',
      'lose-answer',
      'error-500',
      'slow-down',
      'truncate',
      'hang',
    ] as const satisfies Fault[]) {
      test(`${fault}: tried again until it is well`, async () => {
        const calm = resilient();
        await calm.put(`f/${fault}`, bytesOf(5000));
        let faults = 0;
        proxy.fault = ({ method }) => (method !== 'PUT' && faults++ < 2 ? fault : undefined);
        const range = await calm.getRange(`f/${fault}`, { offset: 10, length: 4000 });
        assert.ok(Buffer.from(range ?? []).equals(bytesOf(5000).subarray(10, 4010)));
        assert.ok(faults >= 2);
        faults = 0;
        proxy.fault = () => (faults++ < 2 ? fault : undefined);
        await calm.put(`f/${fault}-2`, bytesOf(6000));
        proxy.fault = () => undefined;
        assert.ok(Buffer.from((await bucket.get(`f/${fault}-2`))?.bytes ?? []).equals(bytesOf(6000)));
      });
    }

    test('bytes altered on their way in are refused, and sent again', async () => {
      let faults = 0;
      proxy.fault = ({ method }) => (method === 'PUT' && faults++ === 0 ? 'flip-request' : undefined);
      await assert.rejects(bucket.put('altered', bytesOf(7000)), BucketError);
      faults = 0;
      await resilient().put('altered', bytesOf(7000));
      proxy.fault = () => undefined;
      assert.ok(Buffer.from((await bucket.get('altered'))?.bytes ?? []).equals(bytesOf(7000)));
    });

    test('after many failures nothing is asked for a while; then one request finds out', async () => {
      const limits = { triesMax: 2, circuitFailures: 4, circuitPauseMs: 200 };
      const attempts = new Attempts(bucket.name, nodeClock(), seededRandom(seed), {
        ...defaultAttemptLimits,
        pauseMsMin: 1,
        ...limits,
      });
      const guarded = new ResilientBucket(bucket, attempts);
      proxy.isDown = true;
      for (let i = 0; i < 2; i++) {
        await assert.rejects(guarded.get('c'), BucketError);
      }
      assert.match(attempts.away ?? '', /has not answered for \d+ s/);
      const before = proxy.requests.length;
      await assert.rejects(guarded.get('c'), /has not answered/);
      assert.equal(proxy.requests.length, before);
      proxy.isDown = false;
      await new Promise((resolve) => setTimeout(resolve, 220));
      assert.ok(await guarded.get('c'));
      assert.equal(attempts.away, undefined);
    });
  });
}
