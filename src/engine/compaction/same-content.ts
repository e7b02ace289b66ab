import { equalBytes } from '../../base/bytes.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import { columnKeyText } from '../block/column-names.ts';
import type { CodedColumn, RowSet } from '../row-set.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import type { RowPlace } from './batch-builder.ts';

type ColumnPair = readonly [CodedColumn | undefined, CodedColumn | undefined];

/**
 * Compares spans with the same ids and start as every answer does: by canonical content. Most duplicates are copies of the same bytes,
 * which shows without decoding them.
 */
export class ContentComparer {
  private readonly pairs = new WeakMap<RowSet, WeakMap<RowSet, readonly ColumnPair[]>>();

  same(a: RowPlace, b: RowPlace): boolean {
    return this.sameBytes(a, b) || contentOf(a) === contentOf(b);
  }

  /** False says nothing: an event, say, may be encoded in another way and mean the same. */
  private sameBytes(a: RowPlace, b: RowPlace): boolean {
    return sameFixed(a, b) && this.pairsOf(a.rowSet, b.rowSet).every((pair) => sameValue(pair, a.row, b.row));
  }

  private pairsOf(a: RowSet, b: RowSet): readonly ColumnPair[] {
    let ofA = this.pairs.get(a);
    if (ofA === undefined) {
      ofA = new WeakMap();
      this.pairs.set(a, ofA);
    }
    let pairs = ofA.get(b);
    if (pairs === undefined) {
      const keys = new Map([...a.columnKeys, ...b.columnKeys].map((key) => [columnKeyText(key), key]));
      pairs = [...keys.values()].map(({ scope, key, type }): ColumnPair => [
        a.column(scope, key, type),
        b.column(scope, key, type),
      ]);
      ofA.set(b, pairs);
    }
    return pairs;
  }
}

function sameFixed(a: RowPlace, b: RowPlace): boolean {
  return (
    a.rowSet.durationNanos[a.row] === b.rowSet.durationNanos[b.row] &&
    a.rowSet.kinds[a.row] === b.rowSet.kinds[b.row] &&
    a.rowSet.statusCodes[a.row] === b.rowSet.statusCodes[b.row] &&
    equalBytes(parentIdOf(a), parentIdOf(b))
  );
}

function parentIdOf({ rowSet, row }: RowPlace): Uint8Array {
  return rowSet.parentSpanIds.subarray(8 * row, 8 * row + 8);
}

function sameValue([columnA, columnB]: ColumnPair, rowA: number, rowB: number): boolean {
  const codeA = columnA?.codes[rowA] ?? 0;
  const codeB = columnB?.codes[rowB] ?? 0;
  if (codeA === 0 || codeB === 0) {
    return codeA === codeB;
  }
  const [a, b] = [columnA as CodedColumn, columnB as CodedColumn];
  if (a === b) {
    return codeA === codeB;
  }
  return a.key.type === 'bool'
    ? a.dictionary.boolAt(codeA - 1) === b.dictionary.boolAt(codeB - 1)
    : equalBytes(a.dictionary.bytesAt(codeA - 1), b.dictionary.bytesAt(codeB - 1));
}

function contentOf({ rowSet, row }: RowPlace): string {
  return canonicalSpan(spansOfRows(rowSet, [row])[0]);
}
