/** More keys than a block has columns, each on few spans: head, flushed block and merged block say the same, by columns and by sparse columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCodecs } from '../../server/node-codecs.ts';
import type { AnyValue, Span } from '../../trace/model.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import { compactBlocks } from '../compaction/compact.ts';
import { flushHead } from '../flush.ts';
import { Head } from '../head/head.ts';
import { openSnapshot } from '../head/snapshot.ts';
import { baseUnixNanos, randomSpans } from '../head/testing.ts';
import { seededRandom } from '../../base/random.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import type { RowSet } from '../row-set.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import { SimDisk } from '../sim-disk.ts';
import { openBlock } from './block-reader.ts';
import { columnsMax } from './fold-plan.ts';
import type { BlockMeta } from './format.ts';

const keyCount = columnsMax + 200;

/** Key n is on span n modulo the number of spans; one span has them all. */
function wideSpans(count: number, part: number): Span[] {
  const [model] = randomSpans(seededRandom(1), 1);
  const valueOf = (key: number, span: number): AnyValue => {
    const values: AnyValue[] = [
      { type: 'string', value: `text ${key} ${span % 3}` },
      { type: 'int', value: BigInt(key) - 5n },
      { type: 'double', value: key / 4 },
      { type: 'bool', value: span % 2 === 0 },
    ];
    return values[key % 4];
  };
  return Array.from({ length: count }, (_, n): Span => {
    const keys = Array.from({ length: keyCount }, (_, key) => key).filter((key) => n === 7 || key % count === n);
    return {
      ...model,
      traceId: (part * count + n + 1).toString(16).padStart(32, '0'),
      spanId: (n + 1).toString(16).padStart(16, '0'),
      startUnixNanos: baseUnixNanos,
      endUnixNanos: baseUnixNanos + 1n,
      attributes: keys.map((key) => ({ key: `wide.${key}`, value: valueOf(key, n) })),
    };
  });
}

/** Asserts that both forms of each column agree; answers how many columns were sparse. */
function sparseCount(rowSet: RowSet): number {
  let count = 0;
  for (const { scope, key, type } of rowSet.columnKeys) {
    const sparse = rowSet.sparseColumn?.(scope, key, type);
    if (sparse !== undefined) {
      const column = rowSet.column(scope, key, type);
      assert.ok(column !== undefined, key);
      const rows = [...column.codes.keys()].filter((row) => column.codes[row] !== 0);
      assert.deepEqual([...sparse.rows], rows, key);
      const value = ({ dictionary }: Pick<typeof sparse, 'dictionary'>, code: number): unknown =>
        type === 'string'
          ? dictionary.textAt(code - 1)
          : type === 'bool'
            ? dictionary.boolAt(code - 1)
            : dictionary.numberAt(code - 1);
      if (type !== 'any' && type !== 'raw') {
        assert.deepEqual(
          Array.from(sparse.codes, (code) => value(sparse, code)),
          rows.map((row) => value(column, column.codes[row])),
          key
        );
      }
      count++;
    }
  }
  return count;
}

const all = (rowSet: RowSet): string[] =>
  spansOfRows(
    rowSet,
    Array.from({ length: rowSet.rowCount }, (_, row) => row)
  ).map(canonicalSpan);

test('rare keys beyond the columns of a block: nothing is lost on the way', async () => {
  const disk = new SimDisk();
  const parts = [wideSpans(300, 0), wideSpans(300, 1)];
  const metas: BlockMeta[] = [];
  for (const [part, spans] of parts.entries()) {
    const head = new Head();
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    assert.ok(sparseCount(openSnapshot(head.snapshot())) >= keyCount);
    const windows = { nowUnixNanos: baseUnixNanos + 2n, windowNanos: 1n << 62n, slackNanos: 1n << 61n };
    const place = { snapshot: head.snapshot(), folder: '.', blockIdPrefix: `part${part}` };
    const flushed = await flushHead({ ...place, ...windows }, disk, nodeCodecs);
    assert.equal(flushed.length, 1);
    metas.push(flushed[0].meta);
  }
  const compacted = await compactBlocks({ inputs: metas, blockId: 'all', path: 'all', zstdLevel: 1 }, disk, nodeCodecs);
  for (const [meta, spans] of [
    [metas[0], parts[0]],
    [metas[1], parts[1]],
    [compacted.meta, parts.flat()],
  ] as const) {
    assert.ok(meta !== undefined);
    const reader = await openBlock(disk, meta, nodeCodecs);
    const rowSet = await reader.readRowGroup(0, 'all');
    assert.ok(sparseCount(rowSet) >= keyCount);
    assert.deepEqual(all(rowSet), spans.map(canonicalSpan));
  }
});
