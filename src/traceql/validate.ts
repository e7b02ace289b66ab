/** Whether a parsed query means something: types, operators, what may be grouped and aggregated. */
import type {
  BinaryExpression,
  FieldExpression,
  FieldReference,
  MetricsExpression,
  MetricsOperand,
  MetricsPipeline,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  ScalarFilter,
  SortStage,
  SourceRange,
  SpansetExpression,
} from './ast.ts';
import { intrinsicTypes, printField } from './attributes.ts';
import { constantOf } from './conditions.ts';
import type { QueryErrorParts } from './errors.ts';
import { QueryError } from './errors.ts';
import { fieldsOfExpression, isNil } from './expression.ts';
import { compileRegex } from './regex.ts';
import type { StaticType } from './static.ts';

/** `attribute`: known at run time only. */
type ExpressionType = StaticType | 'attribute';

/** Groups of metrics: as Tempo. Quantiles and histograms need one label for themselves. */
const metricsByMax = 5;

/** Errors: {@link QueryError} with phase `validation` at the first fault, in the order of the text. */
export function validateQuery(query: Query): void {
  new Validator(query.text).query(query);
}

class Validator {
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  query(query: Query): void {
    if (query.body.kind === 'pipeline') {
      this.pipeline(query.body, true);
    } else {
      this.metrics(query.body);
    }
  }

  // Pipelines.

  /** `isAnswer`: what it yields is the answer, so that it has an order. */
  private pipeline(pipeline: Pipeline, isAnswer = false): void {
    let grouped = false;
    for (const [index, stage] of pipeline.stages.entries()) {
      if (stage.kind === 'coalesce' && index === 0) {
        this.fail(stage.range, 'coalesce() cannot come first: there is one spanset yet', 'a spanset filter');
      }
      if (stage.kind === 'sort' && !(isAnswer && index === pipeline.stages.length - 1)) {
        this.fail(stage.range, 'sort() orders the answer of a search', 'sort() as the last stage of the query');
      }
      if (grouped && isStructural(stage)) {
        this.fail(stage.range, 'a structural operator works on one spanset', 'coalesce() between by() and it');
      }
      grouped = stage.kind === 'group' || (grouped && stage.kind !== 'coalesce');
      this.stage(stage);
    }
  }

  private stage(stage: PipelineStage): void {
    switch (stage.kind) {
      case 'coalesce':
      case 'select':
        break;
      case 'group':
        this.typeOf(stage.by);
        this.mustReadSpan(stage.by, 'by()');
        break;
      case 'scalar-filter':
        this.scalarFilter(stage);
        break;
      case 'sort':
        this.sort(stage);
        break;
      default:
        this.spanset(stage);
    }
  }

  private spanset(spanset: SpansetExpression): void {
    switch (spanset.kind) {
      case 'pipeline':
        this.pipeline(spanset);
        break;
      case 'spanset-combination':
        spanset.operands.forEach((operand) => this.spanset(operand));
        break;
      case 'spanset-structure':
      case 'spanset-exclusion':
        this.spanset(spanset.left);
        this.spanset(spanset.right);
        break;
      case 'spanset-filter':
        if (spanset.expression !== undefined) {
          this.mustBeTruth(spanset.expression);
        }
    }
  }

  private scalarFilter(filter: ScalarFilter): void {
    const left = this.scalar(filter.left);
    const right = this.scalar(filter.right);
    if (filter.left.kind === 'literal' && filter.right.kind === 'literal') {
      this.fail(filter.range, 'two values are compared: no spanset is asked', 'an aggregate on one side');
    }
    const nested =
      filter.left.kind === 'scalar-pipeline'
        ? filter.right
        : filter.right.kind === 'scalar-pipeline'
          ? filter.left
          : undefined;
    if (nested !== undefined && nested.kind !== 'literal') {
      this.fail(filter.range, 'pipelines are compared with values only', 'a number on one side');
    }
    this.mustCompare(filter.range, left, right);
  }

  private sort({ by }: SortStage): void {
    if (by.kind === 'scalar-pipeline') {
      this.fail(by.range, 'sort() sees the spansets in front of it', 'an aggregate such as `max(duration)`');
    }
    this.scalar(by);
    if (!hasAggregate(by)) {
      this.fail(by.range, 'this is the same for every trace', 'an aggregate such as `max(duration)`');
    }
  }

  private scalar(scalar: ScalarExpression): ExpressionType {
    switch (scalar.kind) {
      case 'literal':
        return this.mustBeNumber(scalar.range, scalar.value.type);
      case 'aggregate': {
        if (scalar.argument === undefined) {
          return 'int';
        }
        const type = this.mustBeNumber(scalar.argument.range, this.typeOf(scalar.argument));
        this.mustReadSpan(scalar.argument, `${scalar.name}()`);
        return type;
      }
      case 'scalar-operation':
        if (scalar.left.kind === 'scalar-pipeline' || scalar.right.kind === 'scalar-pipeline') {
          this.fail(scalar.range, 'there is no arithmetic between pipelines', 'one pipeline compared with a number');
        }
        this.scalar(scalar.left);
        this.scalar(scalar.right);
        return 'float';
      case 'scalar-pipeline':
        this.pipeline(scalar.pipeline);
        return this.scalar(scalar.value);
    }
  }

  // Metrics.

  private metrics(expression: MetricsExpression): void {
    if (expression.kind === 'metrics-math') {
      this.metricsOperand(expression.left);
      this.metricsOperand(expression.right);
      if (expression.left.kind === 'literal' && expression.right.kind === 'literal') {
        this.fail(expression.range, 'no metrics are asked', 'metrics on one side');
      }
    } else {
      this.metricsPipeline(expression);
      if (expression.aggregate.kind === 'metrics-compare' && expression.stages.length > 0) {
        this.fail(expression.stages[0].range, 'nothing follows compare()', 'the end of the query');
      }
    }
    for (const stage of expression.stages) {
      if (stage.kind === 'rank' && stage.limit < 1) {
        this.fail(stage.range, `${stage.order} keeps at least one series`, 'a number above 0');
      }
      if (stage.kind === 'metrics-filter') {
        this.mustBeNumber(stage.value.range, stage.value.value.type);
      }
    }
  }

  private metricsOperand(operand: MetricsOperand): void {
    if (operand.kind !== 'literal') {
      if (operand.kind === 'metrics-pipeline' && operand.aggregate.kind === 'metrics-compare') {
        this.fail(operand.aggregate.range, 'compare() does not take part in arithmetic');
      }
      this.metrics(operand);
    } else if (operand.value.type !== 'int' && operand.value.type !== 'float') {
      this.fail(
        operand.range,
        `metrics are calculated with plain numbers, not with a ${operand.value.type}`,
        'a number'
      );
    }
  }

  private metricsPipeline({ pipeline, aggregate }: MetricsPipeline): void {
    this.pipeline(pipeline);
    if (aggregate.kind === 'metrics-compare') {
      this.spanset(aggregate.selection);
      if (aggregate.topN < 1 || aggregate.topN > 1000) {
        this.fail(aggregate.range, 'compare() keeps 1 to 1000 values per attribute', 'a number from 1 to 1000');
      }
      const { selectionStartUnixNanos: start, selectionEndUnixNanos: end } = aggregate;
      if (start !== undefined && end !== undefined && end <= start) {
        this.fail(aggregate.range, 'the selection of compare() ends before it starts', 'an end after the start');
      }
      return;
    }
    const { name, quantiles, by } = aggregate;
    if (name === 'quantile_over_time' && quantiles.length === 0) {
      this.fail(aggregate.range, 'quantile_over_time() needs a quantile', 'a quantile such as `, 0.9`');
    }
    if (quantiles.some((quantile) => !(quantile >= 0 && quantile <= 1))) {
      this.fail(aggregate.range, 'a quantile lies between 0 and 1', 'a number from 0 to 1');
    }
    const max = name === 'quantile_over_time' || name === 'histogram_over_time' ? metricsByMax - 1 : metricsByMax;
    if (by.length > max) {
      this.fail(by[max].range, `${name}() groups by at most ${max} attributes`);
    }
  }

  // Expressions over one span.

  private mustBeTruth(expression: FieldExpression): void {
    const type = this.typeOf(expression);
    if (type !== 'bool' && type !== 'attribute') {
      this.fail(expression.range, `a filter is true or false, this is a ${type}`, 'a comparison');
    }
    if (expression.kind === 'binary' && type === 'attribute') {
      this.fail(expression.range, 'a filter is true or false, this is a number', 'a comparison');
    }
  }

  private typeOf(expression: FieldExpression): ExpressionType {
    switch (expression.kind) {
      case 'literal':
        return expression.value.type;
      case 'field':
        return fieldType(expression);
      case 'unary': {
        const type = this.typeOf(expression.operand);
        if (expression.op === '-') {
          return this.mustBeNumber(expression.operand.range, type);
        }
        if (type !== 'bool' && type !== 'attribute') {
          this.fail(expression.operand.range, `\`!\` negates a truth, this is a ${type}`, 'a comparison');
        }
        return 'bool';
      }
      case 'logical':
        for (const operand of expression.operands) {
          const type = this.typeOf(operand);
          if (type !== 'bool' && type !== 'attribute') {
            this.fail(operand.range, `\`${expression.op}\` joins truths, this is a ${type}`, 'a comparison');
          }
        }
        return 'bool';
      case 'binary':
        return this.binaryType(expression);
    }
  }

  private binaryType(expression: BinaryExpression): ExpressionType {
    const { op, left, right, range } = expression;
    const leftType = this.typeOf(left);
    const rightType = this.typeOf(right);
    switch (op) {
      case '=~':
      case '!~':
        this.regex(expression, leftType);
        return 'bool';
      case '=':
      case '!=':
        if (op === '=') {
          this.mustNotBeAlwaysPresent(left, right);
          this.mustNotBeAlwaysPresent(right, left);
        }
        this.mustCompare(range, leftType, rightType);
        return 'bool';
      case '<':
      case '<=':
      case '>':
      case '>=':
        this.mustCompare(range, leftType, rightType);
        this.mustHaveOrder(left.range, leftType, op);
        this.mustHaveOrder(right.range, rightType, op);
        return 'bool';
      default:
        this.mustBeNumber(left.range, leftType);
        this.mustBeNumber(right.range, rightType);
        if (
          constantOf(left)?.type !== 'nil' &&
          constantOf(right)?.type !== 'nil' &&
          constantOf(expression)?.type === 'nil'
        ) {
          this.fail(range, 'division by zero');
        }
        return leftType === 'attribute' || rightType === 'attribute'
          ? 'attribute'
          : leftType === 'int' && rightType === 'int'
            ? 'int'
            : 'float';
    }
  }

  private regex({ op, left, right }: BinaryExpression, leftType: ExpressionType): void {
    if (leftType !== 'string' && leftType !== 'attribute') {
      this.fail(left.range, `\`${op}\` matches text, this is a ${leftType}`, 'an attribute or a text intrinsic');
    }
    if (right.kind !== 'literal' || right.value.type !== 'string') {
      this.fail(right.range, `on the right of \`${op}\` stands a pattern`, 'a string');
    }
    try {
      compileRegex(right.value.value);
    } catch (error) {
      this.fail(right.range, `not a regular expression: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private mustNotBeAlwaysPresent(absence: FieldExpression, other: FieldExpression): void {
    if (!isNil(absence) || other.kind !== 'field') {
      return;
    }
    const { field } = other;
    const isServiceName = field.kind === 'attribute' && field.scope === 'resource' && field.name === 'service.name';
    if (field.kind === 'intrinsic' || isServiceName) {
      this.fail(other.range, `\`${printField(field)}\` is never nil`, 'another value');
    }
  }

  private mustCompare(range: SourceRange, left: ExpressionType, right: ExpressionType): void {
    const anything = (type: ExpressionType): boolean => type === 'attribute' || type === 'nil';
    if (!anything(left) && !anything(right) && left !== right && !(isNumberType(left) && isNumberType(right))) {
      this.fail(range, `a ${left} does not compare with a ${right}`, `two values of one type`);
    }
  }

  private mustHaveOrder(range: SourceRange, type: ExpressionType, op: string): void {
    if (type !== 'attribute' && type !== 'string' && !isNumberType(type)) {
      this.fail(range, `\`${op}\` wants an order, and a ${type} has none`, 'a number or text');
    }
  }

  private mustBeNumber(range: SourceRange, type: ExpressionType): ExpressionType {
    if (type !== 'attribute' && !isNumberType(type)) {
      this.fail(range, `a number is needed, this is a ${type}`, 'a number or a duration');
    }
    return type;
  }

  private mustReadSpan(expression: FieldExpression, what: string): void {
    if (fieldsOfExpression(expression).length === 0) {
      this.fail(
        expression.range,
        `${what} wants something of the span, this is the same for every span`,
        'an attribute'
      );
    }
  }

  private fail(range: SourceRange, message: string, expected = ''): never {
    const parts: QueryErrorParts = { phase: 'validation', message, expected };
    throw new QueryError(this.text, range, parts);
  }
}

function fieldType({ field: read }: FieldReference): ExpressionType {
  const field = read.kind === 'parent' ? read.field : read;
  return field.kind === 'intrinsic' ? intrinsicTypes[field.name] : 'attribute';
}

function hasAggregate(scalar: ScalarExpression): boolean {
  return (
    scalar.kind === 'aggregate' ||
    (scalar.kind === 'scalar-operation' && (hasAggregate(scalar.left) || hasAggregate(scalar.right)))
  );
}

function isNumberType(type: ExpressionType): boolean {
  return type === 'int' || type === 'float' || type === 'duration';
}

function isStructural(stage: PipelineStage): boolean {
  switch (stage.kind) {
    case 'spanset-structure':
      return true;
    case 'spanset-combination':
      return stage.operands.some(isStructural);
    case 'spanset-exclusion':
      return isStructural(stage.left) || isStructural(stage.right);
    case 'pipeline':
      return stage.stages.some(isStructural);
    default:
      return false;
  }
}
