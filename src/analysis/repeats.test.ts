import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanIdAt, spanTableOf } from '../trace/span-table.ts';
import { durationSummaryOf } from './durations.ts';
import { labelledTrace } from './labelled.ts';
import { repeatsMin, repeatsOf } from './repeats.ts';
import type { RepeatPattern } from './repeats.ts';
import { drawnTable, traceId } from './testing.ts';

const namedAlike = (count: number, shift: number, parent = 0) =>
  Array.from({ length: count }, (_, index) => ({
    parent,
    start: 10 + index * shift,
    end: 15 + index * shift,
    name: 'call',
  }));

test('siblings of one service, name and shape are one repeat, with what they took', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100 },
    ...namedAlike(4, 7),
    { parent: 0, start: 50, end: 60, name: 'call', service: 'b' },
    { parent: 0, start: 60, end: 99, name: 'other' },
  ]);
  const repeats = repeatsOf(table);
  assert.equal(repeats.length, 1);
  assert.deepEqual([...repeats[0].rows], [1, 2, 3, 4]);
  assert.deepEqual(durationSummaryOf(table, repeats[0].rows), {
    count: 4,
    errorCount: 0,
    sumNanos: 20,
    p50Nanos: 5,
    p99Nanos: 5,
    maxNanos: 5,
  });
});

test('what is called below is the shape, whatever how often; two of a kind do not fold', () => {
  const table = drawnTable([
    { parent: -1, start: 0, end: 100 },
    { parent: 0, start: 1, end: 10, name: 'item' },
    { parent: 1, start: 2, end: 3, name: 'row' },
    { parent: 0, start: 11, end: 20, name: 'item' },
    { parent: 3, start: 12, end: 13, name: 'row' },
    { parent: 3, start: 13, end: 14, name: 'row' },
    { parent: 0, start: 21, end: 30, name: 'item' },
    { parent: 6, start: 22, end: 23, name: 'row' },
    { parent: 0, start: 31, end: 40, name: 'item' },
    { parent: 8, start: 32, end: 33, name: 'mail' },
    { parent: 0, start: 41, end: 50, name: 'item' },
    { parent: 10, start: 42, end: 43, name: 'mail' },
  ]);
  assert.deepEqual(
    repeatsOf(table).map(({ rows }) => [...rows]),
    [[1, 3, 6]]
  );
  assert.equal(repeatsMin, 3);
});

test('50,000 siblings and a chain of 10,000 are no burden', () => {
  const wide = drawnTable([{ parent: -1, start: 0, end: 1_000_000 }, ...namedAlike(50_000, 6)]);
  assert.deepEqual(
    repeatsOf(wide).map(({ rows }) => rows.length),
    [50_000]
  );
  const deep = drawnTable(
    Array.from({ length: 10_000 }, (_, index) => ({ parent: index - 1, start: index, end: 30_000 - index }))
  );
  assert.deepEqual(repeatsOf(deep), []);
});

test('N+1, retry and fan-out are named right: precision and recall over 200 labelled traces', (context) => {
  const tallies = new Map<RepeatPattern, { right: number; wrong: number; missed: number }>();
  const tallyOf = (pattern: RepeatPattern) => {
    const tally = tallies.get(pattern) ?? { right: 0, wrong: 0, missed: 0 };
    tallies.set(pattern, tally);
    return tally;
  };
  const wrongs: string[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const { spans, labels } = labelledTrace(seed);
    const table = spanTableOf({ traceId, spans });
    const keyOf = (pattern: RepeatPattern, spanIds: readonly string[]) => `${pattern} ${[...spanIds].sort().join()}`;
    const wanted = new Map(labels.map(({ pattern, spanIds }) => [keyOf(pattern, spanIds), pattern]));
    for (const { rows, pattern } of repeatsOf(table)) {
      if (pattern !== undefined) {
        const key = keyOf(
          pattern,
          [...rows].map((row) => spanIdAt(table, row))
        );
        const isRight = wanted.delete(key);
        tallyOf(pattern)[isRight ? 'right' : 'wrong']++;
        if (!isRight) {
          wrongs.push(`seed ${seed}: ${pattern} × ${rows.length} of "${table.names[table.name[rows[0]]]}"`);
        }
      }
    }
    wanted.forEach((pattern, key) => {
      tallyOf(pattern).missed++;
      wrongs.push(`seed ${seed}: missed ${pattern} × ${key.split(',').length}`);
    });
  }
  for (const [pattern, { right, wrong, missed }] of tallies) {
    const [precision, recall] = [right / (right + wrong), right / (right + missed)];
    context.diagnostic(
      `${pattern}: precision ${(100 * precision).toFixed(1)} %, recall ${(100 * recall).toFixed(1)} % (${right} right, ${wrong} wrong, ${missed} missed)`
    );
    assert.ok(precision >= 0.95 && recall >= 0.9, `${pattern}: ${wrongs.join('\n')}`);
  }
  assert.equal(tallies.size, 3);
});
