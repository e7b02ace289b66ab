/** Tree to text. The text parses back to the same tree, but for ranges: `print(parse(print(q))) === print(q)`. */
import type {
  FieldExpression,
  FieldReference,
  MetricsAggregate,
  MetricsCompare,
  MetricsExpression,
  MetricsOperand,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  SecondStage,
  SpansetExpression,
} from './ast.ts';
import { printField } from './attributes.ts';
import { printStatic } from './literals.ts';
import { notPrecedence, precedence } from './operators.ts';

/** Canonical text of a query, on one line. */
export function printQuery(query: Query): string {
  const body = query.body.kind === 'pipeline' ? printPipeline(query.body) : printMetrics(query.body);
  const hints = query.hints.map((hint) => `${hint.name} = ${printStatic(hint.value)}`).join(', ');
  return hints === '' ? body : `${body} with (${hints})`;
}

export function printPipeline(pipeline: Pipeline): string {
  return pipeline.stages.map(printStage).join(' | ');
}

function printStage(stage: PipelineStage): string {
  switch (stage.kind) {
    case 'scalar-filter':
      return `${printScalar(stage.left, 4)} ${stage.op} ${printScalar(stage.right, 4)}`;
    case 'group':
      return `by(${printFieldExpression(stage.by)})`;
    case 'coalesce':
      return 'coalesce()';
    case 'select':
      return `select(${printFields(stage.fields)})`;
    case 'sort':
      return `sort(${printScalar(stage.by, 0)}${stage.order === 'asc' ? ', asc' : ''})`;
    default:
      return printSpanset(stage, 0);
  }
}

/** `least`: precedence below which parentheses are needed. */
function printSpanset(spanset: SpansetExpression, least: number): string {
  switch (spanset.kind) {
    case 'spanset-filter':
      return spanset.expression === undefined ? '{ }' : `{ ${printFieldExpression(spanset.expression)} }`;
    case 'pipeline':
      return `(${printPipeline(spanset)})`;
    case 'spanset-combination': {
      // The first operand may stay bare (`A || B && C` is `(A || B) && C`), unless it is of the same operator.
      const [first, ...rest] = spanset.operands;
      const bare =
        first.kind === 'spanset-exclusion' || (first.kind === 'spanset-combination' && first.op !== spanset.op);
      const parts = [printSpanset(first, bare ? 2 : 3), ...rest.map((operand) => printSpanset(operand, 3))];
      return parenthesize(parts.join(` ${spanset.op} `), 2 < least);
    }
    case 'spanset-exclusion':
      return parenthesize(`${printSpanset(spanset.left, 2)} !&& ${printSpanset(spanset.right, 3)}`, 2 < least);
    case 'spanset-structure':
      return parenthesize(
        `${printSpanset(spanset.left, 3)} ${spanset.op} ${printSpanset(spanset.right, 4)}`,
        3 < least
      );
  }
}

/** A value per spanset, and as what `sort(…)` says of a spanset is named. */
export function printScalar(scalar: ScalarExpression, least: number): string {
  switch (scalar.kind) {
    case 'literal':
      return printStatic(scalar.value);
    case 'aggregate':
      return printAggregate(scalar.name, scalar.argument);
    case 'scalar-pipeline':
      return `(${printPipeline(scalar.pipeline)} | ${printScalar(scalar.value, 0)})`;
    case 'scalar-operation': {
      const level = precedence[scalar.op];
      const right = scalar.op === '^';
      const text = `${printScalar(scalar.left, right ? level + 1 : level)} ${scalar.op} ${printScalar(scalar.right, right ? level : level + 1)}`;
      return parenthesize(text, level < least);
    }
  }
}

/** As it stands in a query, and as the attribute of a spanset is named: `avg(duration)`. */
export function printAggregate(name: string, argument: FieldExpression | undefined): string {
  return `${name}(${argument === undefined ? '' : printFieldExpression(argument)})`;
}

export function printFieldExpression(expression: FieldExpression, least = 0): string {
  switch (expression.kind) {
    case 'literal':
      return printStatic(expression.value);
    case 'field':
      return printField(expression.field);
    case 'unary': {
      const operand = expression.operand;
      const bare = operand.kind === 'field' || (operand.kind === 'literal' && expression.op === '!');
      const text = expression.op + parenthesize(printFieldExpression(operand), !bare);
      return expression.op === '!' ? parenthesize(text, notPrecedence < least) : text;
    }
    case 'logical': {
      const [first, ...rest] = expression.operands;
      const bare = first.kind === 'logical' && first.op !== expression.op;
      const parts = [
        printFieldExpression(first, bare ? 2 : 3),
        ...rest.map((operand) => printFieldExpression(operand, 3)),
      ];
      return parenthesize(parts.join(` ${expression.op} `), 2 < least);
    }
    case 'binary': {
      const level = precedence[expression.op];
      const right = expression.op === '^';
      const left = printFieldExpression(expression.left, right ? level + 1 : level);
      const text = `${left} ${expression.op} ${printFieldExpression(expression.right, right ? level : level + 1)}`;
      return parenthesize(text, level < least);
    }
  }
}

function printFields(fields: readonly FieldReference[]): string {
  return fields.map(({ field }) => printField(field)).join(', ');
}

function printMetrics(expression: MetricsExpression): string {
  const stages = expression.stages.map(printSecondStage).join('');
  if (expression.kind === 'metrics-pipeline') {
    return `${printPipeline(expression.pipeline)} | ${printMetricsAggregate(expression.aggregate)}${stages}`;
  }
  return `${printMetricsOperand(expression.left)} ${expression.op} ${printMetricsOperand(expression.right)}${stages}`;
}

function printMetricsOperand(operand: MetricsOperand): string {
  return operand.kind === 'literal' ? printStatic(operand.value) : `(${printMetrics(operand)})`;
}

function printMetricsAggregate(aggregate: MetricsAggregate | MetricsCompare): string {
  if (aggregate.kind === 'metrics-compare') {
    const { selectionStartUnixNanos: start, selectionEndUnixNanos: end } = aggregate;
    const window = start === undefined || end === undefined ? '' : `, ${start}, ${end}`;
    return `compare(${printSpanset(aggregate.selection, 0)}, ${aggregate.topN}${window})`;
  }
  const parts = [
    ...(aggregate.argument === undefined ? [] : [printField(aggregate.argument.field)]),
    ...aggregate.quantiles.map(String),
  ];
  const by = aggregate.by.length === 0 ? '' : ` by(${printFields(aggregate.by)})`;
  return `${aggregate.name}(${parts.join(', ')})${by}`;
}

function printSecondStage(stage: SecondStage): string {
  return stage.kind === 'rank' ? ` | ${stage.order}(${stage.limit})` : ` ${stage.op} ${printStatic(stage.value.value)}`;
}

function parenthesize(text: string, needed: boolean): string {
  return needed ? `(${text})` : text;
}
