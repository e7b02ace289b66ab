/** Metrics: the function at the end of a pipeline, what may follow it, and arithmetic between them. */
import type {
  ComparisonOperator,
  FieldReference,
  MetricsAggregate,
  MetricsCompare,
  MetricsExpression,
  MetricsFunction,
  MetricsMath,
  MetricsOperand,
  SecondStage,
  SourceRange,
} from '../ast.ts';
import { fixForRangeVector, fixForWord } from '../habits.ts';
import type { Token } from '../lexer.ts';
import { comparisonOperators } from '../operators.ts';
import type { Cursor } from './cursor.ts';
import { fieldList, fieldReference, spansetFilter } from './fields.ts';

const metricsFunctions: readonly MetricsFunction[] = [
  'rate',
  'count_over_time',
  'min_over_time',
  'max_over_time',
  'sum_over_time',
  'avg_over_time',
  'quantile_over_time',
  'histogram_over_time',
];

export function isMetricsFunction(cursor: Cursor): boolean {
  const token = cursor.peek();
  return token.kind === 'word' && (token.text === 'compare' || metricsFunctions.some((name) => name === token.text));
}

export function metricsAggregate(cursor: Cursor): MetricsAggregate {
  const token = cursor.next() as Token & { kind: 'word' };
  const name = token.text as MetricsFunction;
  cursor.expect('(');
  let argument: FieldReference | undefined;
  const quantiles: number[] = [];
  if (name !== 'rate' && name !== 'count_over_time') {
    argument = fieldReference(cursor);
    while (name === 'quantile_over_time' && cursor.accept(',')) {
      quantiles.push(cursor.plainNumber('a quantile such as 0.9'));
    }
  }
  if (!cursor.isSymbol(')')) {
    const fix = fixForRangeVector(cursor.text, token);
    throw cursor.unexpected(cursor.peek(), '`)`', fix === undefined ? [] : [fix]);
  }
  cursor.expect(')');
  const by = cursor.isWord('by') ? metricsBy(cursor) : [];
  return { kind: 'metrics-aggregate', range: cursor.rangeFrom(token.start), name, argument, quantiles, by };
}

function metricsBy(cursor: Cursor): FieldReference[] {
  cursor.next();
  if (!cursor.isSymbol('(')) {
    throw cursor.unexpected(cursor.peek(), '`(`', fixForWord(cursor.text, cursor.peek(), 'by'));
  }
  cursor.expect('(');
  const fields = fieldList(cursor);
  cursor.expect(')');
  return fields;
}

export function metricsCompare(cursor: Cursor): MetricsCompare {
  const start = cursor.next().start;
  cursor.expect('(');
  const selection = spansetFilter(cursor);
  const numbers: bigint[] = [];
  while (numbers.length < 3 && cursor.accept(',')) {
    numbers.push(cursor.integer('an integer'));
  }
  if (numbers.length === 2) {
    throw cursor.unexpected(cursor.peek(), '`,` and the end of the selection');
  }
  cursor.expect(')');
  const [topN = 10n, selectionStartUnixNanos, selectionEndUnixNanos] = numbers;
  const range = cursor.rangeFrom(start);
  return cursor.grow(
    { kind: 'metrics-compare', range, selection, topN: Number(topN), selectionStartUnixNanos, selectionEndUnixNanos },
    selection
  );
}

export function secondStages(cursor: Cursor, expression: MetricsExpression): MetricsExpression {
  const stages: SecondStage[] = [...expression.stages];
  for (;;) {
    const token = cursor.peek();
    if (token.kind === 'symbol' && token.text === '|') {
      cursor.next();
      stages.push(rank(cursor));
    } else if (token.kind === 'symbol' && comparisonOperators.includes(token.text)) {
      cursor.next();
      const value = cursor.literal('a number');
      stages.push({
        kind: 'metrics-filter',
        range: cursor.rangeFrom(token.start),
        op: token.text as ComparisonOperator,
        value,
      });
    } else {
      const range = { start: expression.range.start, end: cursor.previousEnd() };
      return stages.length > expression.stages.length
        ? cursor.grow({ ...expression, range, stages }, expression)
        : expression;
    }
  }
}

function rank(cursor: Cursor): SecondStage {
  const token = cursor.next();
  if (token.kind !== 'word' || (token.text !== 'topk' && token.text !== 'bottomk')) {
    throw cursor.unexpected(token, '`topk` or `bottomk`');
  }
  cursor.expect('(');
  const limit = Number(cursor.integer('how many series to keep'));
  cursor.expect(')');
  return { kind: 'rank', range: cursor.rangeFrom(token.start), order: token.text, limit };
}

export function combineMetrics(
  cursor: Cursor,
  left: MetricsOperand,
  op: string,
  right: MetricsOperand,
  range: SourceRange
): MetricsExpression | undefined {
  if (op === '+' || op === '-' || op === '*' || op === '/') {
    return cursor.grow<MetricsMath>({ kind: 'metrics-math', range, op, left, right, stages: [] }, left, right);
  }
  if (comparisonOperators.includes(op) && left.kind !== 'literal' && right.kind === 'literal') {
    const filter = {
      kind: 'metrics-filter',
      range: right.range,
      op: op as ComparisonOperator,
      value: right,
    } as const;
    return cursor.grow({ ...left, range, stages: [...left.stages, filter] }, left);
  }
  return undefined;
}
