/** A few spans per query that stand for many: from the samples of a chart one gets to traces. */
import type { TraceId, UnixNanos } from '../trace/model.ts';
import type { Field, Query } from './ast.ts';
import { printField } from './attributes.ts';
import { fieldsOf } from './conditions.ts';
import type { TraceFacts } from './fields.ts';
import { fieldValues } from './fields.ts';
import type { MetricExemplar, Steps } from './metrics.ts';
import type { Labels } from './metrics-series.ts';
import type { Static } from './static.ts';

interface Kept {
  readonly seriesKey: string;
  readonly labels: Labels;
  readonly timestampUnixNanos: UnixNanos;
  readonly step: number;
  /** Absent: the value of the series at that step. */
  readonly value: number | undefined;
}

/** Two exemplars per bucket of time. */
const perBucket = 2;

/** Keeps at most one exemplar per trace, spread over the range; none for instant queries. */
export class ExemplarReservoir {
  private readonly fields: readonly Field[];
  private readonly limit: number;
  private readonly steps: Steps;
  private readonly bucketSizes: number[];
  private readonly kept: Kept[] = [];
  private readonly traces = new Set<string>();

  constructor(query: Query, limit: number, steps: Steps) {
    const read = fieldsOf(query);
    this.fields = read === 'all' ? [] : read.filter((field) => field.name !== 'trace:id');
    this.limit = steps.isInstant ? 0 : limit;
    this.steps = steps;
    this.bucketSizes = new Array<number>(Math.max(1, Math.ceil(this.limit / perBucket))).fill(0);
  }

  offer(seriesKey: string, facts: TraceFacts, index: number, step: number, value: number | undefined): void {
    const { traceId, spans } = facts.trace;
    const span = spans[index];
    if (!this.wants(traceId, span.startUnixNanos)) {
      return;
    }
    this.traces.add(traceId);
    this.bucketSizes[this.bucketOf(span.startUnixNanos)]++;
    const labels = this.fields.flatMap((field) => {
      const read: Static | undefined = fieldValues(field, span, facts.trace, facts).at(0);
      return read === undefined ? [] : [[printField(field), read] as const];
    });
    labels.push(['trace:id', { type: 'string', value: traceId }]);
    this.kept.push({ seriesKey, labels, timestampUnixNanos: span.startUnixNanos, step, value });
  }

  /** No offer will be kept any more. */
  get isFull(): boolean {
    return this.kept.length >= this.limit;
  }

  /** Whether an offer would be kept of a span of this trace that starts then, within the range. */
  wants(traceId: TraceId, unixNanos: UnixNanos): boolean {
    return !this.isFull && this.bucketSizes[this.bucketOf(unixNanos)] < perBucket && !this.traces.has(traceId);
  }

  /** Of a time within the range, (start, end]. */
  private bucketOf(unixNanos: UnixNanos): number {
    const { startUnixNanos, stepNanos, count } = this.steps;
    return Number(((unixNanos - startUnixNanos - 1n) * BigInt(this.bucketSizes.length)) / (stepNanos * BigInt(count)));
  }

  /** Exemplars of one series, by time. */
  of(seriesKey: string, values: Float64Array): readonly MetricExemplar[] {
    return this.kept
      .filter((kept) => kept.seriesKey === seriesKey && !Number.isNaN(values[kept.step]))
      .map(({ labels, timestampUnixNanos, step, value }) => ({
        labels,
        timestampUnixNanos,
        value: value ?? values[step],
      }))
      .sort((a, b) => Number(a.timestampUnixNanos - b.timestampUnixNanos));
  }
}
