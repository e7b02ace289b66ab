import { correctedTable } from '../../analysis/clock-skew.ts';
import type { Clocks } from '../../analysis/clock-skew.ts';
import { criticalNanosOf, criticalPathOf } from '../../analysis/critical-path.ts';
import type { CriticalPath } from '../../analysis/critical-path.ts';
import { notesOf } from '../../analysis/notes.ts';
import type { TraceNote } from '../../analysis/notes.ts';
import { repeatsOf } from '../../analysis/repeats.ts';
import type { Repeat } from '../../analysis/repeats.ts';
import { selfNanosOf } from '../../analysis/self-time.ts';
import { serviceStatsOf } from '../../analysis/service-stats.ts';
import type { ServiceStats } from '../../analysis/service-stats.ts';
import { storyOf } from '../../analysis/story.ts';
import type { Story } from '../../analysis/story.ts';
import { inOneGo } from '../../base/pieces.ts';
import type { Pieces } from '../../base/pieces.ts';
import { rowOfSpanId } from '../../trace/span-table.ts';
import type { SpanTable } from '../../trace/span-table.ts';

/**
 * A trace and everything derived from it once: what every view of the trace reads. Columns and small lists only, so that it can be handed
 * from a worker to the page.
 */
export interface TraceModel {
  readonly table: SpanTable;
  readonly selfNanos: Float64Array;
  readonly criticalPath: CriticalPath;
  readonly criticalNanos: Float64Array;
  /** Segments of each row: index `criticalIndex[i]` into the path's columns, for i in `[criticalStart[row], criticalStart[row + 1])`. */
  readonly criticalStart: Uint32Array;
  readonly criticalIndex: Uint32Array;
  readonly services: readonly ServiceStats[];
  readonly notes: readonly TraceNote[];
  readonly errorCount: number;
  /** 1 where the subtree below the row holds an error. */
  readonly errorBelow: Uint8Array;
  /** The latest end in each row's subtree: how far a folded row reaches. */
  readonly subtreeEndNanos: Float64Array;
  readonly depthMax: number;
  /** Siblings that fold into one lane, by first row. */
  readonly repeats: readonly Repeat[];
  /** The lines that tell a large trace. */
  readonly story: Story;
  /** What was corrected; `undefined` for times as they were sent. */
  readonly clocks: Clocks | undefined;
}

/** As it is shown and as it was sent: one object where no clock is proven wrong. */
export interface TraceModels {
  readonly model: TraceModel;
  readonly sentModel: TraceModel;
}

export function* traceModels(table: SpanTable): Pieces<TraceModels> {
  const sentModel = yield* traceModel(table);
  const corrected = correctedTable(table);
  yield;
  const model = corrected === undefined ? sentModel : yield* traceModel(corrected.table, corrected.clocks);
  return { model, sentModel };
}

/** `clocks` where the table is a corrected one. */
export function traceModelOf(table: SpanTable, clocks?: Clocks): TraceModel {
  return inOneGo(traceModel(table, clocks));
}

function* traceModel(table: SpanTable, clocks?: Clocks): Pieces<TraceModel> {
  const selfNanos = selfNanosOf(table);
  yield;
  const criticalPath = criticalPathOf(table);
  yield;
  const errorBelow = new Uint8Array(table.rowCount);
  const subtreeEndNanos = new Float64Array(table.rowCount);
  let errorCount = 0;
  let depthMax = 0;
  for (let row = table.rowCount - 1; row >= 0; row--) {
    const parent = table.parent[row];
    const isError = table.statusCode[row] === 2;
    errorCount += isError ? 1 : 0;
    depthMax = Math.max(depthMax, table.depth[row]);
    subtreeEndNanos[row] = Math.max(subtreeEndNanos[row], table.offsetNanos[row] + table.durationNanos[row]);
    if (parent >= 0) {
      errorBelow[parent] |= isError ? 1 : errorBelow[row];
      subtreeEndNanos[parent] = Math.max(subtreeEndNanos[parent], subtreeEndNanos[row]);
    }
  }
  yield;
  const criticalNanos = criticalNanosOf(table, criticalPath);
  const segments = segmentsByRow(table, criticalPath);
  yield;
  const services = serviceStatsOf(table, selfNanos);
  const notes = notesOf(table, clocks);
  yield;
  const repeats = repeatsOf(table);
  yield;
  const story = storyOf({ table, criticalNanos, errorBelow });
  return {
    table,
    selfNanos,
    criticalPath,
    criticalNanos,
    ...segments,
    services,
    notes,
    errorCount,
    errorBelow,
    subtreeEndNanos,
    depthMax,
    repeats,
    story,
    clocks,
  };
}

function segmentsByRow(
  table: SpanTable,
  { rows }: CriticalPath
): { criticalStart: Uint32Array; criticalIndex: Uint32Array } {
  const criticalStart = new Uint32Array(table.rowCount + 1);
  for (const row of rows) {
    if (row >= 0) {
      criticalStart[row + 1]++;
    }
  }
  for (let row = 0; row < table.rowCount; row++) {
    criticalStart[row + 1] += criticalStart[row];
  }
  const next = criticalStart.slice();
  const criticalIndex = new Uint32Array(criticalStart[table.rowCount]);
  rows.forEach((row, index) => {
    if (row >= 0) {
      criticalIndex[next[row]++] = index;
    }
  });
  return { criticalStart, criticalIndex };
}

/** Row of the first span with this id; −1 when there is none. */
export function rowOfSpan(table: SpanTable, spanId: string | undefined): number {
  return spanId === undefined ? -1 : rowOfSpanId(table, spanId);
}
