/**
 * Kernels select the very rows that the reference selects, in heads and in blocks: random traces, random queries. What the whole engine
 * answers is compared in `tests/differential`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../base/random.ts';
import { nodeCodecs } from '../../../server/node-codecs.ts';
import { compareSpans } from '../../../trace/merge.ts';
import type { Trace } from '../../../trace/model.ts';
import type { Query } from '../../../traceql/ast.ts';
import { compileQuery } from '../../../traceql/evaluate.ts';
import { QueryError } from '../../../traceql/errors.ts';
import { TraceFacts } from '../../../traceql/fields.ts';
import { parseQuery } from '../../../traceql/parser.ts';
import { printQuery } from '../../../traceql/printer.ts';
import { randomBaseUnixNanos, randomQuery, randomTraces } from '../../../traceql/testing.ts';
import { encodeTraces } from '../../../wire/otlp-protobuf.ts';
import { openBlock } from '../../block/block-reader.ts';
import { flushHead } from '../../flush.ts';
import { Head } from '../../head/head.ts';
import { openSnapshot } from '../../head/snapshot.ts';
import type { RowSet } from '../../row-set.ts';
import { spansOfRows } from '../../rows-to-spans.ts';
import { SimDisk } from '../../sim-disk.ts';
import { traceIdAt } from '../fragments.ts';
import { RowMatcher } from './match.ts';
import { evaluationOf } from './plan.ts';

async function headAndBlock(traces: readonly Trace[]): Promise<readonly RowSet[]> {
  const head = new Head();
  head.append(encodeTraces(traces.flatMap(({ spans }) => spans)));
  head.commit(head.rowCount);
  const disk = new SimDisk();
  const [{ meta }] = await flushHead(
    {
      snapshot: head.snapshot(),
      folder: 'blocks',
      blockIdPrefix: 'b',
      nowUnixNanos: randomBaseUnixNanos + 60_000_000_000n,
      windowNanos: 3_600_000_000_000n,
      slackNanos: 60_000_000_000n,
    },
    disk,
    nodeCodecs
  );
  const block = await openBlock(disk, meta, nodeCodecs);
  return [openSnapshot(head.snapshot()), await block.readRowGroup(0, 'all')];
}

/** Compares all traces of a row set; answers how many the kernel left to the reference, and how many matched. */
function compare(rowSet: RowSet, query: Query, where: string): { unclear: number; matched: number } {
  const evaluation = evaluationOf(query);
  if (evaluation.kind === 'reference') {
    return { unclear: 0, matched: 0 };
  }
  const evaluate = compileQuery(query);
  const { rows: selected, unclear, traces } = new RowMatcher(evaluation, () => {}).match(rowSet);
  const counts = { unclear: 0, matched: 0 };
  for (let ordinal = 0; ordinal < rowSet.traceCount; ordinal++) {
    const rows = Array.from(rowSet.rowsOfTrace(ordinal));
    const built = spansOfRows(rowSet, rows);
    const rowOf = new Map(built.map((span, i) => [span, rows[i]]));
    const spans = built.toSorted(compareSpans);
    const spansets = evaluate(new TraceFacts({ traceId: traceIdAt(rowSet, ordinal), spans }));
    const expected = spansets.flatMap((spanset) => spanset.spans.map((index) => rowOf.get(spans[index])!));
    if (unclear[ordinal] === 1) {
      counts.unclear++;
      assert.equal(traces[ordinal], 1, where);
      continue;
    }
    const actual = rows.filter((row) => selected[row] === 1);
    assert.deepEqual(
      actual,
      [...new Set(expected)].sort((a, b) => a - b),
      `${where}, trace ${ordinal}`
    );
    assert.equal(traces[ordinal], actual.length > 0 ? 1 : 0, where);
    counts.matched += actual.length > 0 ? 1 : 0;
  }
  return counts;
}

test('random queries select the same rows as the reference', async () => {
  const firstSeed = Number(process.env.VIVACE_SEED ?? 1);
  let unclear = 0;
  let matched = 0;
  let all = 0;
  for (let seed = firstSeed; seed < firstSeed + 8; seed++) {
    const random = seededRandom(seed);
    const rowSets = await headAndBlock(randomTraces(random, { traceCount: 12 }));
    for (let i = 0; i < 60; i++) {
      const query = randomQuery(random);
      for (const [place, rowSet] of rowSets.entries()) {
        const where = `seed ${seed}, query ${i}, ${place === 0 ? 'head' : 'block'}: ${printQuery(query)}`;
        try {
          const counts = compare(rowSet, query, where);
          unclear += counts.unclear;
          matched += counts.matched;
          all += rowSet.traceCount;
        } catch (error) {
          if (!(error instanceof QueryError)) {
            throw error;
          }
        }
      }
    }
  }
  assert.ok(matched > all / 5, `${matched} of ${all} matched`);
  assert.ok(unclear < all / 4, `${unclear} of ${all} were left to the reference`);
});

test('a structural operator behind by(…) is left to the reference', () => {
  const kindOf = (text: string): string => evaluationOf(parseQuery(text)).kind;
  assert.equal(kindOf('{ } | by(name) | { } >> { }'), 'reference');
  assert.equal(kindOf('{ } | by(name) | ({ } | { } > { }) && { }'), 'reference');
  assert.equal(kindOf('{ } | by(name) | coalesce() | { } >> { }'), 'kernel');
  assert.equal(kindOf('({ } | by(name)) >> { }'), 'kernel');
});
