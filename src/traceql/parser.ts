/**
 * Tokens to tree: precedence climbing over the operator table of the language, once for pipelines (spansets, scalars, metrics) and once
 * for the expressions inside braces. Which meaning `>` or `!~` has between two operands depends on what the operands are.
 */
import type {
  Aggregate,
  ArithmeticOperator,
  ComparisonOperator,
  FieldExpression,
  FieldReference,
  Hint,
  Literal,
  LogicalOperator,
  MetricsAggregate,
  MetricsCompare,
  MetricsExpression,
  MetricsFunction,
  MetricsMath,
  MetricsOperand,
  MetricsPipeline,
  Pipeline,
  PipelineStage,
  Query,
  RegexOperator,
  ScalarExpression,
  SecondStage,
  SourceRange,
  SpansetExpression,
  SpansetFilter,
  StructuralOperator,
} from './ast.ts';
import { intrinsicSpellings } from './attributes.ts';
import type { QueryErrorParts, QueryFix } from './errors.ts';
import { QueryError } from './errors.ts';
import { fixForNegatedSpanset, fixForOperator, fixForRangeVector, fixForWord, replace } from './habits.ts';
import type { Token } from './lexer.ts';
import { lexToken } from './lexer.ts';
import { maxInt, minInt } from './literals.ts';
import type { Static } from './static.ts';
import { negate } from './static.ts';

/** 128 KiB of UTF-8, as Tempo: checked before anything is read. */
export const queryBytesMax = 128 * 1024;
/** Depth of the tree and of parentheses. Deep enough for any machine-made query, shallow enough for every stack. */
export const maxNesting = 400;

/** Binary operators of one level bind alike and to the left, but for `^`. */
export const precedence: Readonly<Record<string, number>> = Object.assign(
  Object.create(null) as Record<string, number>,
  {
    ...Object.fromEntries(['&&', '||', '!&&'].map((op) => [op, 2])),
    ...Object.fromEntries(['=', '!=', '<', '<=', '>', '>=', '=~', '!~'].map((op) => [op, 3])),
    ...Object.fromEntries(
      ['>>', '<<', '~', '!>', '!>>', '!<', '!<<', '&>', '&>>', '&<', '&<<', '&~'].map((op) => [op, 3])
    ),
    ...Object.fromEntries(['+', '-'].map((op) => [op, 4])),
    ...Object.fromEntries(['*', '/', '%'].map((op) => [op, 6])),
    '^': 7,
  }
);
/** `!` binds tighter than `+`, looser than `*`. */
export const notPrecedence = 5;

const structuralOperators = ['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'];
const comparisonOperators = ['=', '!=', '<', '<=', '>', '>='];
const arithmeticOperators = ['+', '-', '*', '/', '%', '^'];
const fieldOperators = ['&&', '||', ...comparisonOperators, '=~', '!~', ...arithmeticOperators];
const aggregateNames = ['count', 'min', 'max', 'sum', 'avg'] as const;
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

/** Words that are values. */
export const literalWords: Readonly<Record<string, Static>> = Object.assign(
  Object.create(null) as Record<string, Static>,
  {
    true: { type: 'bool', value: true },
    false: { type: 'bool', value: false },
    nil: { type: 'nil' },
    minInt: { type: 'int', value: minInt },
    maxInt: { type: 'int', value: maxInt },
    ...Object.fromEntries(['error', 'ok', 'unset'].map((value) => [value, { type: 'status', value }])),
    ...Object.fromEntries(
      ['unspecified', 'internal', 'client', 'server', 'producer', 'consumer'].map((value) => [
        value,
        { type: 'kind', value },
      ])
    ),
  }
);

/**
 * Parses a query. Does not ask whether it means anything: that is `validateQuery`.
 *
 * Errors: {@link QueryError}, and nothing else for any text.
 */
export function parseQuery(text: string): Query {
  if (
    text.length > queryBytesMax ||
    (3 * text.length > queryBytesMax && new TextEncoder().encode(text).length > queryBytesMax)
  ) {
    throw new QueryError(
      text,
      { start: 0, end: 1 },
      { phase: 'parse', message: `the query is longer than ${queryBytesMax} bytes` }
    );
  }
  return new Parser(text).query();
}

/** What can stand between pipeline operators. */
type Element = PipelineStage | ScalarExpression | MetricsExpression;

class Parser {
  private readonly text: string;
  /** Read as far as the parser has looked: a query that is refused early costs nothing more. */
  private readonly tokens: Token[] = [];
  private readonly heights = new Map<object, number>();
  private position = 0;
  private nesting = 0;

  constructor(text: string) {
    this.text = text;
  }

  // Root: body, then hints.

  query(): Query {
    const body = this.body();
    if (body.kind !== 'pipeline' && body.kind !== 'metrics-pipeline' && body.kind !== 'metrics-math') {
      throw this.error(body.range, {
        message: 'a query ends in spansets or metrics, not in a number',
        expected: 'a comparison such as `> 2`',
      });
    }
    const hints = this.isWord('with') ? this.hints() : [];
    this.expectEnd();
    return { kind: 'query', range: { start: 0, end: this.text.length }, text: this.text, body, hints };
  }

  private hints(): Hint[] {
    this.next();
    this.expect('(');
    const hints: Hint[] = [];
    do {
      const name = this.next();
      if (name.kind !== 'word') {
        throw this.unexpected(name, 'the name of a hint');
      }
      this.expect('=');
      const value = this.literal('the value of the hint');
      hints.push({
        kind: 'hint',
        range: { start: name.start, end: value.range.end },
        name: name.text,
        value: value.value,
      });
    } while (this.accept(','));
    this.expect(')');
    return hints;
  }

  // Pipelines.

  /** Everything between two parentheses, or the whole query: stages joined by `|`. */
  private body(): Pipeline | MetricsExpression | ScalarExpression {
    const start = this.peek().start;
    const stages: PipelineStage[] = [];
    for (;;) {
      if (this.isMetricsFunction()) {
        return this.metricsPipeline(start, stages);
      }
      const element = this.element(0);
      if (isMetrics(element)) {
        if (stages.length > 0) {
          throw this.error(element.range, { message: 'metrics cannot follow a stage', expected: 'a spanset' });
        }
        return this.secondStages(element);
      }
      if (isScalar(element)) {
        if (stages.length === 0) {
          return element;
        }
        if (element.kind === 'literal') {
          throw this.error(element.range, {
            message: 'a number is no stage',
            expected: 'a spanset filter or an aggregate',
          });
        }
        const pipeline = this.pipeline(start, stages);
        return this.grow(
          { kind: 'scalar-pipeline', range: this.rangeFrom(start), pipeline, value: element },
          pipeline,
          element
        );
      }
      stages.push(element);
      if (!this.accept('|')) {
        return this.pipeline(start, stages);
      }
    }
  }

  private pipeline(start: number, stages: readonly PipelineStage[]): Pipeline {
    return this.grow({ kind: 'pipeline', range: this.rangeFrom(start), stages }, ...stages);
  }

  /** Operands and operators of precedence `least` or tighter. */
  private element(least: number): Element {
    return this.nested(() => {
      let left = this.elementOperand();
      for (;;) {
        const operator = this.peek();
        const level = operator.kind === 'symbol' ? precedence[operator.text] : undefined;
        if (operator.kind !== 'symbol' || level === undefined || level < least) {
          return left;
        }
        this.next();
        const right = this.element(operator.text === '^' ? level : level + 1);
        left = this.combine(left, operator, right);
      }
    });
  }

  private elementOperand(): Element {
    const token = this.peek();
    if (token.kind === 'symbol') {
      switch (token.text) {
        case '{':
          return this.spansetFilter();
        case '(':
          return this.parenthesized();
        case '-':
          return this.literal('a number');
        case '!':
          throw this.negatedSpanset(token);
        default:
      }
    }
    if (token.kind === 'literal') {
      return this.literal('a number');
    }
    if (token.kind === 'word') {
      switch (token.text) {
        case 'by':
          return this.group();
        case 'coalesce':
          return this.coalesce();
        case 'select':
          return this.select();
        case 'sort':
          return this.sort();
        default:
          if (aggregateNames.some((name) => name === token.text)) {
            return this.aggregate();
          }
      }
    }
    if (this.isMetricsFunction()) {
      const fix = fixForRangeVector(this.text, token);
      throw this.error(token, {
        message: `\`${this.text.slice(token.start, token.end)}\` stands behind a pipe, alone`,
        expected: 'a spanset such as `{ }`',
        fixes: fix === undefined ? [] : [fix],
      });
    }
    throw this.unexpected(token, 'a spanset such as `{ }` or a pipeline stage');
  }

  /** A spanset in parentheses is that spanset; a longer pipeline stays a node. */
  private parenthesized(): Element {
    this.expect('(');
    const body = this.nested(() => this.body());
    this.expect(')');
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
        return this.grow({ kind: 'spanset-exclusion', range, left, right }, left, right);
      }
      if (structuralOperators.includes(op)) {
        return this.grow({ kind: 'spanset-structure', range, op: op as StructuralOperator, left, right }, left, right);
      }
    } else if (isScalar(left) && isScalar(right)) {
      if (comparisonOperators.includes(op)) {
        return this.grow({ kind: 'scalar-filter', range, op: op as ComparisonOperator, left, right }, left, right);
      }
      if (arithmeticOperators.includes(op)) {
        return this.grow({ kind: 'scalar-operation', range, op: op as ArithmeticOperator, left, right }, left, right);
      }
    } else if (isMetricsOperand(left) && isMetricsOperand(right)) {
      const combined = this.combineMetrics(left, op, right, range);
      if (combined !== undefined) {
        return combined;
      }
    }
    throw this.cannotCombine(left, operator, right);
  }

  /** `!{ … }`: what it asks of a trace is asked by `!&&`. */
  private negatedSpanset(token: Token): QueryError {
    const before = this.position === 0 ? undefined : this.tokens[this.position - 1];
    return this.error(token, {
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
    return this.growBy({ kind: 'spanset-combination', range, op, operands }, left, right, operands.length > 2);
  }

  private combineMetrics(
    left: MetricsOperand,
    op: string,
    right: MetricsOperand,
    range: SourceRange
  ): MetricsExpression | undefined {
    if (op === '+' || op === '-' || op === '*' || op === '/') {
      return this.grow<MetricsMath>({ kind: 'metrics-math', range, op, left, right, stages: [] }, left, right);
    }
    if (comparisonOperators.includes(op) && left.kind !== 'literal' && right.kind === 'literal') {
      const filter = {
        kind: 'metrics-filter',
        range: right.range,
        op: op as ComparisonOperator,
        value: right,
      } as const;
      return this.grow({ ...left, range, stages: [...left.stages, filter] }, left);
    }
    return undefined;
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
    return this.error(operator, {
      message: `\`${op}\` does not stand between ${describe(left)} and ${describe(right)}`,
      expected: isSpanset(left) ? 'a spanset operator between spansets' : 'operands of one kind',
      fixes: [...fixes, ...fixForOperator(operator)],
    });
  }

  // Stages.

  private group(): PipelineStage {
    const start = this.next().start;
    if (!this.isSymbol('(')) {
      throw this.unexpected(this.peek(), '`(`', fixForWord(this.text, this.peek(), 'by'));
    }
    this.expect('(');
    const by = this.fieldExpression(0);
    this.expect(')');
    return this.grow({ kind: 'group', range: this.rangeFrom(start), by }, by);
  }

  private coalesce(): PipelineStage {
    const start = this.next().start;
    this.expect('(');
    this.expect(')');
    return { kind: 'coalesce', range: this.rangeFrom(start) };
  }

  private select(): PipelineStage {
    const start = this.next().start;
    this.expect('(');
    const fields = this.fieldList();
    this.expect(')');
    return { kind: 'select', range: this.rangeFrom(start), fields };
  }

  private sort(): PipelineStage {
    const start = this.next().start;
    this.expect('(');
    const first = this.peek();
    if (first.kind === 'field' || (first.kind === 'word' && intrinsicSpellings[first.text] !== undefined)) {
      const replacement = `max(${this.text.slice(first.start, first.end)})`;
      throw this.error(first, {
        message: 'the spans of a trace may have many values: sort() wants one per spanset',
        expected: 'an aggregate such as `max(duration)`',
        fixes: [replace(first, replacement)],
      });
    }
    const by = this.element(0);
    if (!isScalar(by)) {
      throw this.error(by.range, {
        message: `sort() wants an aggregate, this is ${describe(by)}`,
        expected: '`max(…)`',
      });
    }
    const order = this.accept(',') ? this.next() : undefined;
    if (order !== undefined && !(order.kind === 'word' && (order.text === 'asc' || order.text === 'desc'))) {
      throw this.unexpected(order, '`asc` or `desc`');
    }
    this.expect(')');
    const isAscending = order?.kind === 'word' && order.text === 'asc';
    return this.grow({ kind: 'sort', range: this.rangeFrom(start), by, order: isAscending ? 'asc' : 'desc' }, by);
  }

  private aggregate(): Aggregate {
    const token = this.next() as Token & { kind: 'word' };
    const name = token.text as Aggregate['name'];
    this.expect('(');
    const argument = name === 'count' ? undefined : this.fieldExpression(0);
    this.expect(')');
    const node: Aggregate = { kind: 'aggregate', range: this.rangeFrom(token.start), name, argument };
    return argument === undefined ? node : this.grow(node, argument);
  }

  private spansetFilter(): SpansetFilter {
    const start = this.expect('{').start;
    const expression = this.isSymbol('}') ? undefined : this.fieldExpression(0);
    if (!this.isSymbol('}')) {
      throw this.unexpected(this.peek(), '`}` or an operator', fixForWord(this.text, this.peek(), 'operator'));
    }
    this.expect('}');
    const node: SpansetFilter = { kind: 'spanset-filter', range: this.rangeFrom(start), expression };
    return expression === undefined ? node : this.grow(node, expression);
  }

  // Metrics.

  private metricsPipeline(start: number, stages: readonly PipelineStage[]): MetricsExpression {
    if (stages.length === 0) {
      this.elementOperand(); // Throws: says what is missing in front.
    }
    const pipeline = this.pipeline(start, stages);
    const aggregate = this.isWord('compare') ? this.metricsCompare() : this.metricsAggregate();
    return this.secondStages(
      this.grow<MetricsPipeline>(
        { kind: 'metrics-pipeline', range: this.rangeFrom(start), pipeline, aggregate, stages: [] },
        pipeline
      )
    );
  }

  private metricsAggregate(): MetricsAggregate {
    const token = this.next() as Token & { kind: 'word' };
    const name = token.text as MetricsFunction;
    this.expect('(');
    let argument: FieldReference | undefined;
    const quantiles: number[] = [];
    if (name !== 'rate' && name !== 'count_over_time') {
      argument = this.fieldReference();
      while (name === 'quantile_over_time' && this.accept(',')) {
        quantiles.push(this.plainNumber('a quantile such as 0.9'));
      }
    }
    if (!this.isSymbol(')')) {
      const fix = fixForRangeVector(this.text, token);
      throw this.unexpected(this.peek(), '`)`', fix === undefined ? [] : [fix]);
    }
    this.expect(')');
    const by = this.isWord('by') ? this.metricsBy() : [];
    return { kind: 'metrics-aggregate', range: this.rangeFrom(token.start), name, argument, quantiles, by };
  }

  private metricsBy(): FieldReference[] {
    this.next();
    if (!this.isSymbol('(')) {
      throw this.unexpected(this.peek(), '`(`', fixForWord(this.text, this.peek(), 'by'));
    }
    this.expect('(');
    const fields = this.fieldList();
    this.expect(')');
    return fields;
  }

  private metricsCompare(): MetricsCompare {
    const start = this.next().start;
    this.expect('(');
    const selection = this.spansetFilter();
    const numbers: bigint[] = [];
    while (numbers.length < 3 && this.accept(',')) {
      numbers.push(this.integer('an integer'));
    }
    if (numbers.length === 2) {
      throw this.unexpected(this.peek(), '`,` and the end of the selection');
    }
    this.expect(')');
    const [topN = 10n, selectionStartUnixNanos, selectionEndUnixNanos] = numbers;
    const range = this.rangeFrom(start);
    return this.grow(
      { kind: 'metrics-compare', range, selection, topN: Number(topN), selectionStartUnixNanos, selectionEndUnixNanos },
      selection
    );
  }

  private secondStages(expression: MetricsExpression): MetricsExpression {
    const stages: SecondStage[] = [...expression.stages];
    for (;;) {
      const token = this.peek();
      if (token.kind === 'symbol' && token.text === '|') {
        this.next();
        stages.push(this.rank());
      } else if (token.kind === 'symbol' && comparisonOperators.includes(token.text)) {
        this.next();
        const value = this.literal('a number');
        stages.push({
          kind: 'metrics-filter',
          range: this.rangeFrom(token.start),
          op: token.text as ComparisonOperator,
          value,
        });
      } else {
        const range = { start: expression.range.start, end: this.previousEnd() };
        return stages.length > expression.stages.length
          ? this.grow({ ...expression, range, stages }, expression)
          : expression;
      }
    }
  }

  private rank(): SecondStage {
    const token = this.next();
    if (token.kind !== 'word' || (token.text !== 'topk' && token.text !== 'bottomk')) {
      throw this.unexpected(token, '`topk` or `bottomk`');
    }
    this.expect('(');
    const limit = Number(this.integer('how many series to keep'));
    this.expect(')');
    return { kind: 'rank', range: this.rangeFrom(token.start), order: token.text, limit };
  }

  // Expressions over one span.

  private fieldExpression(least: number): FieldExpression {
    return this.nested(() => {
      let left = this.fieldOperand();
      for (;;) {
        const operator = this.peek();
        if (operator.kind === 'symbol' && operator.text === '==') {
          throw this.error(operator, {
            message: 'equality is a single `=`',
            expected: '`=`',
            fixes: fixForOperator(operator),
          });
        }
        const level =
          operator.kind === 'symbol' && fieldOperators.includes(operator.text) ? precedence[operator.text] : undefined;
        if (operator.kind !== 'symbol' || level === undefined || level < least) {
          return left;
        }
        this.next();
        const right = this.fieldExpression(operator.text === '^' ? level : level + 1);
        left = this.combineFields(left, operator.text, right);
      }
    });
  }

  private combineFields(left: FieldExpression, op: string, right: FieldExpression): FieldExpression {
    const range = { start: left.range.start, end: right.range.end };
    if (op === '&&' || op === '||') {
      const operands = left.kind === 'logical' && left.op === op ? (left.operands as FieldExpression[]) : [left];
      operands.push(right);
      return this.growBy({ kind: 'logical', range, op, operands }, left, right, operands.length > 2);
    }
    const operator = op as ComparisonOperator | RegexOperator | ArithmeticOperator;
    return this.grow({ kind: 'binary', range, op: operator, left, right }, left, right);
  }

  private fieldOperand(): FieldExpression {
    const token = this.peek();
    if (token.kind === 'symbol') {
      switch (token.text) {
        case '(': {
          this.next();
          const inner = this.fieldExpression(0);
          if (!this.isSymbol(')')) {
            throw this.unexpected(this.peek(), '`)` or an operator', fixForWord(this.text, this.peek(), 'operator'));
          }
          this.next();
          return this.grow({ ...inner, range: this.rangeFrom(token.start) }, inner);
        }
        case '!': {
          this.next();
          const operand = this.fieldExpression(notPrecedence);
          return this.grow({ kind: 'unary', range: this.rangeFrom(token.start), op: '!', operand }, operand);
        }
        case '-':
          return this.negation();
        default:
      }
    }
    if (token.kind === 'field' || (token.kind === 'word' && intrinsicSpellings[token.text] !== undefined)) {
      return this.fieldReference();
    }
    if (token.kind === 'literal' || (token.kind === 'word' && literalWords[token.text] !== undefined)) {
      return this.literal('a value');
    }
    throw this.unexpected(token, 'an attribute, an intrinsic or a value', fixForWord(this.text, token, 'operand'));
  }

  /** `-` binds tightest. A minus before a number belongs to the number. */
  private negation(): FieldExpression {
    const start = this.peek().start;
    const following = this.tokenAt(this.position + 1);
    if (following.kind === 'literal') {
      return this.literal('a number');
    }
    this.next();
    const operand = this.nested(() => this.fieldOperand());
    return this.grow({ kind: 'unary', range: this.rangeFrom(start), op: '-', operand }, operand);
  }

  private fieldList(): FieldReference[] {
    const fields = [this.fieldReference()];
    while (this.accept(',')) {
      fields.push(this.fieldReference());
    }
    return fields;
  }

  private fieldReference(): FieldReference {
    const token = this.next();
    const range = { start: token.start, end: token.end };
    if (token.kind === 'field') {
      return { kind: 'field', range, field: token.field };
    }
    const name = token.kind === 'word' ? intrinsicSpellings[token.text] : undefined;
    if (name === undefined) {
      throw this.unexpected(
        token,
        'an attribute such as `.foo` or an intrinsic',
        fixForWord(this.text, token, 'operand')
      );
    }
    return { kind: 'field', range, field: { kind: 'intrinsic', name } };
  }

  // Literals.

  private literal(expected: string): Literal {
    const start = this.peek().start;
    const negative = this.accept('-');
    const token = this.next();
    const value = token.kind === 'literal' ? token.value : token.kind === 'word' ? literalWords[token.text] : undefined;
    if (value === undefined || (negative && !['int', 'float', 'duration'].includes(value.type))) {
      throw this.unexpected(token, expected, token.kind === 'word' ? fixForWord(this.text, token, 'operand') : []);
    }
    const range = this.rangeFrom(start);
    if (value.type === 'int' && value.value > maxInt && !negative) {
      throw this.error(range, { message: `\`${value.value}\` is beyond 64 bits` });
    }
    return { kind: 'literal', range, value: negative ? negate(value) : value };
  }

  private plainNumber(expected: string): number {
    const literal = this.literal(expected);
    if (literal.value.type !== 'int' && literal.value.type !== 'float') {
      throw this.error(literal.range, { message: `expected ${expected}`, expected });
    }
    return Number(literal.value.value);
  }

  private integer(expected: string): bigint {
    const literal = this.literal(expected);
    if (literal.value.type !== 'int') {
      throw this.error(literal.range, { message: `expected ${expected}`, expected });
    }
    return literal.value.value;
  }

  // Tokens.

  private tokenAt(position: number): Token {
    while (this.tokens.length <= position) {
      const token = lexToken(this.text, this.tokens.at(-1)?.end ?? 0);
      this.tokens.push(token);
    }
    return this.tokens[position];
  }

  private peek(): Token {
    const token = this.tokenAt(this.position);
    if (token.kind === 'invalid') {
      throw this.error(token, { message: token.message, expected: token.expected, fixes: token.fixes });
    }
    return token;
  }

  private next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') {
      this.position++;
    }
    return token;
  }

  private isSymbol(text: string): boolean {
    const token = this.peek();
    return token.kind === 'symbol' && token.text === text;
  }

  private isWord(text: string): boolean {
    const token = this.peek();
    return token.kind === 'word' && token.text === text;
  }

  private isMetricsFunction(): boolean {
    const token = this.peek();
    return token.kind === 'word' && (token.text === 'compare' || metricsFunctions.some((name) => name === token.text));
  }

  private accept(text: string): boolean {
    const found = this.isSymbol(text);
    if (found) {
      this.position++;
    }
    return found;
  }

  private expect(text: string): Token {
    const token = this.peek();
    if (!this.accept(text)) {
      throw this.unexpected(token, `\`${text}\``);
    }
    return token;
  }

  private expectEnd(): void {
    const token = this.peek();
    if (token.kind !== 'end') {
      throw this.unexpected(token, 'an operator, `|` or the end', fixForWord(this.text, token, 'operator'));
    }
  }

  private previousEnd(): number {
    return this.position === 0 ? 0 : this.tokens[this.position - 1].end;
  }

  private rangeFrom(start: number): SourceRange {
    return { start, end: Math.max(start, this.previousEnd()) };
  }

  // Nesting: counted going down, and again in the tree, where chains grow to the left.

  private nested<T>(parse: () => T): T {
    if (++this.nesting > maxNesting) {
      throw this.error(this.peek(), { message: `the query is nested more than ${maxNesting} levels deep` });
    }
    const node = parse();
    this.nesting--;
    return node;
  }

  private grow<T extends object>(node: T, ...children: readonly object[]): T {
    let height = 1;
    for (const child of children) {
      height = Math.max(height, 1 + (this.heights.get(child) ?? 1));
    }
    if (height > maxNesting) {
      throw this.error((node as { range: SourceRange } & T).range, {
        message: `the query is nested more than ${maxNesting} levels deep`,
      });
    }
    this.heights.set(node, height);
    return node;
  }

  /** A run that takes one operand more is as high as before, or one more than that operand. */
  private growBy<T extends object>(node: T, left: object, right: object, extended: boolean): T {
    this.grow(node, left, right);
    if (extended) {
      this.heights.set(node, Math.max(this.heights.get(left) ?? 1, 1 + (this.heights.get(right) ?? 1)));
    }
    return node;
  }

  // Errors.

  private error(range: SourceRange, parts: Omit<QueryErrorParts, 'phase'>): QueryError {
    return new QueryError(this.text, range, { phase: 'parse', ...parts });
  }

  private unexpected(token: Token, expected: string, fixes: readonly QueryFix[] = []): QueryError {
    const found =
      token.kind === 'end' ? 'the end of the query' : `\`${this.text.slice(token.start, token.end).slice(0, 40)}\``;
    const all = token.kind === 'symbol' ? [...fixes, ...fixForOperator(token)] : fixes;
    return this.error(token, { message: `expected ${expected}, found ${found}`, expected, fixes: all });
  }
}

function isSpanset(element: Element): element is SpansetExpression {
  switch (element.kind) {
    case 'spanset-filter':
    case 'spanset-combination':
    case 'spanset-structure':
    case 'spanset-exclusion':
    case 'pipeline':
      return true;
    default:
      return false;
  }
}

function isScalar(element: Element): element is ScalarExpression {
  switch (element.kind) {
    case 'aggregate':
    case 'literal':
    case 'scalar-operation':
    case 'scalar-pipeline':
      return true;
    default:
      return false;
  }
}

function isMetrics(element: Element): element is MetricsExpression {
  return element.kind === 'metrics-pipeline' || element.kind === 'metrics-math';
}

function isMetricsOperand(element: Element): element is MetricsOperand {
  return isMetrics(element) || element.kind === 'literal';
}

function describe(element: Element): string {
  switch (element.kind) {
    case 'scalar-filter':
      return 'a comparison of aggregates';
    case 'group':
    case 'coalesce':
    case 'select':
    case 'sort':
      return `\`${element.kind === 'group' ? 'by' : element.kind}(…)\``;
    case 'literal':
      return 'a value';
    default:
      return isMetrics(element) ? 'metrics' : isScalar(element) ? 'an aggregate' : 'a spanset';
  }
}
