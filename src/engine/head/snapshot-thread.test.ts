/** Both sides of one test: the main thread fills a head, this same file as a worker reads its snapshot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { seededRandom } from '../../base/random.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { Head } from './head.ts';
import { openSnapshot, type HeadSnapshot } from './snapshot.ts';
import { contentsOf, contentsOfHead, contentsOfRowSet, randomSpans } from './testing.ts';

if (isMainThread) {
  test('a snapshot opens in a worker and does not move while the head goes on', async () => {
    const random = seededRandom(13);
    const head = new Head();
    const spans = randomSpans(random, 500);
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    const snapshot = head.snapshot();
    const answer = new Promise<string[]>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: snapshot });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    for (let request = 0; request < 40; request++) {
      head.append(encodeTraces(randomSpans(random, 200)));
      if (request % 3 === 0) {
        head.rollback(head.committedRowCount);
      } else {
        head.commit(head.rowCount);
      }
    }
    const expected = contentsOf(spans);
    assert.deepEqual(contentsOfRowSet(openSnapshot(snapshot)), expected);
    assert.deepEqual(await answer, expected);
    assert.ok(contentsOfHead(head).length > expected.length);
  });
} else {
  parentPort?.postMessage(contentsOfRowSet(openSnapshot(workerData as HeadSnapshot)));
}
