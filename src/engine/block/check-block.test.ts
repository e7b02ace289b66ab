import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import type { Span } from '../../trace/model.ts';
import { randomSpans } from '../head/testing.ts';
import { SimDisk } from '../sim-disk.ts';
import { checkBlock } from './check-block.ts';
import type { BlockMeta } from './format.ts';
import { inspectBlock } from './inspect-block.ts';
import { readBlockMeta } from './read-meta.ts';
import { blockOrder, rowSetOfSpans } from './row-set-of-spans.ts';
import { writeBlock } from './write-block.ts';

const path = 'block.parquet';
const seed = Number(process.env.VIVACE_TEST_SEED ?? 7);

async function written(
  spans: readonly Span[],
  order = blockOrder
): Promise<{ disk: SimDisk; meta: BlockMeta; bytes: Uint8Array }> {
  const rowSet = rowSetOfSpans(spans);
  const disk = new SimDisk();
  const options = { disk, path, codecs: nodeCodecs, blockId: '01CHECK', rowGroupRowsMin: 60, rowGroupRowsMax: 120 };
  const meta = await writeBlock(rowSet, order(rowSet), options);
  return { disk, meta, bytes: disk.killImage().get(path) as Uint8Array };
}

test('a block tells from its own bytes what the manifest says of it', async () => {
  const written300 = await written(randomSpans(seededRandom(seed), 300));
  // The filter over the trace ids is the manifest's alone.
  const {
    disk,
    meta: { traceFilter, ...meta },
  } = written300;
  assert.ok(traceFilter !== undefined);
  assert.deepEqual(await readBlockMeta(disk, path), meta);
  await assert.rejects(readBlockMeta(disk, 'none'), /no such file/);
  const inspected = await inspectBlock(disk, path);
  assert.deepEqual(inspected.meta, meta);
  const sum = inspected.columns.reduce((total, column) => total + column.compressedBytes + column.bloomBytes, 0);
  assert.ok(sum > 0 && sum < meta.footerOffset && sum > meta.footerOffset * 0.95, `${sum} of ${meta.footerOffset}`);
  const name = inspected.columns.find(({ key }) => key?.scope === 'intrinsic' && key.key === 'name');
  assert.equal(name?.physicalType, 'BYTE_ARRAY');
  assert.equal(name?.isText, true);
  assert.ok(inspected.columns.every(({ pageCount, valueCount }) => pageCount > 0 && valueCount <= meta.spans));
});

test('whole blocks pass', async () => {
  for (let i = 0; i < 5; i++) {
    const { disk, meta } = await written(randomSpans(seededRandom(seed + i), 1 + 80 * i));
    const { errors, checkedBytes } = await checkBlock(disk, meta, nodeCodecs);
    assert.deepEqual(errors, [], `seed ${seed + i}`);
    assert.ok(checkedBytes > 0);
  }
});

test('whichever byte is damaged, the check finds it', async () => {
  const random = seededRandom(seed);
  const { meta, bytes } = await written(randomSpans(random, 40));
  for (let at = 4; at < meta.sizeBytes - 8; at += 1 + random.below(200)) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << random.below(8);
    const { errors } = await checkBlock(new SimDisk({}, new Map([[path, damaged]])), meta, nodeCodecs);
    assert.ok(errors.length > 0, `seed ${seed}: byte ${at} of ${meta.sizeBytes}`);
  }
  const missing = await checkBlock(new SimDisk(), meta, nodeCodecs);
  assert.equal(missing.errors.length, 1);
});

test('rows in the wrong order are found under right checksums', async () => {
  const spans = randomSpans(seededRandom(seed), 200);
  const { disk, meta } = await written(spans, (rowSet) => {
    const rows = blockOrder(rowSet);
    const { traceOfRow, startUnixNanos } = rowSet;
    const last = rows.findIndex(
      (row, i) => traceOfRow[rows[i + 1]] === traceOfRow[row] && startUnixNanos[rows[i + 1]] !== startUnixNanos[row]
    );
    [rows[last], rows[last + 1]] = [rows[last + 1], rows[last]];
    return rows;
  });
  const { errors } = await checkBlock(disk, meta, nodeCodecs);
  assert.deepEqual(
    errors.map(({ details }) => details.expected),
    ['rows of a trace by start and span id']
  );
  const lie = await checkBlock(disk, { ...meta, spans: meta.spans + 1 }, nodeCodecs);
  assert.equal(lie.errors.length, 2);
});
