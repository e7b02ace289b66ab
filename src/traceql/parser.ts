/**
 * Text to tree: precedence climbing over the operator table of the language, here for pipelines of spansets, scalars and metrics; for the
 * expressions inside braces in `parse/fields.ts`. Which meaning `>` or `!~` has between two operands depends on what the operands are.
 */
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Hint,
  LogicalOperator,
  MetricsExpression,
  MetricsPipeline,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  SourceRange,
  SpansetExpression,
  StructuralOperator,
} from './ast.ts';
import type { QueryFix } from './errors.ts';
import { QueryError } from './errors.ts';
import { fixForNegatedSpanset, fixForOperator, fixForRangeVector } from './habits.ts';
import type { Token } from './lexer.ts';
import { arithmeticOperators, comparisonOperators, precedence, structuralOperators } from './operators.ts';
import { Cursor } from './parse/cursor.ts';
import type { Element } from './parse/elements.ts';
import { describe, isMetrics, isMetricsOperand, isScalar, isSpanset } from './parse/elements.ts';
import { spansetFilter } from './parse/fields.ts';
import { combineMetrics, isMetricsFunction, metricsAggregate, metricsCompare, secondStages } from './parse/metrics.ts';
import { aggregate, coalesce, group, isAggregateName, select, sort } from './parse/stages.ts';

/** 128 KiB of UTF-8, as Tempo: checked before anything is read. */
export const queryBytesMax = 128 * 1024;

export function isTooLong(text: string): boolean {
  return (
    text.length > queryBytesMax ||
    (3 * text.length > queryBytesMax && new TextEncoder().encode(text).length > queryBytesMax)
  );
}

/**
 * Parses a query. Does not ask whether it means anything: that is `validateQuery`.
 *
 * Errors: {@link QueryError}, and nothing else for any text.
 */
export function parseQuery(text: string): Query {
  if (isTooLong(text)) {
    throw new QueryError(
      text,
      { start: 0, end: 1 },
      { phase: 'parse', message: `the query is longer than ${queryBytesMax} bytes` }
    );
  }
  return new Parser(text).query();
}

class Parser {
  private readonly cursor: Cursor;

  constructor(text: string) {
    this.cursor = new Cursor(text);
  }

  // Root: body, then hints.

  query(): Query {
    const body = this.body();
    if (body.kind !== 'pipeline' && body.kind !== 'metrics-pipeline' && body.kind !== 'metrics-math') {
      throw this.cursor.error(body.range, {
        message: 'a query ends in spansets or metrics, not in a number',
        expected: 'a comparison such as `> 2`',
      });
    }
    const hints = this.cursor.isWord('with') ? this.hints() : [];
    this.cursor.expectEnd();
    return { kind: 'query', range: { start: 0, end: this.cursor.text.length }, text: this.cursor.text, body, hints };
  }

  private hints(): Hint[] {
    this.cursor.next();
    this.cursor.expect('(');
    const hints: Hint[] = [];
    do {
      const name = this.cursor.next();
      if (name.kind !== 'word') {
        throw this.cursor.unexpected(name, 'the name of a hint');
      }
      this.cursor.expect('=');
      const value = this.cursor.literal('the value of the hint');
      hints.push({
        kind: 'hint',
        range: { start: name.start, end: value.range.end },
        name: name.text,
        value: value.value,
      });
    } while (this.cursor.accept(','));
    this.cursor.expect(')');
    return hints;
  }

  // Pipelines.

  /** Everything between two parentheses, or the whole query: stages joined by `|`. */
  private body(): Pipeline | MetricsExpression | ScalarExpression {
    const start = this.cursor.peek().start;
    const stages: PipelineStage[] = [];
    for (;;) {
      if (isMetricsFunction(this.cursor)) {
        return this.metricsPipeline(start, stages);
      }
      const element = this.element(0);
      if (isMetrics(element)) {
        if (stages.length > 0) {
          throw this.cursor.error(element.range, { message: 'metrics cannot follow a stage', expected: 'a spanset' });
        }
        return secondStages(this.cursor, element);
      }
      if (isScalar(element)) {
        if (stages.length === 0) {
          return element;
        }
        if (element.kind === 'literal') {
          throw this.cursor.error(element.range, {
            message: 'a number is no stage',
            expected: 'a spanset filter or an aggregate',
          });
        }
        const pipeline = this.pipeline(start, stages);
        return this.cursor.grow(
          { kind: 'scalar-pipeline', range: this.cursor.rangeFrom(start), pipeline, value: element },
          pipeline,
          element
        );
      }
      stages.push(element);
      if (!this.cursor.accept('|')) {
        return this.pipeline(start, stages);
      }
    }
  }

  private pipeline(start: number, stages: readonly PipelineStage[]): Pipeline {
    return this.cursor.grow({ kind: 'pipeline', range: this.cursor.rangeFrom(start), stages }, ...stages);
  }

  /** Operands and operators of precedence `least` or tighter. */
  private element(least: number): Element {
    return this.cursor.nested(() => {
      let left = this.elementOperand();
      for (;;) {
        const operator = this.cursor.peek();
        const level = operator.kind === 'symbol' ? precedence[operator.text] : undefined;
        if (operator.kind !== 'symbol' || level === undefined || level < least) {
          return left;
        }
        this.cursor.next();
        const right = this.element(operator.text === '^' ? level : level + 1);
        left = this.combine(left, operator, right);
      }
    });
  }

  private elementOperand(): Element {
    const token = this.cursor.peek();
    if (token.kind === 'symbol') {
      switch (token.text) {
        case '{':
          return spansetFilter(this.cursor);
        case '(':
          return this.parenthesized();
        case '-':
          return this.cursor.literal('a number');
        case '!':
          throw this.negatedSpanset(token);
        default:
      }
    }
    if (token.kind === 'literal') {
      return this.cursor.literal('a number');
    }
    if (token.kind === 'word') {
      switch (token.text) {
        case 'by':
          return group(this.cursor);
        case 'coalesce':
          return coalesce(this.cursor);
        case 'select':
          return select(this.cursor);
        case 'sort':
          return sort(this.cursor, () => this.element(0));
        default:
          if (isAggregateName(token.text)) {
            return aggregate(this.cursor);
          }
      }
    }
    if (isMetricsFunction(this.cursor)) {
      const fix = fixForRangeVector(this.cursor.text, token);
      throw this.cursor.error(token, {
        message: `\`${this.cursor.text.slice(token.start, token.end)}\` stands behind a pipe, alone`,
        expected: 'a spanset such as `{ }`',
        fixes: fix === undefined ? [] : [fix],
      });
    }
    throw this.cursor.unexpected(token, 'a spanset such as `{ }` or a pipeline stage');
  }

  /** A spanset in parentheses is that spanset; a longer pipeline stays a node. */
  private parenthesized(): Element {
    this.cursor.expect('(');
    const body = this.cursor.nested(() => this.body());
    this.cursor.expect(')');
    if (body.kind === 'pipeline' && body.stages.length === 1) {
      const only = body.stages[0];
      if (isSpanset(only)) {
        return only;
      }
    }
    return body;
  }

  private combine(left: Element, operator: Token & { kind: 'symbol' }, right: Element): Element {
    const op = operator.text;
    const range = { start: left.range.start, end: right.range.end };
    if (isSpanset(left) && isSpanset(right)) {
      if (op === '&&' || op === '||') {
        return this.combination(op, range, left, right);
      }
      if (op === '!&&') {
        return this.cursor.grow({ kind: 'spanset-exclusion', range, left, right }, left, right);
      }
      if (structuralOperators.includes(op)) {
        return this.cursor.grow(
          { kind: 'spanset-structure', range, op: op as StructuralOperator, left, right },
          left,
          right
        );
      }
    } else if (isScalar(left) && isScalar(right)) {
      if (comparisonOperators.includes(op)) {
        return this.cursor.grow(
          { kind: 'scalar-filter', range, op: op as ComparisonOperator, left, right },
          left,
          right
        );
      }
      if (arithmeticOperators.includes(op)) {
        return this.cursor.grow(
          { kind: 'scalar-operation', range, op: op as ArithmeticOperator, left, right },
          left,
          right
        );
      }
    } else if (isMetricsOperand(left) && isMetricsOperand(right)) {
      const combined = combineMetrics(this.cursor, left, op, right, range);
      if (combined !== undefined) {
        return combined;
      }
    }
    throw this.cannotCombine(left, operator, right);
  }

  /** `!{ … }`: what it asks of a trace is asked by `!&&`. */
  private negatedSpanset(token: Token): QueryError {
    const before = this.cursor.previous();
    return this.cursor.error(token, {
      message: 'spansets are not negated alone: `A !&& B` keeps A of the traces without B',
      expected: 'a spanset such as `{ }`',
      fixes: [fixForNegatedSpanset(token, before)],
    });
  }

  private combination(
    op: LogicalOperator,
    range: SourceRange,
    left: SpansetExpression,
    right: SpansetExpression
  ): SpansetExpression {
    // A run of one operator is one node; `(A || B) || C` is no other set than `A || B || C`.
    const operands =
      left.kind === 'spanset-combination' && left.op === op ? (left.operands as SpansetExpression[]) : [left];
    // The shorter run is referenced nowhere else: extending it in place keeps thousands of terms linear.
    operands.push(right);
    return this.cursor.growBy({ kind: 'spanset-combination', range, op, operands }, left, right, operands.length > 2);
  }

  private cannotCombine(left: Element, operator: Token & { kind: 'symbol' }, right: Element): QueryError {
    const op = operator.text;
    const fixes: QueryFix[] = [];
    if (op === '&&' && left.kind === 'scalar-filter') {
      fixes.push({
        title: 'write `|`: stages narrow one after the other',
        offset: operator.start,
        length: 2,
        replacement: '|',
      });
    }
    return this.cursor.error(operator, {
      message: `\`${op}\` does not stand between ${describe(left)} and ${describe(right)}`,
      expected: isSpanset(left) ? 'a spanset operator between spansets' : 'operands of one kind',
      fixes: [...fixes, ...fixForOperator(operator)],
    });
  }

  private metricsPipeline(start: number, stages: readonly PipelineStage[]): MetricsExpression {
    if (stages.length === 0) {
      this.elementOperand(); // Throws: says what is missing in front.
    }
    const pipeline = this.pipeline(start, stages);
    const aggregate = this.cursor.isWord('compare') ? metricsCompare(this.cursor) : metricsAggregate(this.cursor);
    return secondStages(
      this.cursor,
      this.cursor.grow<MetricsPipeline>(
        { kind: 'metrics-pipeline', range: this.cursor.rangeFrom(start), pipeline, aggregate, stages: [] },
        pipeline
      )
    );
  }
}
