/** Metrics over row sets: what the reference counts span by span is counted here in typed arrays, and handed over group by group. */
import { CompensatedSums } from '../../../base/compensated-sums.ts';
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
    if (!this.run.exemplars.isClosed) {
      this.offerExemplars(frame, selected);
    }
    sinks.forEach((_, at) => {
      ready[at](rowsInSteps(withoutTraces(selected[at], rowSet, frame.unclear), rowSet.startUnixNanos, steps));
    });
    return frame.unclear;
  }

  /** Builds the few traces of which an exemplar may be kept. Those whose spans share an id are left to the reference. */
  private offerExemplars({ rows: rowSet, unclear }: RowFrame, selected: readonly Mask[]): void {
    const { exemplars, steps } = this.run;
    const { traceIds, traceOfRow, startUnixNanos } = rowSet;
    const done = unclear.slice();
    for (const mask of selected) {
      const { rows } = rowsInSteps(mask, startUnixNanos, steps);
      for (const row of rows) {
        const trace = traceOfRow[row];
        if (done[trace] === 0) {
          const traceId = hexFromBytes(traceIds, trace * 16, trace * 16 + 16);
          if (exemplars.wants(traceId, startUnixNanos[row])) {
            done[trace] = 1;
            unclear[trace] = this.offerTrace(rowSet, trace, traceId, selected) ? 0 : 1;
          }
        }
      }
    }
  }

  /** False, and nothing is offered, when the order of the trace's spans cannot be told from these columns. */
  private offerTrace(rowSet: RowSet, trace: number, traceId: string, selected: readonly Mask[]): boolean {
    const { exemplars, sinks, steps } = this.run;
    const rows = Array.from(rowSet.rowsOfTrace(trace));
    const spans = spansOfRows(rowSet, rows);
    if (new Set(spans.map(({ spanId }) => spanId)).size < spans.length) {
      return false;
    }
    const order = spans.map((_, at) => at).sort((a, b) => compareSpans(spans[a], spans[b]));
    const facts = new TraceFacts({ traceId, spans: order.map((at) => spans[at]) });
    sinks.forEach(({ collector }, sink) => {
      order.forEach((at, index) => {
        const step = selected[sink][rows[at]] === 1 ? steps.stepOf(spans[at].startUnixNanos) : -1;
        if (step !== -1) {
          collector.offer(facts, index, step, exemplars);
        }
      });
    });
    return true;
  }
}

/** What counts rows for a sink, with all it reads at hand. */
function prepare(frame: RowFrame, { collector }: MetricsSink, stepCount: number): (rows: RowSteps) => void {
  if (collector.kind === 'compare') {
    return prepareCompare(frame, collector);
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
  const { name } = collector.aggregate;
  const accumulators = accumulatorsOf(collector, groups, rows, by);
  const places = splitByCodes(groups, steps, stepCount);
  const counts = new Float64Array(places.count);
  const isSummed = name === 'sum_over_time' || name === 'avg_over_time';
  const sums = new CompensatedSums(isSummed ? places.count : 0);
  const folded = isSummed ? sums.sums : new Float64Array(places.count);
  for (let i = 0; i < rows.length; i++) {
    const place = places.ofRow[i];
    const number = numbers[i];
    if (isSummed) {
      sums.add(place, number);
    } else if (counts[place] === 0) {
      folded[place] = number;
    } else {
      folded[place] = name === 'min_over_time' ? Math.min(folded[place], number) : Math.max(folded[place], number);
    }
    counts[place]++;
  }
  counts.forEach((count, place) => {
    const i = places.firstAt[place];
    accumulators[groups.ofRow[i]].merge(steps[i], count, folded[place], isSummed ? sums.rests[place] : 0);
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
