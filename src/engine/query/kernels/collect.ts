/** Metrics over row sets: what the reference counts span by span is counted here in typed arrays, and handed over group by group. */
import type { FieldReference, MetricsAggregate } from '../../../traceql/ast.ts';
import { TraceFacts } from '../../../traceql/fields.ts';
import type { MetricsRun, MetricsSink } from '../../../traceql/metrics.ts';
import type { Accumulator, FunctionCollector } from '../../../traceql/metrics-collectors.ts';
import { labelsOf } from '../../../traceql/metrics-collectors.ts';
import { withoutTraces } from './trace-masks.ts';
import { compareSpans } from '../../../trace/merge.ts';
import { hexFromBytes } from '../../../trace/ids.ts';
import type { RowSet } from '../../row-set.ts';
import { spansOfRows } from '../../rows-to-spans.ts';
import { prepareCompare } from './compare.ts';
import { spanOrResourceVector } from './fields.ts';
import { RegexCache, RowFrame } from './frame.ts';
import { oneGroup, splitByCodes, splitByVector, valuesOfGroup } from './groups.ts';
import type { Groups } from './groups.ts';
import { boundOfBucket, bucketCodes, countsBuckets, measureRows } from './measures.ts';
import type { Measured } from './measures.ts';
import { rowsInSteps } from './row-steps.ts';
import type { RowSteps } from './row-steps.ts';
import { runPipeline } from './spansets.ts';
import { expressionVector } from './truth.ts';
import type { Mask, Vector } from './vector.ts';

/** Adds row sets to a metrics run. */
export class RowCollector {
  private readonly run: MetricsRun;
  private readonly poll: () => void;
  private readonly regexes = new RegexCache();

  /** `poll` is called every millisecond of work or so; what it throws ends the work. */
  constructor(run: MetricsRun, poll: () => void) {
    this.run = run;
    this.poll = poll;
  }

  /**
   * Takes the traces of `within` (all their rows) into account, but for those it answers, by ordinal 1: the caller has to observe them as
   * traces. The row set has every column that the query reads.
   */
  collect(rowSet: RowSet, within: Mask): Uint8Array {
    const frame = new RowFrame(rowSet, this.regexes, this.poll);
    const { sinks, steps } = this.run;
    const selected = sinks.map(({ pipeline }) => runPipeline(frame, pipeline, within));
    // Whatever can make a trace unclear is looked at before anything is counted.
    const ready = sinks.map((sink) => prepare(frame, sink, steps.count));
    sinks.forEach((sink, at) => {
      const mask = withoutTraces(selected[at], rowSet, frame.unclear);
      const rows = rowsInSteps(mask, rowSet.startUnixNanos, steps);
      this.offerExemplars(sink, rowSet, rows);
      ready[at](rows);
    });
    return frame.unclear;
  }

  /** The whole trace is built only for spans that are kept. */
  private offerExemplars({ collector }: MetricsSink, rowSet: RowSet, { rows, steps }: RowSteps): void {
    const { exemplars } = this.run;
    const { traceIds, traceOfRow, startUnixNanos } = rowSet;
    for (let i = 0; i < rows.length && !exemplars.isFull; i++) {
      const row = rows[i];
      const trace = traceOfRow[row];
      const traceId = hexFromBytes(traceIds, trace * 16, trace * 16 + 16);
      if (exemplars.wants(traceId, startUnixNanos[row])) {
        const rowsOfTrace = rowSet.rowsOfTrace(trace);
        const built = spansOfRows(rowSet, rowsOfTrace);
        const span = built[Array.prototype.indexOf.call(rowsOfTrace, row)];
        const spans = built.sort(compareSpans);
        collector.offer(new TraceFacts({ traceId, spans }), spans.indexOf(span), steps[i], exemplars);
      }
    }
  }
}

/** What counts rows for a sink, with all it reads at hand. */
function prepare(frame: RowFrame, { collector }: MetricsSink, stepCount: number): (rows: RowSteps) => void {
  if (collector.kind === 'compare') {
    return prepareCompare(frame, collector, stepCount);
  }
  const vectors = vectorsOf(frame, collector.aggregate);
  return (rows) => countRows(collector, vectors, rows, stepCount);
}

/** The vectors a function reads: one for each label, and the argument. */
interface SinkVectors {
  readonly by: readonly Vector[];
  readonly argument: Vector | undefined;
}

function vectorsOf(frame: RowFrame, { argument, by }: MetricsAggregate): SinkVectors {
  return {
    by: by.map((reference) => labelVector(frame, reference)),
    argument: argument === undefined ? undefined : expressionVector(frame, argument),
  };
}

/** As the reference reads labels: an unscoped attribute stands for span and resource alone. */
function labelVector(frame: RowFrame, reference: FieldReference): Vector {
  const { field } = reference;
  return field.kind === 'attribute' && field.scope === 'any'
    ? spanOrResourceVector(frame.rows, field.name)
    : expressionVector(frame, reference);
}

function countRows(
  collector: FunctionCollector,
  { by, argument }: SinkVectors,
  rowSteps: RowSteps,
  stepCount: number
): void {
  const { aggregate } = collector;
  if (argument === undefined) {
    addCounts(collector, groupRows(rowSteps, by), rowSteps, by, stepCount, () => 0);
    return;
  }
  const measured = measureRows(aggregate, argument, rowSteps);
  const groups = groupRows(measured, by);
  if (countsBuckets(aggregate)) {
    const codes = Uint32Array.from(measured.numbers);
    const buckets = splitByCodes(groups, codes, bucketCodes);
    addCounts(collector, buckets, measured, by, stepCount, (i) => boundOfBucket(codes[i]));
    return;
  }
  addNumbers(collector, groups, measured, by, stepCount);
}

function groupRows({ rows }: RowSteps, by: readonly Vector[]): Groups {
  return by.reduce((groups, vector) => splitByVector(groups, rows, vector), oneGroup(rows.length));
}

/** `measured(i)`: what the i-th row and all others of its group were measured as. */
function addCounts(
  collector: FunctionCollector,
  groups: Groups,
  { rows, steps }: RowSteps,
  by: readonly Vector[],
  stepCount: number,
  measured: (i: number) => number
): void {
  const accumulators = accumulatorsOf(collector, groups, rows, by);
  const places = splitByCodes(groups, steps, stepCount);
  const counts = new Float64Array(places.count);
  for (let i = 0; i < rows.length; i++) {
    counts[places.ofRow[i]]++;
  }
  counts.forEach((count, place) => {
    const i = places.firstAt[place];
    accumulators[groups.ofRow[i]].merge(steps[i], count, measured(i));
  });
}

function addNumbers(
  collector: FunctionCollector,
  groups: Groups,
  { rows, steps, numbers }: Measured,
  by: readonly Vector[],
  stepCount: number
): void {
  const accumulators = accumulatorsOf(collector, groups, rows, by);
  const places = splitByCodes(groups, steps, stepCount);
  const counts = new Float64Array(places.count);
  const folded = new Float64Array(places.count);
  const { name } = collector.aggregate;
  for (let i = 0; i < rows.length; i++) {
    const place = places.ofRow[i];
    const number = numbers[i];
    const before = folded[place];
    folded[place] =
      counts[place]++ === 0
        ? number
        : name === 'min_over_time'
          ? Math.min(before, number)
          : name === 'max_over_time'
            ? Math.max(before, number)
            : before + number;
  }
  counts.forEach((count, place) => {
    const i = places.firstAt[place];
    accumulators[groups.ofRow[i]].merge(steps[i], count, folded[place]);
  });
}

function accumulatorsOf(
  collector: FunctionCollector,
  groups: Groups,
  rows: Uint32Array,
  by: readonly Vector[]
): readonly Accumulator[] {
  return Array.from({ length: groups.count }, (_, group) =>
    collector.group(labelsOf(collector.aggregate, valuesOfGroup(groups, group, rows, by)))
  );
}
