import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { AwakeHeads } from './awake-heads.ts';
import { Head } from './head.ts';
import { defaultHeadLimits } from './limits.ts';
import { openSnapshot } from './snapshot.ts';
import { contentsOfHead, contentsOfRowSet, randomSpans } from './testing.ts';
import { OtlpWalker } from './walk.ts';

test('heads that rest and wake have the rows, verdicts and times of heads that never do', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const walker = new OtlpWalker();
    const awake = new AwakeHeads(2);
    const heads = Array.from({ length: 5 }, () => new Head(defaultHeadLimits, walker, awake));
    const twins = heads.map(() => new Head(defaultHeadLimits, walker));
    for (let step = 0; step < 80; step++) {
      const at = random.below(heads.length);
      const head = heads[at];
      const twin = twins[at];
      const message = `seed ${seed}, step ${step}`;
      const request = encodeTraces(randomSpans(random, random.below(step === 50 ? 200 : 6)));
      // A caller's buffer is its own again after the call.
      const lent = request.slice();
      assert.deepEqual(head.append(lent), twin.append(request), message);
      lent.fill(0xff);
      if (random.below(4) === 0) {
        head.rollback(head.committedRowCount);
        twin.rollback(twin.committedRowCount);
      } else if (random.below(4) > 0) {
        head.commit(head.rowCount, step);
        twin.commit(twin.rowCount, step);
      }
      assert.equal(head.rowCount, twin.rowCount, message);
    }
    heads.forEach((head, at) => {
      const twin = twins[at];
      assert.equal(head.minStartUnixNanos, twin.minStartUnixNanos, `seed ${seed}`);
      assert.equal(head.maxEndUnixNanos, twin.maxEndUnixNanos, `seed ${seed}`);
      assert.deepEqual(contentsOfHead(head), contentsOfHead(twin), `seed ${seed}`);
      head.verify();
    });
  }
});

test('a head at rest holds its requests only; snapshots taken before stay readable', () => {
  const random = seededRandom(7);
  const head = new Head(defaultHeadLimits, new OtlpWalker(), new AwakeHeads());
  const request = encodeTraces(randomSpans(random, 10));
  head.append(request);
  head.rest();
  assert.ok(head.memoryBytes > 2 * request.length, 'unpublished rows keep the columns');
  head.commit(head.rowCount);
  const snapshot = head.snapshot();
  const before = contentsOfRowSet(openSnapshot(snapshot));
  head.rest();
  assert.equal(head.memoryBytes, request.length);
  assert.equal(head.rowCount, head.committedRowCount);
  assert.deepEqual(contentsOfRowSet(openSnapshot(snapshot)), before);
  assert.deepEqual(contentsOfHead(head), before);
});
