import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import { bytesFromHex } from '../../trace/ids.ts';
import { randomSpans } from '../head/testing.ts';
import { SimDisk } from '../sim-disk.ts';
import { blockOrder, rowSetOfSpans } from './row-set-of-spans.ts';
import { filterInManifest, filterMayHold, readFilter, soughtTrace } from './trace-filter.ts';
import { writeBlock } from './write-block.ts';

const seed = 11;
const path = 'tenants/t/block.parquet';

for (const [where, traceFilterInlineBytesMax] of [
  ['manifest', undefined],
  ['file', 0],
] as const) {
  test(`a filter in the ${where} holds every trace of the block, and few others`, async () => {
    const random = seededRandom(seed);
    const spans = randomSpans(random, 300);
    const rowSet = rowSetOfSpans(spans);
    const disk = new SimDisk();
    const groups = { rowGroupRowsMin: 60, rowGroupRowsMax: 120 };
    const options = { disk, path, codecs: nodeCodecs, blockId: 'b', ...groups, traceFilterInlineBytesMax };
    const meta = await writeBlock(rowSet, blockOrder(rowSet), options);
    assert.equal(filterInManifest(meta) === undefined, where === 'file');
    const filter = filterInManifest(meta) ?? (await readFilter(disk, meta));
    assert.ok(filter !== undefined);
    for (const { traceId } of spans) {
      const id = bytesFromHex(traceId);
      assert.ok(id !== undefined && filterMayHold(filter, soughtTrace(id)), `seed ${seed}: ${traceId}`);
    }
    let others = 0;
    for (let i = 0; i < 1000; i++) {
      others += Number(filterMayHold(filter, soughtTrace(random.fill(new Uint8Array(16)))));
    }
    assert.ok(others < 100, `seed ${seed}: ${others} of 1000 other ids pass`);
  });
}

test('a damaged filter in the file is found, and a block without one has none', async () => {
  const rowSet = rowSetOfSpans(randomSpans(seededRandom(seed), 40));
  const disk = new SimDisk();
  const options = { disk, path, codecs: nodeCodecs, blockId: 'b', traceFilterInlineBytesMax: 0 };
  const meta = await writeBlock(rowSet, blockOrder(rowSet), options);
  assert.ok(meta.traceFilter !== undefined && 'crc32c' in meta.traceFilter);
  const wrong = { ...meta.traceFilter, crc32c: meta.traceFilter.crc32c ^ 1 };
  await assert.rejects(readFilter(disk, { ...meta, traceFilter: wrong }), /filter over trace ids/);
  assert.equal(await readFilter(disk, { ...meta, traceFilter: undefined }), undefined);
});
