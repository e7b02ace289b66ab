/**
 * What a storage engine may use to leave traces out: conditions that hold for every trace a query answers. They are necessary, not
 * sufficient; whatever cannot be said exactly is `true`.
 */
import type {
  BinaryExpression,
  ComparisonOperator,
  Field,
  FieldExpression,
  OwnField,
  Pipeline,
  PipelineStage,
  Query,
  RegexOperator,
  ScalarExpression,
  SpansetExpression,
} from './ast.ts';
import { sameField } from './attributes.ts';
import { pipelinesOf } from './evaluate.ts';
import { compareTraceIds, fieldsOfExpression, isNil, readsTraceId, regexPredicate } from './expression.ts';
import type { Static } from './static.ts';
import { calculate, compare, negate, nil } from './static.ts';

/** `or` of nothing never holds, `and` of nothing always. */
export type SpanCondition =
  | { readonly kind: 'true' }
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly SpanCondition[] }
  | LeafCondition;

/**
 * Holds on a span if some value the field may take there is accepted: that of any event or link; for unscoped attributes that of any
 * scope. Text intrinsics that a span lacks (`name`, `statusMessage`, `instrumentation:*`, root names of a trace without root) are the
 * empty text, not absent.
 */
export interface LeafCondition {
  readonly kind: 'leaf';
  readonly field: OwnField;
  readonly op: ComparisonOperator | RegexOperator | 'exists';
  /** Nil for `exists`. */
  readonly operand: Static;
  /** `value op operand`. */
  accepts(value: Static): boolean;
}

export type TraceCondition =
  | { readonly kind: 'true' }
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly TraceCondition[] }
  /** Some span of the whole trace satisfies it: one that is looked for, or the parent of one. */
  | { readonly kind: 'some-span'; readonly condition: SpanCondition; readonly isParent?: true };

const always = { kind: 'true' } as const;

/** Holds for every trace that gives the query a non-empty result or contributes to its metrics. */
export function conditionsOf(query: Query): TraceCondition {
  return or(pipelinesOf(query.body).map(pipelineCondition));
}

/** Every field the query reads, without repetition, in the order of the text; or `all` (`compare` looks at every attribute). */
export function fieldsOf(query: Query): readonly Field[] | 'all' {
  const reads = readsOf(query);
  return reads === 'all'
    ? 'all'
    : reads.filter((field, at) => reads.findIndex((other) => sameField(other, field)) === at);
}

/** As {@link fieldsOf}, a field as often as it stands in the text. */
export function readsOf(query: Query): readonly Field[] | 'all' {
  const reads: Field[] = [];
  return collectFields(query.body, (field) => reads.push(field)) ? reads : 'all';
}

/** Whether the query asks somewhere for the absence of the field: `.x = nil`. */
export function asksForAbsence(query: Query): (field: Field) => boolean {
  const absent: Field[] = [];
  collectFields(query.body, (field) => absent.push(field), absentFields);
  return (field) => absent.some((other) => sameField(other, field));
}

function absentFields(expression: FieldExpression): readonly Field[] {
  switch (expression.kind) {
    case 'unary':
      return absentFields(expression.operand);
    case 'logical':
      return expression.operands.flatMap(absentFields);
    case 'binary': {
      const sides = [expression.left, expression.right];
      const fields = sides.flatMap((side) => (side.kind === 'field' ? [side.field] : []));
      return expression.op === '=' && sides.some(isNil) ? fields : sides.flatMap(absentFields);
    }
    default:
      return [];
  }
}

/** What each spanset filter asks of a span, necessary for the trace or not (`A !> B`, `A || B`). */
export function filterConditionsOf(query: Query): readonly SpanCondition[] {
  return filtersOf(query.body).map((expression) => spanCondition(expression));
}

function filtersOf(node: Node): readonly FieldExpression[] {
  switch (node.kind) {
    case 'spanset-filter':
      return node.expression === undefined ? [] : [node.expression];
    case 'pipeline':
      return node.stages.flatMap(filtersOf);
    case 'spanset-combination':
      return node.operands.flatMap(filtersOf);
    case 'spanset-structure':
    case 'spanset-exclusion':
    case 'scalar-filter':
    case 'metrics-math':
      return [...filtersOf(node.left), ...filtersOf(node.right)];
    case 'scalar-pipeline':
    case 'metrics-pipeline':
      return filtersOf(node.pipeline);
    default:
      return [];
  }
}

/** Whether some value is read of the parent of a span. */
export function readsParents(query: Query): boolean {
  let found = false;
  collectFields(query.body, (field) => (found ||= field.kind === 'parent'));
  return found;
}

// Traces.

function pipelineCondition(pipeline: Pipeline): TraceCondition {
  return and(pipeline.stages.map(stageCondition));
}

function stageCondition(stage: PipelineStage): TraceCondition {
  switch (stage.kind) {
    case 'group':
    case 'coalesce':
    case 'select':
    case 'sort':
      return always;
    case 'scalar-filter':
      return and([scalarCondition(stage.left), scalarCondition(stage.right)]);
    default:
      return spansetCondition(stage);
  }
}

function scalarCondition(scalar: ScalarExpression): TraceCondition {
  return scalar.kind === 'scalar-pipeline' ? pipelineCondition(scalar.pipeline) : always;
}

function spansetCondition(spanset: SpansetExpression): TraceCondition {
  switch (spanset.kind) {
    case 'pipeline':
      return pipelineCondition(spanset);
    case 'spanset-combination': {
      const conditions = spanset.operands.map(spansetCondition);
      return spanset.op === '&&' ? and(conditions) : or(conditions);
    }
    case 'spanset-exclusion':
      return spansetCondition(spanset.left);
    case 'spanset-structure': {
      // Negated operators answer right-hand spans, also where no span is on the left.
      const right = spansetCondition(spanset.right);
      return spanset.op.startsWith('!') ? right : and([spansetCondition(spanset.left), right]);
    }
    case 'spanset-filter': {
      const condition = spanset.expression === undefined ? always : spanCondition(spanset.expression);
      const parent = asksParent(spanset.expression) ? spanCondition(spanset.expression, ofParent) : always;
      return and<TraceCondition>([
        condition.kind === 'true' ? always : { kind: 'some-span', condition },
        parent.kind === 'true' ? always : { kind: 'some-span', condition: parent, isParent: true },
      ]);
    }
  }
}

function asksParent(expression: FieldExpression | undefined): expression is FieldExpression {
  return expression !== undefined && fieldsOfExpression(expression).some(({ kind }) => kind === 'parent');
}

// Spans.

/** What conditions are gathered of: the span of which a filter is asked, or its parent. */
type Pick = (field: Field) => OwnField | undefined;

const ofSpan: Pick = (field) => (field.kind === 'parent' ? undefined : field);
const ofParent: Pick = (field) => (field.kind === 'parent' ? field.field : undefined);

/** Holds on every span on which the filter does; picked of the parent, on every parent of such a span. */
export function spanCondition(expression: FieldExpression, pick: Pick = ofSpan): SpanCondition {
  switch (expression.kind) {
    case 'literal':
      return expression.value.type === 'bool' && expression.value.value ? always : { kind: 'or', conditions: [] };
    case 'field':
      return comparison(pick(expression.field), '=', { type: 'bool', value: true });
    case 'unary':
      return always;
    case 'logical': {
      const conditions = expression.operands.map((operand) => spanCondition(operand, pick));
      return expression.op === '&&' ? and(conditions) : or(conditions);
    }
    case 'binary':
      return binaryCondition(expression, pick);
  }
}

const mirrored = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function binaryCondition(expression: BinaryExpression, pick: Pick): SpanCondition {
  const { op, left, right } = expression;
  switch (op) {
    case '=~':
    case '!~':
      return left.kind === 'field' && right.kind === 'literal' && right.value.type === 'string'
        ? regex(pick(left.field), op, right.value)
        : bothPresent(left, right, pick);
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if (isNil(left) || isNil(right)) {
        const other = isNil(left) ? right : left;
        return op === '!=' && other.kind === 'field' ? exists(pick(other.field)) : always;
      }
      const leftValue = constantOf(left);
      const rightValue = constantOf(right);
      if (left.kind === 'field' && rightValue !== undefined) {
        return comparison(pick(left.field), op, rightValue, readsTraceId(left));
      }
      if (right.kind === 'field' && leftValue !== undefined) {
        return comparison(pick(right.field), mirrored[op], leftValue, readsTraceId(right));
      }
      return bothPresent(left, right, pick);
    }
    default:
      // Arithmetic is no truth: such a filter never holds, but validation says so better than this.
      return always;
  }
}

/** A comparison is false when a side is nil, and arithmetic is nil when an operand is: all fields below arithmetic must be there. */
function bothPresent(left: FieldExpression, right: FieldExpression, pick: Pick): SpanCondition {
  return and([...arithmeticFields(left), ...arithmeticFields(right)].map((field) => exists(pick(field))));
}

function arithmeticFields(expression: FieldExpression): readonly Field[] {
  switch (expression.kind) {
    case 'field':
      return [expression.field];
    case 'unary':
      return expression.op === '-' ? arithmeticFields(expression.operand) : [];
    case 'binary':
      return isArithmetic(expression.op)
        ? [...arithmeticFields(expression.left), ...arithmeticFields(expression.right)]
        : [];
    default:
      return [];
  }
}

/** The value of an expression that reads no field; `undefined` otherwise. Truths are not folded. */
export function constantOf(expression: FieldExpression): Static | undefined {
  if (expression.kind === 'literal') {
    return expression.value;
  }
  if (expression.kind === 'unary' && expression.op === '-') {
    const operand = constantOf(expression.operand);
    return operand === undefined ? undefined : negate(operand);
  }
  if (expression.kind === 'binary' && isArithmetic(expression.op)) {
    const left = constantOf(expression.left);
    const right = constantOf(expression.right);
    return left === undefined || right === undefined ? undefined : calculate(expression.op, left, right);
  }
  return undefined;
}

function isArithmetic(op: BinaryExpression['op']): op is '+' | '-' | '*' | '/' | '%' | '^' {
  return '+-*/%^'.includes(op);
}

function comparison(
  field: OwnField | undefined,
  op: ComparisonOperator,
  operand: Static,
  isTraceId = false
): SpanCondition {
  if (field === undefined) {
    return always;
  }
  const holds = isTraceId ? compareTraceIds : compare;
  return { kind: 'leaf', field, op, operand, accepts: (value) => holds(op, value, operand) };
}

function regex(field: OwnField | undefined, op: RegexOperator, operand: Static & { type: 'string' }): SpanCondition {
  return field === undefined
    ? always
    : { kind: 'leaf', field, op, operand, accepts: regexPredicate(op, operand.value) };
}

function exists(field: OwnField | undefined): SpanCondition {
  return field === undefined
    ? always
    : { kind: 'leaf', field, op: 'exists', operand: nil, accepts: (value) => value.type !== 'nil' };
}

// Simplified as they are put together.

type Combined<T> = { readonly kind: 'true' } | { readonly kind: 'and' | 'or'; readonly conditions: readonly T[] };

function and<T extends { readonly kind: string }>(conditions: readonly (T | Combined<T>)[]): T | Combined<T> {
  const rest = conditions.filter((condition) => condition.kind !== 'true');
  return rest.length === 0 ? always : rest.length === 1 ? rest[0] : { kind: 'and', conditions: rest as readonly T[] };
}

function or<T extends { readonly kind: string }>(conditions: readonly (T | Combined<T>)[]): T | Combined<T> {
  if (conditions.some((condition) => condition.kind === 'true')) {
    return always;
  }
  return conditions.length === 1 ? conditions[0] : { kind: 'or', conditions: conditions as readonly T[] };
}

// Fields.

type Node = Query['body'] | PipelineStage | ScalarExpression | { readonly kind: 'literal' };

/** Calls `add` for every field below a node, in the order of the text; false when the node reads every attribute. */
function collectFields(
  node: Node,
  add: (field: Field) => unknown,
  fieldsOf: (expression: FieldExpression) => readonly Field[] = fieldsOfExpression
): boolean {
  const each = (nodes: readonly Node[]): boolean =>
    nodes.map((child) => collectFields(child, add, fieldsOf)).every(Boolean);
  const expression = (child: FieldExpression | undefined): boolean => {
    (child === undefined ? [] : fieldsOf(child)).forEach(add);
    return true;
  };
  switch (node.kind) {
    case 'literal':
    case 'coalesce':
      return true;
    case 'pipeline':
      return each(node.stages);
    case 'spanset-filter':
      return expression(node.expression);
    case 'spanset-combination':
      return each(node.operands);
    case 'spanset-structure':
    case 'spanset-exclusion':
    case 'scalar-filter':
    case 'scalar-operation':
    case 'metrics-math':
      return each([node.left, node.right]);
    case 'scalar-pipeline':
      return each([node.pipeline, node.value]);
    case 'aggregate':
      return expression(node.argument);
    case 'sort':
      return each([node.by]);
    case 'group':
      return expression(node.by);
    case 'select':
      node.fields.forEach(expression);
      return true;
    case 'metrics-pipeline': {
      const { aggregate } = node;
      const complete = each([node.pipeline]);
      if (aggregate.kind === 'metrics-compare') {
        each([aggregate.selection]);
        return false;
      }
      expression(aggregate.argument);
      aggregate.by.forEach(expression);
      return complete;
    }
  }
}
