import { canonicalSpan } from '../../trace/canonical.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import type { HeadBuilder } from './builder.ts';
import { noRow, rowColumns } from './rows.ts';
import { openSnapshot, snapshotOf } from './snapshot.ts';

/**
 * So many spans of the same ids are compared, the newest first. Honest ids meet at most a retry and a shared Zipkin span; without a
 * bound a client that sends one id a million times would cost the square. What slips through is merged by the query.
 */
const comparedMax = 16;

/**
 * Whether the row under construction (its columns are written, it is not finished) repeats the content of `candidate` or of an older
 * row with the same ids.
 */
export function sameContent(builder: HeadBuilder, candidate: number): boolean {
  let other = candidate;
  for (let compared = 0; other !== noRow && compared < comparedMax; compared++) {
    const likeness = compareCodes(builder, other);
    if (likeness === 'same' || (likeness === 'unclear' && sameCanonically(builder, other))) {
      return true;
    }
    other = builder.spanIndex.older(other);
  }
  return false;
}

/** `unclear`: different bytes that may say the same (order of attributes in an event, a resource encoded in another way, …). */
function compareCodes(builder: HeadBuilder, other: number): 'same' | 'different' | 'unclear' {
  const { rows, touched, touchedCount } = builder;
  const row = rows.count;
  const { start, duration, parentSpanId, resource, scope, kindAndStatus } = rowColumns;
  for (const column of [start, duration, parentSpanId]) {
    if (
      rows.wordAt(row, column) !== rows.wordAt(other, column) ||
      rows.wordAt(row, column, 1) !== rows.wordAt(other, column, 1)
    ) {
      return 'different';
    }
  }
  const counted = rows.wordAt(row, kindAndStatus) ^ rows.wordAt(other, kindAndStatus);
  if ((counted & 0xffff) !== 0) {
    return 'different';
  }
  const hasExtra =
    builder.intrinsics.span_extra.codeAtEnd(row) !== 0 || builder.intrinsics.span_extra.codeOf(other) !== 0;
  let isSame =
    rows.wordAt(row, resource) === rows.wordAt(other, resource) &&
    rows.wordAt(row, scope) === rows.wordAt(other, scope);
  if (counted !== 0) {
    // Another number of values: only a second occurrence of a key can hide some.
    if (!hasExtra) {
      return 'different';
    }
    isSame = false;
  }
  for (let i = 0; i < touchedCount; i++) {
    const column = touched[i];
    if (column.codeAtEnd(row) !== column.codeOf(other)) {
      if (column.type !== 'any' && column.type !== 'raw' && (column.scope === 'intrinsic' || !hasExtra)) {
        return 'different';
      }
      isSame = false;
    }
  }
  return isSame ? 'same' : 'unclear';
}

function sameCanonically(builder: HeadBuilder, other: number): boolean {
  const row = builder.rows.count;
  const [span, otherSpan] = spansOfRows(openSnapshot(snapshotOf(builder, row + 1)), [row, other]);
  return canonicalSpan(span) === canonicalSpan(otherSpan);
}
