import { Arena, type ArenaMark } from './arena.ts';
import { HeadColumn, type ColumnUnit } from './column.ts';
import { Dictionary } from './dictionary.ts';
import { KeySpace } from './keys.ts';
import { RowColumns, noRow, rowColumns } from './rows.ts';
import { SpanIndex } from './span-index.ts';
import { Traces } from './traces.ts';
import { intrinsicColumns, type IntrinsicColumn } from '../row-set.ts';

/** Of the objects of a column, about. */
const columnObjectBytes = 600;

/** A state to go back to. Everything that came later leaves no trace, memory included. */
export interface BuilderMark {
  readonly row: number;
  readonly arena: ArenaMark;
  readonly minStart: readonly [low: number, high: number];
  readonly maxEnd: readonly [low: number, high: number];
}

/** What an intrinsic column numbers: resources and instrumentation scopes are stored once, not per row. */
export function unitOfIntrinsic(name: string): ColumnUnit {
  return name.startsWith('resource_') ? 'resource' : name.startsWith('scope_') ? 'scope' : 'row';
}

/** All state of a head: columns of rows, of resources and of instrumentation scopes, and the indexes over them. */
export class HeadBuilder {
  readonly arena = new Arena();
  readonly rows = new RowColumns(this.arena);
  readonly traces = new Traces(this.arena);
  readonly spanIndex = new SpanIndex(this.rows);
  /** Interned byte ranges; code c is ordinal c − 1. */
  readonly resources = new Dictionary(this.arena, true);
  readonly scopes = new Dictionary(this.arena, true);
  readonly spanKeys = new KeySpace(this.arena, 'span', 'row');
  readonly resourceKeys = new KeySpace(this.arena, 'resource', 'resource');
  readonly scopeKeys = new KeySpace(this.arena, 'instrumentation', 'scope');
  readonly intrinsics: Readonly<Record<IntrinsicColumn, HeadColumn>>;
  readonly intrinsicList: readonly HeadColumn[];
  /** Columns that have a posting of the row under construction. */
  readonly touched: HeadColumn[] = [];
  touchedCount = 0;
  /** Counts requests from 1: positions in a body mean nothing in the next one. */
  request = 0;
  // Unsigned 64-bit bounds over all rows, as words.
  minStartLow = -1;
  minStartHigh = -1;
  maxEndLow = 0;
  maxEndHigh = 0;

  constructor() {
    const columns: Partial<Record<IntrinsicColumn, HeadColumn>> = {};
    for (const [key, type] of Object.entries(intrinsicColumns)) {
      columns[key as IntrinsicColumn] = new HeadColumn(
        this.arena,
        { scope: 'intrinsic', key, type },
        unitOfIntrinsic(key)
      );
    }
    this.intrinsics = columns as Record<IntrinsicColumn, HeadColumn>;
    this.intrinsicList = Object.values(this.intrinsics);
  }

  get columnLists(): readonly (readonly HeadColumn[])[] {
    return [this.intrinsicList, this.spanKeys.columns, this.resourceKeys.columns, this.scopeKeys.columns];
  }

  /** Memory held, hash tables and an estimate for the objects of each column included. Asked for every request. */
  get memoryBytes(): number {
    const columnCount =
      this.intrinsicList.length +
      this.spanKeys.columns.length +
      this.resourceKeys.columns.length +
      this.scopeKeys.columns.length;
    return (
      this.arena.byteLength +
      this.arena.outsideBytes +
      this.traces.slots.byteLength +
      this.spanIndex.tableBytes +
      columnCount * columnObjectBytes
    );
  }

  /** Adds a coded value to the row under construction. */
  push(column: HeadColumn, row: number, code: number): void {
    column.push(row, code);
    this.touched[this.touchedCount++] = column;
  }

  mark(): BuilderMark {
    return {
      row: this.rows.count,
      arena: this.arena.mark(),
      minStart: [this.minStartLow, this.minStartHigh],
      maxEnd: [this.maxEndLow, this.maxEndHigh],
    };
  }

  rollback(mark: BuilderMark): void {
    const { rows } = this;
    this.undoRow();
    for (let row = rows.count - 1; row >= mark.row; row--) {
      this.spanIndex.remove(row);
      this.traces.setLastRow(rows.wordAt(row, rowColumns.trace), rows.wordAt(row, rowColumns.previousOfTrace), -1);
    }
    this.traces.truncate(mark.row);
    this.resources.truncate(mark.row);
    this.scopes.truncate(mark.row);
    for (const column of this.intrinsicList) {
      column.truncate(this.firstUnitFrom(column.unit, mark.row), mark.row);
    }
    for (const keys of [this.spanKeys, this.resourceKeys, this.scopeKeys]) {
      keys.truncate(this.firstUnitFrom(keys.unit, mark.row), mark.row);
    }
    rows.truncate(mark.row);
    this.arena.release(mark.arena);
    [this.minStartLow, this.minStartHigh] = mark.minStart;
    [this.maxEndLow, this.maxEndHigh] = mark.maxEnd;
  }

  /** Takes back the attributes of the row under construction. */
  undoRow(): void {
    const row = this.rows.count;
    for (let i = 0; i < this.touchedCount; i++) {
      const column = this.touched[i];
      column.truncate(row, row);
      if (column.family !== undefined) {
        column.family.lastUnit = noRow;
      }
    }
    this.touchedCount = 0;
  }

  /** The row under construction is complete: its fixed columns are written, `ordinal` is its trace. */
  finishRow(ordinal: number, spanIdLow: number, spanIdHigh: number): void {
    const row = this.rows.count;
    this.spanIndex.add(row, ordinal, spanIdLow, spanIdHigh);
    this.traces.setLastRow(ordinal, row, 1);
    this.rows.count = row + 1;
    this.touchedCount = 0;
  }

  widenTimes(startLow: number, startHigh: number, endLow: number, endHigh: number): void {
    if (isBelow(startLow, startHigh, this.minStartLow, this.minStartHigh)) {
      this.minStartLow = startLow;
      this.minStartHigh = startHigh;
    }
    if (isBelow(this.maxEndLow, this.maxEndHigh, endLow, endHigh)) {
      this.maxEndLow = endLow;
      this.maxEndHigh = endHigh;
    }
  }

  private firstUnitFrom(unit: ColumnUnit, row: number): number {
    return unit === 'row' ? row : unit === 'resource' ? this.resources.size : this.scopes.size;
  }
}

function isBelow(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 < otherLow >>> 0 : high >>> 0 < otherHigh >>> 0;
}
