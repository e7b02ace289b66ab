import { hexFromBytes } from '../../trace/ids.ts';
import { concatBytes } from '../../base/bytes.ts';
import type { HeadRowSet } from './head-row-set.ts';
import { rowColumns } from './rows.ts';
import type { HeadSnapshot } from './snapshot.ts';
import type { CodedColumn, ColumnKey, ColumnScope, ColumnType, RowSet } from '../row-set.ts';

/** Few rows of a head: a trace found by id costs its own spans, not the whole head. */
export class HeadSelection implements RowSet {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly traceIds: Uint8Array;
  readonly traceOfRow: Uint32Array;
  readonly spanIds: Uint8Array;
  readonly parentSpanIds: Uint8Array;
  readonly startUnixNanos: BigUint64Array;
  readonly durationNanos: BigInt64Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
  private readonly head: HeadRowSet;
  private readonly snapshot: HeadSnapshot;
  private readonly rows: Uint32Array;
  private keys: readonly ColumnKey[] | undefined = undefined;
  private readonly opened = new Map<string, CodedColumn | undefined>();
  private readonly ordinalOfId = new Map<string, number>();

  constructor(head: HeadRowSet, snapshot: HeadSnapshot, rows: ArrayLike<number>) {
    this.head = head;
    this.snapshot = snapshot;
    this.rows = Uint32Array.from(rows);
    this.rowCount = rows.length;
    this.traceOfRow = new Uint32Array(rows.length);
    const ids: Uint8Array[] = [];
    const ordinals = new Map<number, number>();
    const kindAndStatus = this.words(rowColumns.kindAndStatus, 1);
    for (let i = 0; i < rows.length; i++) {
      const outer = head.wordAt(rows[i], rowColumns.trace);
      let ordinal = ordinals.get(outer);
      if (ordinal === undefined) {
        ordinal = ids.length;
        ordinals.set(outer, ordinal);
        const id = head.traceIdAt(outer);
        ids.push(id);
        this.ordinalOfId.set(hexFromBytes(id), ordinal);
      }
      this.traceOfRow[i] = ordinal;
    }
    this.traceCount = ids.length;
    this.traceIds = concatBytes(ids);
    this.spanIds = new Uint8Array(this.words(rowColumns.spanId, 2).buffer);
    this.parentSpanIds = new Uint8Array(this.words(rowColumns.parentSpanId, 2).buffer);
    this.startUnixNanos = new BigUint64Array(this.words(rowColumns.start, 2).buffer);
    this.durationNanos = new BigInt64Array(this.words(rowColumns.duration, 2).buffer);
    this.kinds = Uint8Array.from(kindAndStatus, (word) => word & 0xff);
    this.statusCodes = Uint8Array.from(kindAndStatus, (word) => (word >>> 8) & 0xff);
  }

  get columnKeys(): readonly ColumnKey[] {
    this.keys ??= this.snapshot.columns.filter(({ scope, key, type }) => this.column(scope, key, type) !== undefined);
    return this.keys;
  }

  rowsOfTrace(ordinal: number): ArrayLike<number> {
    const rows: number[] = [];
    for (let i = 0; i < this.rowCount; i++) {
      if (this.traceOfRow[i] === ordinal) {
        rows.push(i);
      }
    }
    return rows;
  }

  findTrace(traceId: Uint8Array): number {
    return this.ordinalOfId.get(hexFromBytes(traceId)) ?? -1;
  }

  /** Dictionaries are the head's: they may have entries that no row of the selection has. */
  column(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const name = `${scope} ${type} ${key}`;
    if (!this.opened.has(name)) {
      this.opened.set(name, this.openColumn(scope, key, type));
    }
    return this.opened.get(name);
  }

  private openColumn(scope: ColumnScope, key: string, type: ColumnType): CodedColumn | undefined {
    const { head, rows } = this;
    const column = head.columnNamed(scope, key, type);
    if (column === undefined) {
      return undefined;
    }
    const codes = new Uint32Array(rows.length);
    let present = 0;
    for (let i = 0; i < rows.length; i++) {
      const unit =
        column.unit === 'row'
          ? rows[i]
          : head.wordAt(rows[i], column.unit === 'resource' ? rowColumns.resource : rowColumns.scope);
      codes[i] = head.codeAt(column, unit);
      present |= codes[i];
    }
    return present === 0 ? undefined : { key: { scope, key, type }, dictionary: head.valuesOf(column), codes };
  }

  private words(column: number, wordsPerRow: 1 | 2): Int32Array<ArrayBuffer> {
    const words = new Int32Array(this.rows.length * wordsPerRow);
    for (let i = 0; i < this.rows.length; i++) {
      for (let half = 0; half < wordsPerRow; half++) {
        words[i * wordsPerRow + half] = this.head.wordAt(this.rows[i], column, half);
      }
    }
    return words;
  }
}
