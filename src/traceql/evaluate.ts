/**
 * The reference evaluator: what a query means over one whole trace. Written to be obviously right; the engine's fast paths are proven
 * against it.
 */
import { unreachable } from '../base/assert.ts';
import type { Trace } from '../trace/model.ts';
import type {
  Aggregate,
  FieldExpression,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  ScalarFilter,
  SortStage,
  SpansetExpression,
} from './ast.ts';
import { compileFilter, compileValue } from './expression.ts';
import { TraceFacts } from './fields.ts';
import { printAggregate, printFieldExpression, printScalar } from './printer.ts';
import type { Static } from './static.ts';
import { calculate, compare, compareStatics, isNumeric, nil, staticKey } from './static.ts';
import { evaluateStructure, unite } from './structure.ts';

/** Some spans of one trace and what pipeline stages found out about them. */
export interface Spanset {
  /** Indices into `trace.spans`, ascending, never empty. */
  readonly spans: readonly number[];
  /** In the order they came about: `by(…)` values, aggregates. */
  readonly attributes: readonly (readonly [name: string, value: Static])[];
}

/**
 * The spansets a trace has for a query; of a metrics query, for the pipeline in front of the metrics (all of them, for maths). Empty
 * when the trace does not match. Expects a validated query.
 */
export function evaluateTrace(query: Query, trace: Trace): readonly Spanset[] {
  return compileQuery(query)(new TraceFacts(trace));
}

/** The same, with the work that depends on the query alone done once. */
export function compileQuery(query: Query): (facts: TraceFacts) => readonly Spanset[] {
  const pipelines = pipelinesOf(query.body).map(compilePipeline);
  return (facts) =>
    facts.trace.spans.length === 0 ? [] : pipelines.flatMap((pipeline) => pipeline(facts, [allSpans(facts)]));
}

/** The pipelines of a query: one, or those of each operand of metrics maths, from left to right. */
export function pipelinesOf(body: Query['body'] | { readonly kind: 'literal' }): readonly Pipeline[] {
  switch (body.kind) {
    case 'literal':
      return [];
    case 'pipeline':
      return [body];
    case 'metrics-pipeline':
      return [body.pipeline];
    case 'metrics-math':
      return [...pipelinesOf(body.left), ...pipelinesOf(body.right)];
  }
}

export function allSpans(facts: TraceFacts): Spanset {
  return { spans: facts.trace.spans.map((_, index) => index), attributes: [] };
}

type Stage = (facts: TraceFacts, input: readonly Spanset[]) => readonly Spanset[];

export function compilePipeline(pipeline: Pipeline): Stage {
  const stages = pipeline.stages.map(compileStage);
  return (facts, input) => stages.reduce((spansets, stage) => stage(facts, spansets), input);
}

function compileStage(stage: PipelineStage): Stage {
  switch (stage.kind) {
    case 'scalar-filter':
      return compileScalarFilter(stage);
    case 'group':
      return compileGroup(stage.by);
    case 'coalesce':
      return coalesce;
    case 'select':
      return (_, input) => input;
    case 'sort':
      return compileSort(stage);
    default: {
      const select = compileSpanset(stage);
      return (facts, input) =>
        input
          .map((spanset) => ({ spans: select(facts, spanset), attributes: spanset.attributes }))
          .filter((spanset) => spanset.spans.length > 0);
    }
  }
}

/** Which spans of `input` the expression selects; ascending. */
type Select = (facts: TraceFacts, input: Spanset) => readonly number[];

function compileSpanset(expression: SpansetExpression): Select {
  switch (expression.kind) {
    case 'spanset-filter': {
      const holds = compileFilter(expression.expression);
      return (facts, input) =>
        input.spans.filter((index) => {
          facts.poll();
          return holds(facts, index);
        });
    }
    case 'pipeline': {
      const run = compilePipeline(expression);
      return (facts, input) =>
        unite(
          run(facts, [input]).map((spanset) => spanset.spans),
          facts.trace.spans.length
        );
    }
    case 'spanset-combination': {
      const operands = expression.operands.map(compileSpanset);
      return (facts, input) => {
        const sets = operands.map((operand) => operand(facts, input));
        const missing = expression.op === '&&' && sets.some((set) => set.length === 0);
        return missing ? [] : unite(sets, facts.trace.spans.length);
      };
    }
    case 'spanset-exclusion': {
      const left = compileSpanset(expression.left);
      const right = compileSpanset(expression.right);
      return (facts, input) => (right(facts, input).length > 0 ? [] : left(facts, input));
    }
    case 'spanset-structure': {
      const left = compileSpanset(expression.left);
      const right = compileSpanset(expression.right);
      return (facts, input) => evaluateStructure(expression.op, left(facts, input), right(facts, input), facts.tree);
    }
    default:
      return unreachable(expression);
  }
}

function compileGroup(by: FieldExpression): Stage {
  const valueOf = compileValue(by);
  const name = `by(${printFieldExpression(by)})`;
  return (facts, input) =>
    input.flatMap((spanset) => {
      const groups = new Map<string, { value: Static; spans: number[] }>();
      for (const index of spanset.spans) {
        facts.poll();
        const value = valueOf(facts, index);
        const key = staticKey(value);
        const group = groups.get(key);
        if (group === undefined) {
          groups.set(key, { value, spans: [index] });
        } else {
          group.spans.push(index);
        }
      }
      return Array.from(groups.values(), (group) => ({
        spans: group.spans,
        attributes: [...spanset.attributes, [name, group.value] as const],
      }));
    });
}

function coalesce(facts: TraceFacts, input: readonly Spanset[]): readonly Spanset[] {
  const spans = unite(
    input.map((spanset) => spanset.spans),
    facts.trace.spans.length
  );
  return spans.length === 0 ? [] : [{ spans, attributes: [] }];
}

// Scalars.

function compileScalarFilter(filter: ScalarFilter): Stage {
  const inner = filter.left.kind === 'scalar-pipeline' ? filter.left : filter.right;
  if (inner.kind === 'scalar-pipeline') {
    // `({ … } | count()) > 2` means `{ … } | count() > 2`; validation admits nothing else.
    const pipeline = compilePipeline(inner.pipeline);
    const left = filter.left === inner ? inner.value : filter.left;
    const right = filter.right === inner ? inner.value : filter.right;
    const rest = compileScalarFilter({ ...filter, left, right });
    return (facts, input) => rest(facts, pipeline(facts, input));
  }
  const left = compileScalar(filter.left);
  const right = compileScalar(filter.right);
  return (facts, input) =>
    input.flatMap((spanset) => {
      // Told once by a stage, again by the next: in between the spanset may have become smaller.
      const seen = new Map<string, Static>();
      const note = (name: string, value: Static): void => void seen.set(name, value);
      const holds = compare(filter.op, left(facts, spanset, note), right(facts, spanset, note));
      return holds ? [{ spans: spanset.spans, attributes: [...spanset.attributes, ...seen] }] : [];
    });
}

/** Says of each spanset by what it is sorted; where that is nothing, it says nothing. */
function compileSort({ by }: SortStage): Stage {
  const name = printScalar(by, 0);
  const valueOf = compileScalar(by);
  return (facts, input) =>
    input.map((spanset) => {
      const seen = new Map<string, Static>(spanset.attributes);
      const value = valueOf(facts, spanset, (each, found) => void seen.set(each, found));
      if (value.type !== 'nil') {
        seen.set(name, value);
      }
      return { spans: spanset.spans, attributes: [...seen] };
    });
}

type Scalar = (facts: TraceFacts, spanset: Spanset, note: (name: string, value: Static) => void) => Static;

function compileScalar(scalar: ScalarExpression): Scalar {
  switch (scalar.kind) {
    case 'literal':
      return () => scalar.value;
    case 'aggregate':
      return compileAggregate(scalar);
    case 'scalar-operation': {
      const left = compileScalar(scalar.left);
      const right = compileScalar(scalar.right);
      return (facts, spanset, note) => calculate(scalar.op, left(facts, spanset, note), right(facts, spanset, note));
    }
    case 'scalar-pipeline':
      return () => nil;
    default:
      return unreachable(scalar);
  }
}

function compileAggregate(aggregate: Aggregate): Scalar {
  const name = printAggregate(aggregate.name, aggregate.argument);
  const { argument } = aggregate;
  if (argument === undefined) {
    return (_, spanset, note) => {
      const count: Static = { type: 'int', value: BigInt(spanset.spans.length) };
      note(name, count);
      return count;
    };
  }
  const valueOf = compileValue(argument);
  return (facts, spanset, note) => {
    const result = aggregateValues(
      aggregate.name,
      spanset.spans.map((index) => {
        facts.poll();
        return valueOf(facts, index);
      })
    );
    if (result.type !== 'nil') {
      note(name, result);
    }
    return result;
  };
}

/**
 * Over the numbers among the values; nil when there is none. Sum of ints is an int, of durations a duration, otherwise a float; the
 * average of durations is a duration, otherwise a float.
 */
export function aggregateValues(name: Aggregate['name'], values: readonly Static[]): Static {
  const numbers = values.filter(isNumeric);
  if (numbers.length === 0) {
    return nil;
  }
  switch (name) {
    case 'count':
      return { type: 'int', value: BigInt(values.length) };
    case 'min':
      return numbers.reduce((least, value) => (isLess(value, least) ? value : least));
    case 'max':
      return numbers.reduce((most, value) => (isLess(most, value) ? value : most));
    case 'sum':
      return sum(numbers);
    case 'avg': {
      const total = sum(numbers);
      return total.type === 'duration'
        ? { type: 'duration', value: total.value / BigInt(numbers.length) }
        : { type: 'float', value: Number(total.value) / numbers.length };
    }
  }
}

type Numeric = Extract<Static, { type: 'int' | 'float' | 'duration' }>;

function isLess(a: Numeric, b: Numeric): boolean {
  return a.value === b.value ? false : compare('<', a, b) || (compare('=', a, b) && compareStatics(a, b) < 0);
}

function sum(numbers: readonly Numeric[]): Numeric {
  const { type } = numbers[0];
  if (type !== 'float' && numbers.every((number) => number.type === type)) {
    let total = 0n;
    for (const number of numbers) {
      total += BigInt(number.value);
    }
    return { type, value: BigInt.asIntN(64, total) };
  }
  let total = 0;
  for (const number of numbers) {
    total += Number(number.value);
  }
  return { type: 'float', value: total };
}
