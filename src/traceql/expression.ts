/** Expressions over one span, compiled once per query into functions of a span. */
import { unreachable } from '../base/assert.ts';
import type { Span } from '../trace/model.ts';
import type { BinaryExpression, ComparisonOperator, Field, FieldExpression } from './ast.ts';
import type { SpanView, TraceFacts } from './fields.ts';
import { fieldValue, listOfField } from './fields.ts';
import { compileRegex } from './regex.ts';
import type { Static } from './static.ts';
import { calculate, compare, negate, nil } from './static.ts';

type Evaluate = (view: SpanView) => Static;

const yes: Static = { type: 'bool', value: true };
const no: Static = { type: 'bool', value: false };

/** Whether the filter holds on a span: under some choice of one event and one link of it, where the filter reads such. */
export function compileFilter(expression: FieldExpression | undefined): (facts: TraceFacts, index: number) => boolean {
  if (expression === undefined) {
    return () => true;
  }
  const evaluate = compileExpression(expression);
  const lists = listsOf(expression);
  if (!lists.event && !lists.link) {
    return (facts, index) => isTrue(evaluate(plainView(facts, index)));
  }
  return (facts, index) => {
    for (const view of viewsOf(facts, index, lists)) {
      if (isTrue(evaluate(view))) {
        return true;
      }
    }
    return false;
  };
}

/** The value of an expression on a span; where it reads events or links, the first of theirs that gives one. */
export function compileValue(expression: FieldExpression): (facts: TraceFacts, index: number) => Static {
  const evaluate = compileExpression(expression);
  const lists = listsOf(expression);
  if (!lists.event && !lists.link) {
    return (facts, index) => evaluate(plainView(facts, index));
  }
  return (facts, index) => {
    for (const view of viewsOf(facts, index, lists)) {
      const value = evaluate(view);
      if (value.type !== 'nil') {
        return value;
      }
    }
    return nil;
  };
}

/** Which lists of a span an expression walks. */
export interface Lists {
  readonly event: boolean;
  readonly link: boolean;
}

/** What a span is looked at through when neither its events nor its links matter. */
function plainView(facts: TraceFacts, index: number): SpanView {
  return { facts, index, span: facts.trace.spans[index], event: undefined, link: undefined };
}

function* viewsOf(facts: TraceFacts, index: number, lists: Lists): Generator<SpanView> {
  const span: Span = facts.trace.spans[index];
  // A span without events is looked at once, with no event.
  const events = lists.event && span.events.length > 0 ? span.events : [undefined];
  const links = lists.link && span.links.length > 0 ? span.links : [undefined];
  for (const event of events) {
    for (const link of links) {
      yield { facts, index, span, event, link };
    }
  }
}

export function listsOf(expression: FieldExpression): Lists {
  const fields = fieldsOfExpression(expression);
  return {
    event: fields.some((field) => listOfField(field) === 'event'),
    link: fields.some((field) => listOfField(field) === 'link'),
  };
}

/** Every field an expression reads, in its order, with repetitions. */
export function fieldsOfExpression(expression: FieldExpression): readonly Field[] {
  switch (expression.kind) {
    case 'literal':
      return [];
    case 'field':
      return [expression.field];
    case 'unary':
      return fieldsOfExpression(expression.operand);
    case 'binary':
      return [...fieldsOfExpression(expression.left), ...fieldsOfExpression(expression.right)];
    case 'logical':
      return expression.operands.flatMap(fieldsOfExpression);
  }
}

function compileExpression(expression: FieldExpression): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'field': {
      const { field } = expression;
      return (view) => fieldValue(field, view);
    }
    case 'unary': {
      const operand = compileExpression(expression.operand);
      return expression.op === '!' ? (view) => not(operand(view)) : (view) => negate(operand(view));
    }
    case 'logical': {
      const operands = expression.operands.map(compileExpression);
      return expression.op === '&&'
        ? (view) => bool(operands.every((operand) => isTrue(operand(view))))
        : (view) => bool(operands.some((operand) => isTrue(operand(view))));
    }
    case 'binary':
      return compileBinary(expression);
    default:
      return unreachable(expression);
  }
}

function compileBinary(expression: BinaryExpression): Evaluate {
  const { op } = expression;
  if ((op === '=' || op === '!=') && (isNil(expression.left) || isNil(expression.right))) {
    return compileExistence(op, isNil(expression.left) ? expression.right : expression.left);
  }
  const left = compileExpression(expression.left);
  const right = compileExpression(expression.right);
  switch (op) {
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return readsTraceId(expression.left) || readsTraceId(expression.right)
        ? (view) => bool(compareTraceIds(op, left(view), right(view)))
        : (view) => bool(compare(op, left(view), right(view)));
    case '=~':
    case '!~': {
      const matches = regexPredicate(op, regexPattern(expression));
      return (view) => bool(matches(left(view)));
    }
    default:
      return (view) => calculate(op, left(view), right(view));
  }
}

/** `x = nil`, `x != nil`. On fields of events and links, absence wants an event or link that lacks the attribute. */
function compileExistence(op: '=' | '!=', operand: FieldExpression): Evaluate {
  if (isNil(operand)) {
    return () => no;
  }
  const evaluate = compileExpression(operand);
  if (op === '!=') {
    return (view) => bool(evaluate(view).type !== 'nil');
  }
  const lists = listsOf(operand);
  return (view) =>
    bool(
      evaluate(view).type === 'nil' &&
        (!lists.event || view.event !== undefined) &&
        (!lists.link || view.link !== undefined)
    );
}

export function isNil(expression: FieldExpression): boolean {
  return expression.kind === 'literal' && expression.value.type === 'nil';
}

/** The literal on the right of `=~`; validation has seen to it. */
export function regexPattern(expression: BinaryExpression): string {
  const { right } = expression;
  return right.kind === 'literal' && right.value.type === 'string' ? right.value.value : '';
}

/** `value =~ pattern`, `value !~ pattern`: strings and arrays of strings; of an array some, for `!~` no element may match. */
export function regexPredicate(op: '=~' | '!~', pattern: string): (value: Static) => boolean {
  const matches = compileRegex(pattern);
  const holds = (value: Static): boolean => value.type === 'string' && matches(value.value) === (op === '=~');
  return (value) =>
    value.type === 'array' ? (op === '=~' ? value.value.some(holds) : value.value.every(holds)) : holds(value);
}

export function readsTraceId(expression: FieldExpression): boolean {
  return (
    expression.kind === 'field' &&
    expression.field.kind === 'intrinsic' &&
    (expression.field.name === 'trace:id' || expression.field.name === 'link:traceID')
  );
}

/** Leading zeros do not count. */
export function compareTraceIds(op: ComparisonOperator, left: Static, right: Static): boolean {
  return compare(op, trimZeros(left), trimZeros(right));
}

function trimZeros(value: Static): Static {
  return value.type === 'string' ? { type: 'string', value: value.value.replace(/^0+/, '') } : value;
}

export function isTrue(value: Static): boolean {
  return value.type === 'bool' && value.value;
}

/** Nil of what is no truth. */
export function not(value: Static): Static {
  return value.type === 'bool' ? bool(!value.value) : nil;
}

function bool(value: boolean): Static {
  return value ? yes : no;
}
