import { textFromUtf8 } from '../../base/bytes.ts';
import { slabOf, wordOf, type Arena } from './arena.ts';
import { HeadColumn, type ColumnUnit, type KeyFamily } from './column.ts';
import { Dictionary, equalRanges, equalStored } from './dictionary.ts';
import type { ColumnScope, ColumnType } from '../row-set.ts';

/** Column types in the order in which a family keeps them. */
export const attributeTypes = ['string', 'int', 'double', 'bool', 'any'] as const satisfies readonly ColumnType[];

/**
 * The attribute columns of one scope. A key is found by the guess that it follows the key before it as it did on the spans before;
 * else by its bytes.
 */
export class KeySpace {
  readonly scope: ColumnScope;
  readonly unit: ColumnUnit;
  readonly columns: HeadColumn[] = [];
  readonly families: KeyFamily[] = [];
  private readonly arena: Arena;
  /** Code c of the dictionary of keys is family c − 1. */
  private readonly keys: Dictionary;
  private readonly first: { next: HeadColumn | undefined; afterNext: HeadColumn | undefined } = {
    next: undefined,
    afterNext: undefined,
  };
  private before: { next: HeadColumn | undefined; afterNext: HeadColumn | undefined } = this.first;

  constructor(arena: Arena, scope: ColumnScope, unit: ColumnUnit) {
    this.arena = arena;
    this.scope = scope;
    this.unit = unit;
    this.keys = new Dictionary(arena, true);
  }

  /** The next attribute is the first of its span. */
  startUnit(): void {
    this.before = this.first;
  }

  /**
   * The column that is likely to come next, when the KeyValue `[start, end)` behind `view` repeats byte by byte what this column had
   * before in the same request; its code is then {@link HeadColumn.seenCode}.
   */
  repeated(view: DataView, start: number, end: number, request: number, unit: number): HeadColumn | undefined {
    const column = this.before.next;
    if (
      column === undefined ||
      column.seenIn !== request ||
      column.seenLength !== end - start ||
      column.family!.lastUnit === unit ||
      !equalRanges(view, start, column.seenAt, end - start)
    ) {
      return undefined;
    }
    column.family!.lastUnit = unit;
    this.before = column;
    return column;
  }

  /**
   * The column of a key (bytes behind `view`) and type (index into {@link attributeTypes}), made when new.
   * `undefined` when `unit` has the key already, or the key is new and there are `columnsMax` columns.
   */
  columnFor(
    view: DataView,
    keyStart: number,
    keyLength: number,
    type: number,
    unit: number,
    row: number,
    columnsMax: number
  ): HeadColumn | undefined {
    const before = this.before;
    let column = before.next;
    if (column === undefined || !isColumn(column, view, keyStart, keyLength, type)) {
      column = before.afterNext;
      if (column === undefined || !isColumn(column, view, keyStart, keyLength, type)) {
        column = this.find(view, keyStart, keyLength, type, unit, row, columnsMax);
        if (column === undefined) {
          return undefined;
        }
      }
      before.afterNext = before.next;
      before.next = column;
    }
    this.before = column;
    const family = column.family!;
    if (family.lastUnit === unit) {
      return undefined;
    }
    family.lastUnit = unit;
    return column;
  }

  /** Forgets everything of `unit` (and later), which came at `row` (and later). */
  truncate(unit: number, row: number): void {
    this.keys.truncate(row);
    while (this.families.length > this.keys.size) {
      // Columns that predict this one must not take it for alive.
      this.families.pop()!.keyLength = -1;
    }
    let kept = 0;
    for (const column of this.columns) {
      column.truncate(unit, row);
      const family = column.family!;
      family.lastUnit = -1;
      if (column.count > 0 && family.keyLength >= 0) {
        this.columns[kept++] = column;
      } else {
        family.columns[column.typeIndex] = undefined;
        column.typeIndex = -1;
      }
    }
    this.columns.length = kept;
  }

  private find(
    view: DataView,
    keyStart: number,
    keyLength: number,
    type: number,
    unit: number,
    row: number,
    columnsMax: number
  ): HeadColumn | undefined {
    const full = this.columns.length >= columnsMax;
    const code = full
      ? this.keys.find(view, keyStart, keyLength)
      : this.keys.internBytes(view, keyStart, keyLength, row, true);
    if (code === 0) {
      return undefined;
    }
    if (code > this.families.length) {
      this.families.push(this.openFamily(code));
    }
    const family = this.families[code - 1];
    if (family.lastUnit === unit) {
      return undefined;
    }
    let column = family.columns[type];
    if (column === undefined && !full) {
      column = new HeadColumn(
        this.arena,
        { scope: this.scope, key: family.key, type: attributeTypes[type] },
        this.unit,
        family,
        type
      );
      family.columns[type] = column;
      this.columns.push(column);
    }
    return column;
  }

  private openFamily(code: number): KeyFamily {
    const at = this.keys.entryAt(code);
    const words = this.arena.words[slabOf(at)];
    const address = words[wordOf(at)];
    const keyLength = words[wordOf(at) + 1];
    const keyStart = wordOf(address);
    const bytes = this.arena.bytes[slabOf(address)];
    const key = textFromUtf8(bytes.slice(keyStart * 4, keyStart * 4 + keyLength));
    return {
      keyWords: this.arena.words[slabOf(address)],
      keyStart,
      keyLength,
      key,
      lastUnit: -1,
      columns: [undefined, undefined, undefined, undefined, undefined],
    };
  }
}

function isColumn(column: HeadColumn, view: DataView, keyStart: number, keyLength: number, type: number): boolean {
  const family = column.family!;
  return (
    family.keyLength === keyLength &&
    column.typeIndex === type &&
    equalStored(view, keyStart, keyLength, family.keyWords, family.keyStart)
  );
}
