/** TraceQL metrics: spans of matching traces, counted or measured in steps of time. */
import { assert } from '../base/assert.ts';
import { everySo, neverPoll } from '../base/poll.ts';
import type { Span, Trace, UnixNanos } from '../trace/model.ts';
import type {
  MetricsExpression,
  MetricsMath,
  MetricsOperand,
  MetricsPipeline,
  Pipeline,
  Query,
  SecondStage,
} from './ast.ts';
import { hintOf } from './ast.ts';
import { compileFilter } from './expression.ts';
import { allSpans, compilePipeline } from './evaluate.ts';
import { adjustedCount, extrapolates } from './extrapolation.ts';
import { TraceFacts } from './fields.ts';
import type { FunctionCollector } from './metrics-collectors.ts';
import { functionCollector } from './metrics-collectors.ts';
import { compareCollector } from './metrics-compare.ts';
import type { CompareCollector } from './metrics-compare.ts';
import { ExemplarReservoir } from './metrics-exemplars.ts';
import type { Labels, Series } from './metrics-series.ts';
import { compareSeries, labelsKey } from './metrics-series.ts';
import { applySecondStage, combineSeries } from './metrics-stages.ts';

export interface MetricSample {
  /** Right edge of the step. */
  readonly timestampUnixNanos: UnixNanos;
  readonly value: number;
}

export interface MetricExemplar {
  /** What the query reads of the span, and `trace:id`. */
  readonly labels: Labels;
  readonly value: number;
  readonly timestampUnixNanos: UnixNanos;
}

export interface MetricSeries {
  readonly labels: Labels;
  /** Ascending; steps without a value have none. */
  readonly samples: readonly MetricSample[];
  readonly exemplars: readonly MetricExemplar[];
}

/** Interval i is (start + i·step, start + (i + 1)·step]; a span belongs to the one its start lies in. */
export interface MetricsRange {
  readonly startUnixNanos: UnixNanos;
  readonly endUnixNanos: UnixNanos;
  /** The whole range for an instant query. */
  readonly stepNanos: bigint;
  /** How many exemplars at most; 0 for none. A hint `with (exemplars = …)` goes before, up to 100. */
  readonly exemplars: number;
}

export interface MetricsRun {
  /** Takes a whole trace into account. Each trace once, in any order. */
  observe(trace: Trace): void;
  /** Series in order: number of labels, then names, then values. May be asked again after more traces. */
  finish(): readonly MetricSeries[];
  /** One for each pipeline of the query, from left to right: where a store that counts columns adds what it has counted. */
  readonly sinks: readonly MetricsSink[];
  readonly steps: Steps;
  readonly exemplars: ExemplarReservoir;
}

export interface MetricsSink {
  /** Selects the spans that the collector wants. */
  readonly pipeline: Pipeline;
  readonly collector: FunctionCollector | CompareCollector;
}

const exemplarsMax = 100;

export function isMetricsQuery(query: Query): boolean {
  return query.body.kind !== 'pipeline';
}

/**
 * Expects a validated metrics query. `poll` is called every millisecond or so while traces of very many spans are observed and tens of
 * thousands of series are finished; what it throws ends that, and the run.
 */
export function startMetrics(query: Query, range: MetricsRange, poll = neverPoll): MetricsRun {
  const { body } = query;
  assert(body.kind !== 'pipeline', 'startMetrics wants a metrics query');
  const steps = stepsOf(range);
  const exemplars = new ExemplarReservoir(query, exemplarsWanted(query, range.exemplars), steps);
  const sinks: MetricsSink[] = [];
  const weightOf = extrapolates(query) ? (span: Span) => adjustedCount(span.traceState) : () => 1;
  const pollSpans = everySo(poll);
  const run = startExpression(body, { steps, exemplars, sinks, weightOf, poll: everySo(poll) });
  return {
    sinks,
    steps,
    exemplars,
    observe: (trace) => {
      if (trace.spans.length > 0) {
        run.observe(new TraceFacts(trace, pollSpans));
      }
    },
    finish: () => {
      const pollSeries = everySo(poll);
      return run
        .finish()
        .map((series) => {
          pollSeries();
          return finishSeries(series, steps, exemplars);
        })
        .filter((series) => series.samples.length > 0)
        .sort((a, b) => {
          pollSeries();
          return compareSeries(a, b);
        });
    },
  };
}

/**
 * Whether a sample is settled once every span of its step is counted: `topk` and `bottomk` choose among series that other steps may still
 * bring, `compare()` by the counts of all steps.
 */
export function settlesByStep({ body }: Query): boolean {
  return body.kind !== 'pipeline' && expressionSettlesByStep(body);
}

function expressionSettlesByStep(expression: MetricsExpression): boolean {
  return (
    expression.stages.every(({ kind }) => kind !== 'rank') &&
    (expression.kind === 'metrics-pipeline'
      ? expression.aggregate.kind !== 'metrics-compare'
      : [expression.left, expression.right].every(
          (operand) => operand.kind === 'literal' || expressionSettlesByStep(operand)
        ))
  );
}

function exemplarsWanted(query: Query, requested: number): number {
  const hint = hintOf(query, 'exemplars');
  const wanted =
    hint?.type === 'int' ? Number(hint.value) : hint?.type === 'bool' ? (hint.value ? exemplarsMax : 0) : requested;
  return Math.max(0, Math.min(exemplarsMax, wanted));
}

/** The steps of a range as the collectors see them. */
export interface Steps {
  readonly startUnixNanos: UnixNanos;
  readonly endUnixNanos: UnixNanos;
  readonly stepNanos: bigint;
  readonly count: number;
  readonly isInstant: boolean;
  /** Of a time; −1 outside the range. */
  stepOf(unixNanos: UnixNanos): number;
}

function stepsOf({ startUnixNanos, endUnixNanos, stepNanos }: MetricsRange): Steps {
  const step = stepNanos > 0n ? stepNanos : 1n;
  const length = endUnixNanos - startUnixNanos;
  const count = length <= 0n ? 0 : Number((length + step - 1n) / step);
  return {
    startUnixNanos,
    endUnixNanos,
    stepNanos: step,
    count,
    isInstant: count === 1,
    stepOf: (unixNanos) =>
      unixNanos <= startUnixNanos || unixNanos > endUnixNanos ? -1 : Number((unixNanos - startUnixNanos - 1n) / step),
  };
}

// Expressions.

interface ExpressionRun {
  observe(facts: TraceFacts): void;
  finish(): readonly Series[];
}

/** What the parts of one run share. */
interface RunContext {
  readonly steps: Steps;
  readonly exemplars: ExemplarReservoir;
  readonly sinks: MetricsSink[];
  /** How many spans one counts for. */
  readonly weightOf: (span: Span) => number;
  /** For every series that is finished. */
  readonly poll: () => void;
}

function startExpression(expression: MetricsExpression, context: RunContext): ExpressionRun {
  const { steps } = context;
  const run =
    expression.kind === 'metrics-pipeline' ? startPipeline(expression, context) : startMath(expression, context);
  const stages: readonly SecondStage[] = expression.stages;
  return {
    observe: run.observe,
    finish: () => stages.reduce((series, stage) => applySecondStage(stage, series, steps.count), run.finish()),
  };
}

function startPipeline(
  { pipeline, aggregate }: MetricsPipeline,
  { steps, exemplars, sinks, weightOf, poll }: RunContext
): ExpressionRun {
  const evaluate = compilePipeline(pipeline);
  const collector =
    aggregate.kind === 'metrics-compare'
      ? compareCollector(aggregate, compileFilter(aggregate.selection.expression), steps, weightOf)
      : functionCollector(aggregate, steps, weightOf, poll);
  sinks.push({ pipeline, collector });
  return {
    observe: (facts) => {
      for (const spanset of evaluate(facts, [allSpans(facts)])) {
        for (const index of spanset.spans) {
          facts.poll();
          const step = steps.stepOf(facts.trace.spans[index].startUnixNanos);
          if (step !== -1) {
            collector.add(facts, index, step, exemplars);
          }
        }
      }
    },
    finish: () => collector.finish(),
  };
}

function startMath(math: MetricsMath, context: RunContext): ExpressionRun {
  const left = startOperand(math.left, context);
  const right = startOperand(math.right, context);
  return {
    observe: (facts) => {
      left?.observe(facts);
      right?.observe(facts);
    },
    finish: () =>
      combineSeries(
        math.op,
        left?.finish() ?? numberOf(math.left),
        right?.finish() ?? numberOf(math.right),
        context.steps.count
      ),
  };
}

function startOperand(operand: MetricsOperand, context: RunContext): ExpressionRun | undefined {
  return operand.kind === 'literal' ? undefined : startExpression(operand, context);
}

function numberOf(operand: MetricsOperand): number {
  return operand.kind === 'literal' && (operand.value.type === 'int' || operand.value.type === 'float')
    ? Number(operand.value.value)
    : Number.NaN;
}

function finishSeries(series: Series, steps: Steps, exemplars: ExemplarReservoir): MetricSeries {
  const timestampOf = (step: number): bigint => steps.startUnixNanos + BigInt(step + 1) * steps.stepNanos;
  const samples: MetricSample[] = [];
  series.values.forEach((value, step) => {
    if (!Number.isNaN(value)) {
      samples.push({ timestampUnixNanos: timestampOf(step), value });
    }
  });
  return { labels: series.labels, samples, exemplars: exemplars.of(labelsKey(series.labels), series.values) };
}
