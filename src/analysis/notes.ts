import { flagCycle, flagDuplicateId, flagOrphan } from '../trace/span-table.ts';
import type { Clocks } from './clock-skew.ts';
import type { SpanTable } from '../trace/span-table.ts';

export type NoteKind =
  'missing-root' | 'several-roots' | 'orphans' | 'cycles' | 'duplicate-ids' | 'clock-skew' | 'negative-durations';

/** Something about a trace that a reader must know before believing it, said in one sentence with a count. */
export interface TraceNote {
  readonly kind: NoteKind;
  readonly count: number;
  readonly sentence: string;
  /** The first row it is about, to jump to; −1 when it is about no row. */
  readonly row: number;
}

interface Tally {
  count: number;
  row: number;
}

/** Below this a child that starts before its parent is rounding, not a wrong clock. */
const skewNanosMin = 1_000_000;

/** Empty for a trace with nothing to say against it. In order of weight. `clocks` where the table's times were corrected. */
export function notesOf(table: SpanTable, clocks?: Clocks): readonly TraceNote[] {
  const tallies = {
    orphans: { count: 0, row: -1 },
    roots: { count: 0, row: -1 },
    cycles: { count: 0, row: -1 },
    duplicates: { count: 0, row: -1 },
    skew: { count: 0, row: -1 },
    negative: { count: 0, row: -1 },
  };
  for (let row = 0; row < table.rowCount; row++) {
    const flags = table.flags[row];
    tally(tallies.orphans, row, (flags & flagOrphan) !== 0);
    tally(tallies.cycles, row, (flags & flagCycle) !== 0);
    tally(tallies.duplicates, row, (flags & flagDuplicateId) !== 0);
    tally(tallies.roots, row, table.parent[row] < 0 && (flags & (flagOrphan | flagCycle)) === 0);
    tally(tallies.negative, row, table.durationNanos[row] < 0);
    tally(tallies.skew, row, isSkewed(table, row));
  }

  const notes: TraceNote[] = [];
  const add = (kind: NoteKind, { count, row }: Tally, sentence: string): void => {
    notes.push({ kind, count, row, sentence });
  };
  const { orphans, roots, cycles, duplicates, skew, negative } = tallies;
  if (roots.count === 0 && table.rowCount > 0) {
    add('missing-root', { count: 1, row: -1 }, 'The root span is missing: it was not received, or not yet.');
  } else if (roots.count > 1) {
    add('several-roots', roots, `${roots.count} spans have no parent: this trace has more than one root.`);
  }
  if (orphans.count > 0) {
    add('orphans', orphans, `${spans(orphans.count)} a parent that is not in this trace; shown at the top level.`);
  }
  if (cycles.count > 0) {
    add(
      'cycles',
      cycles,
      `${cycles.count} ${cycles.count === 1 ? 'cycle' : 'cycles'} of parents cut: a span is its own ancestor.`
    );
  }
  if (duplicates.count > 0) {
    add('duplicate-ids', duplicates, `${duplicates.count} spans share their span id with another span.`);
  }
  if (clocks !== undefined) {
    add(
      'clock-skew',
      { count: clocks.movedCount, row: clocks.shiftNanos.findIndex((shift) => shift !== 0) },
      clockSentence(clocks)
    );
  } else if (skew.count > 0) {
    const what =
      skew.count === 1 ? 'span starts before the span that caused it' : 'spans start before the spans that caused them';
    add('clock-skew', skew, `${skew.count} ${what}, on another service: clocks disagree.`);
  }
  if (negative.count > 0) {
    add(
      'negative-durations',
      negative,
      `${negative.count} ${negative.count === 1 ? 'span ends' : 'spans end'} before the start.`
    );
  }
  return notes;
}

/** Services beyond these are counted. */
const clocksNamed = 3;

function clockSentence({ movedCount, corrections }: Clocks): string {
  const named = corrections
    .slice(0, clocksNamed)
    .map(
      ({ service, shiftNanos }) =>
        `${service || 'unknown service'} ${lengthOf(shiftNanos)} ${shiftNanos > 0 ? 'behind' : 'ahead'}`
    );
  const rest = corrections.length > clocksNamed ? [`${corrections.length - clocksNamed} more`] : [];
  const moved = movedCount === 1 ? '1 span was moved' : `${movedCount} spans were moved`;
  return `Clocks disagree (${[...named, ...rest].join(', ')}) and are corrected: ${moved}. Key t shows the times as sent.`;
}

function lengthOf(nanos: number): string {
  const ms = Math.abs(nanos) / 1e6;
  return ms >= 1_000 ? `${Number((ms / 1_000).toPrecision(3))} s` : `${Number(ms.toPrecision(3))} ms`;
}

/** Starts before its parent, and the two were timed by different clocks. */
function isSkewed(table: SpanTable, row: number): boolean {
  const parent = table.parent[row];
  return (
    parent >= 0 &&
    table.service[parent] !== table.service[row] &&
    table.offsetNanos[parent] - table.offsetNanos[row] >= skewNanosMin
  );
}

function tally(into: Tally, row: number, holds: boolean): void {
  if (holds) {
    into.row = into.count === 0 ? row : into.row;
    into.count++;
  }
}

function spans(count: number): string {
  return count === 1 ? '1 span names' : `${count} spans name`;
}
