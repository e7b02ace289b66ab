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
  readonly traceId: TraceId;
  readonly seriesKey: string;
  readonly labels: Labels;
  readonly timestampUnixNanos: UnixNanos;
  readonly step: number;
  /** Absent: the value of the series at that step. */
  readonly value: number | undefined;
}

/** Two exemplars per bucket of time. */
const perBucket = 2;

/**
 * Keeps at most one exemplar per trace, spread over the range; none for instant queries. Which ones does not depend on the order of
 * traces: a trace offers the earliest of its spans that are counted, each bucket of time keeps the two offers with the least trace ids.
 */
export class ExemplarReservoir {
  private readonly fields: readonly Field[];
  private readonly limit: number;
  private readonly steps: Steps;
  /** Least trace id first. */
  private readonly buckets: Kept[][];
  private readonly bucketNanos: number;
  /** Of the trace whose spans are being offered. */
  private pending: { readonly facts: TraceFacts; readonly index: number; readonly kept: () => Kept } | undefined;

  constructor(query: Query, limit: number, steps: Steps) {
    const read = fieldsOf(query);
    this.fields = read === 'all' ? [] : read.filter((field) => field.name !== 'trace:id');
    this.limit = steps.isInstant ? 0 : limit;
    this.steps = steps;
    this.buckets = Array.from({ length: Math.ceil(this.limit / perBucket) }, () => []);
    this.bucketNanos = Number(steps.stepNanos * BigInt(steps.count)) / Math.max(1, this.buckets.length);
  }

  /** The spans of one trace are offered one after the other, in any order, with the same facts. */
  offer(seriesKey: string, facts: TraceFacts, index: number, step: number, value: number | undefined): void {
    if (this.limit === 0) {
      return;
    }
    if (this.pending?.facts !== facts) {
      this.settle();
    } else if (this.pending.index <= index) {
      return;
    }
    this.pending = { facts, index, kept: () => this.exemplar(seriesKey, facts, index, step, value) };
  }

  /** Whether no exemplars are asked for. */
  get isClosed(): boolean {
    return this.limit === 0;
  }

  /** Whether an offer would be kept of a span of this trace that starts then, within the range. */
  wants(traceId: TraceId, unixNanos: UnixNanos): boolean {
    const bucket = this.bucketOf(unixNanos);
    return bucket !== undefined && (bucket.length < perBucket || traceId < bucket[bucket.length - 1].traceId);
  }

  private settle(): void {
    const { pending } = this;
    this.pending = undefined;
    if (pending === undefined) {
      return;
    }
    const { traceId, spans } = pending.facts.trace;
    const { startUnixNanos } = spans[pending.index];
    const bucket = this.bucketOf(startUnixNanos);
    if (bucket !== undefined && this.wants(traceId, startUnixNanos)) {
      bucket.push(pending.kept());
      bucket.sort(byTraceId);
      bucket.length = Math.min(bucket.length, perBucket);
    }
  }

  private exemplar(seriesKey: string, facts: TraceFacts, index: number, step: number, value: number | undefined): Kept {
    const { traceId, spans } = facts.trace;
    const span = spans[index];
    const labels = this.fields.flatMap((field) => {
      const read: Static | undefined = fieldValues(field, span, facts.trace, facts).at(0);
      return read === undefined ? [] : [[printField(field), read] as const];
    });
    labels.push(['trace:id', { type: 'string', value: traceId }]);
    return { traceId, seriesKey, labels, timestampUnixNanos: span.startUnixNanos, step, value };
  }

  /** Of a time within the range, (start, end]; none where no exemplars are asked for. */
  private bucketOf(unixNanos: UnixNanos): Kept[] | undefined {
    const after = Number(unixNanos - this.steps.startUnixNanos - 1n);
    return this.buckets[Math.min(this.buckets.length - 1, Math.floor(after / this.bucketNanos))];
  }

  /** Exemplars of one series, by time. */
  of(seriesKey: string, values: Float64Array): readonly MetricExemplar[] {
    this.settle();
    return this.buckets
      .flat()
      .sort(byTraceId)
      .slice(0, this.limit)
      .filter((kept) => kept.seriesKey === seriesKey && !Number.isNaN(values[kept.step]))
      .map(({ labels, timestampUnixNanos, step, value }) => ({
        labels,
        timestampUnixNanos,
        value: value ?? values[step],
      }))
      .sort((a, b) => Number(a.timestampUnixNanos - b.timestampUnixNanos));
  }
}

function byTraceId(a: Kept, b: Kept): number {
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0;
}
