/** Expressions inside `{ }` over all rows of a row set: the columnar form of `traceql/expression`, which says what they mean. */
import { unreachable } from '../../../base/assert.ts';
import type { SpanEvent, SpanLink } from '../../../trace/model.ts';
import { attributeOf } from '../../../trace/model.ts';
import type { BinaryExpression, ComparisonOperator, Field, FieldExpression } from '../../../traceql/ast.ts';
import { compareTraceIds, isNil, isTrue, listsOf, not, readsTraceId } from '../../../traceql/expression.ts';
import type { Lists } from '../../../traceql/expression.ts';
import { listOfField } from '../../../traceql/fields.ts';
import type { Static } from '../../../traceql/static.ts';
import { calculate, compare, negate, nil, staticFromAnyValue } from '../../../traceql/static.ts';
import { testDurations } from './durations.ts';
import type { RowFrame } from './frame.ts';
import { testNestedSetParent } from './nested-sets.ts';
import type { Mask, ValueTest, Vector } from './vector.ts';
import { addRows, isNone, mapVector, mapVectors, none, testRows, valueOfRow, without } from './vector.ts';

/** The rows of `within` on which a filter holds: under some choice of one event and one link, where it reads such. */
export function filterRows(frame: RowFrame, expression: FieldExpression | undefined, within: Mask): Mask {
  if (expression === undefined) {
    return within;
  }
  const lists = listsOf(expression);
  if (!lists.event && !lists.link) {
    return truth(frame, expression, within);
  }
  if (expression.kind === 'logical' && expression.op === '&&') {
    // What reads no list holds whatever event and link are chosen: it comes first, and leaves few rows whose lists are walked.
    const [free, bound] = [true, false].map((isFree) =>
      expression.operands.filter((operand) => readsNoList(operand) === isFree)
    );
    if (free.length > 0) {
      const rest = every(frame, free, within);
      return isNone(rest)
        ? rest
        : filterRows(frame, bound.length === 1 ? bound[0] : { ...expression, operands: bound }, rest);
    }
  }
  const { plain, listed } = partByLists(frame, lists, within);
  const mask = truth(frame, expression, plain).slice();
  for (let row = listed.indexOf(1); row !== -1; row = listed.indexOf(1, row + 1)) {
    for (const view of viewsOf(frame, row, lists)) {
      if (isTrue(valueInView(frame, expression, view))) {
        mask[row] = 1;
        break;
      }
    }
  }
  return mask;
}

function readsNoList(expression: FieldExpression): boolean {
  const { event, link } = listsOf(expression);
  return !event && !link;
}

/** The value of an expression on each row; where it reads events or links, the first of theirs that gives one. */
export function expressionVector(frame: RowFrame, expression: FieldExpression): Vector {
  const lists = listsOf(expression);
  if (!lists.event && !lists.link) {
    return plainVector(frame, expression);
  }
  return {
    kind: 'computed',
    at: (row) => {
      for (const view of viewsOf(frame, row, lists)) {
        const value = valueInView(frame, expression, view);
        if (value.type !== 'nil') {
          return value;
        }
      }
      return nil;
    },
  };
}

/** All values of a field of events or links on a row. */
export function valuesOfLists(frame: RowFrame, field: Field, row: number): Static[] {
  const list = listOfField(field);
  const lists: Lists = { event: list === 'event', link: list === 'link' };
  return Array.from(viewsOf(frame, row, lists), (view) => fieldInView(frame, field, view)).filter(
    (value) => value.type !== 'nil'
  );
}

/** Rows with events or links where those matter, and the others. */
function partByLists(frame: RowFrame, lists: Lists, within: Mask): { plain: Mask; listed: Mask } {
  const listed = none(within.length);
  if (lists.event) {
    addRows(listed, frame.rowsWith('events'));
  }
  if (lists.link) {
    addRows(listed, frame.rowsWith('links'));
  }
  for (let row = 0; row < listed.length; row++) {
    listed[row] &= within[row];
  }
  return { plain: without(within, listed), listed };
}

// Truth, where no field walks events or links (those that do are nil).

/** The rows of `within` on which the expression is `true`. */
function truth(frame: RowFrame, expression: FieldExpression, within: Mask): Mask {
  switch (expression.kind) {
    case 'literal':
    case 'field':
      return testRows(plainVector(frame, expression), within, { holds: isTrue }, frame.poll);
    case 'unary':
      return expression.op === '!' ? falsity(frame, expression.operand, within) : none(within.length);
    case 'logical':
      return expression.op === '&&'
        ? every(frame, expression.operands, within)
        : some(frame, expression.operands, within);
    case 'binary':
      return comparisonTruth(frame, expression, within);
    default:
      return unreachable(expression);
  }
}

/** The rows of `within` on which the expression is `false`: neither true nor without truth. */
function falsity(frame: RowFrame, expression: FieldExpression, within: Mask): Mask {
  switch (expression.kind) {
    case 'literal':
    case 'field':
      return testRows(plainVector(frame, expression), within, { holds: isFalse }, frame.poll);
    case 'unary':
      return expression.op === '!' ? truth(frame, expression.operand, within) : none(within.length);
    case 'logical':
      return without(within, truth(frame, expression, within));
    case 'binary':
      return isArithmetic(expression) ? none(within.length) : without(within, truth(frame, expression, within));
    default:
      return unreachable(expression);
  }
}

function isFalse(value: Static): boolean {
  return value.type === 'bool' && !value.value;
}

function every(frame: RowFrame, operands: readonly FieldExpression[], within: Mask): Mask {
  let mask = within;
  for (const operand of operands) {
    if (isNone(mask)) {
      break;
    }
    mask = truth(frame, operand, mask);
  }
  return mask;
}

function some(frame: RowFrame, operands: readonly FieldExpression[], within: Mask): Mask {
  const mask = none(within.length);
  let rest = within;
  for (const operand of operands) {
    if (isNone(rest)) {
      break;
    }
    const found = truth(frame, operand, rest);
    addRows(mask, found);
    rest = without(rest, found);
  }
  return mask;
}

function isArithmetic({ op }: BinaryExpression): boolean {
  return op.length === 1 && '+-*/%^'.includes(op);
}

function comparisonTruth(frame: RowFrame, expression: BinaryExpression, within: Mask): Mask {
  const { op, left, right } = expression;
  switch (op) {
    case '=~':
    case '!~':
      return testRows(plainVector(frame, left), within, { holds: frame.regexes.predicate(expression) }, frame.poll);
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      if ((op === '=' || op === '!=') && (isNil(left) || isNil(right))) {
        return existence(frame, op, isNil(left) ? right : left, within);
      }
      return compareRows(frame, op, expression, within);
    default:
      // Arithmetic is no truth.
      return none(within.length);
  }
}

/** What walks events or links is nil here, and there is no event or link that could lack it. */
function existence(frame: RowFrame, op: '=' | '!=', operand: FieldExpression, within: Mask): Mask {
  if (isNil(operand)) {
    return none(within.length);
  }
  const lists = listsOf(operand);
  if (op === '=' && (lists.event || lists.link)) {
    return none(within.length);
  }
  const wanted = op === '=';
  return testRows(
    plainVector(frame, operand),
    within,
    { holds: (value) => (value.type === 'nil') === wanted },
    frame.poll
  );
}

function compareRows(frame: RowFrame, op: ComparisonOperator, { left, right }: BinaryExpression, within: Mask): Mask {
  const holds = readsTraceId(left) || readsTraceId(right) ? compareTraceIds : compare;
  const rightVector = plainVector(frame, right);
  if (rightVector.kind === 'constant') {
    const shortcut = testNestedSetParent(frame, left, op, rightVector.value, within);
    return shortcut ?? testAgainst(frame, plainVector(frame, left), op, rightVector.value, holds, within);
  }
  const leftVector = plainVector(frame, left);
  if (leftVector.kind === 'constant') {
    return testAgainst(frame, rightVector, mirrored[op], leftVector.value, holds, within);
  }
  const outcome = mapVectors(leftVector, rightVector, (a, b) => (holds(op, a, b) ? yes : no));
  return testRows(outcome, within, { holds: isTrue }, frame.poll);
}

const yes: Static = { type: 'bool', value: true };
const no: Static = { type: 'bool', value: false };

const mirrored = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function testAgainst(
  frame: RowFrame,
  vector: Vector,
  op: ComparisonOperator,
  operand: Static,
  holds: typeof compare,
  within: Mask
): Mask {
  if (vector.kind === 'durations') {
    const mask = testDurations(vector.nanos, op, operand, within);
    if (mask !== undefined) {
      return mask;
    }
  }
  const test: ValueTest = { holds: (value) => holds(op, value, operand) };
  return testRows(
    vector,
    within,
    op === '=' && operand.type === 'string' && holds === compare ? { ...test, onlyText: operand.value } : test,
    frame.poll
  );
}

// Values.

function plainVector(frame: RowFrame, expression: FieldExpression): Vector {
  switch (expression.kind) {
    case 'literal':
      return { kind: 'constant', value: expression.value };
    case 'field':
      return frame.vector(expression.field);
    case 'unary':
      return mapVector(plainVector(frame, expression.operand), expression.op === '!' ? not : negate);
    case 'binary':
      if (isArithmetic(expression)) {
        const { op } = expression;
        return mapVectors(plainVector(frame, expression.left), plainVector(frame, expression.right), (left, right) =>
          calculate(op as Parameters<typeof calculate>[0], left, right)
        );
      }
      return truthVector(frame, expression);
    case 'logical':
      return truthVector(frame, expression);
    default:
      return unreachable(expression);
  }
}

function truthVector(frame: RowFrame, expression: FieldExpression): Vector {
  const codes = truth(frame, expression, none(frame.rows.rowCount).fill(1));
  return { kind: 'coded', codes, size: 2, at: (code) => (code === 1 ? yes : no) };
}

// One row under one event and one link.

interface RowView {
  readonly row: number;
  readonly event: SpanEvent | undefined;
  readonly link: SpanLink | undefined;
}

function* viewsOf(frame: RowFrame, row: number, lists: Lists): Generator<RowView> {
  const events = lists.event ? frame.eventsOf(row) : [];
  const links = lists.link ? frame.linksOf(row) : [];
  for (const event of events.length > 0 ? events : [undefined]) {
    for (const link of links.length > 0 ? links : [undefined]) {
      yield { row, event, link };
    }
  }
}

function valueInView(frame: RowFrame, expression: FieldExpression, view: RowView): Static {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'field':
      return fieldInView(frame, expression.field, view);
    case 'unary': {
      const operand = valueInView(frame, expression.operand, view);
      return expression.op === '!' ? not(operand) : negate(operand);
    }
    case 'logical': {
      const holds = (operand: FieldExpression): boolean => isTrue(valueInView(frame, operand, view));
      return (expression.op === '&&' ? expression.operands.every(holds) : expression.operands.some(holds)) ? yes : no;
    }
    case 'binary':
      return binaryInView(frame, expression, view);
    default:
      return unreachable(expression);
  }
}

function binaryInView(frame: RowFrame, expression: BinaryExpression, view: RowView): Static {
  const { op, left, right } = expression;
  const bool = (value: boolean): Static => (value ? yes : no);
  switch (op) {
    case '=~':
    case '!~':
      return bool(frame.regexes.predicate(expression)(valueInView(frame, left, view)));
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if ((op === '=' || op === '!=') && (isNil(left) || isNil(right))) {
        return bool(existsInView(frame, op, isNil(left) ? right : left, view));
      }
      const holds = readsTraceId(left) || readsTraceId(right) ? compareTraceIds : compare;
      return bool(holds(op, valueInView(frame, left, view), valueInView(frame, right, view)));
    }
    default:
      return calculate(op, valueInView(frame, left, view), valueInView(frame, right, view));
  }
}

function existsInView(frame: RowFrame, op: '=' | '!=', operand: FieldExpression, view: RowView): boolean {
  if (isNil(operand)) {
    return false;
  }
  const value = valueInView(frame, operand, view);
  if (op === '!=') {
    return value.type !== 'nil';
  }
  const lists = listsOf(operand);
  return value.type === 'nil' && (!lists.event || view.event !== undefined) && (!lists.link || view.link !== undefined);
}

function fieldInView(frame: RowFrame, field: Field, { row, event, link }: RowView): Static {
  const list = listOfField(field);
  if (list === undefined) {
    return valueOfRow(frame.vector(field), row);
  }
  if (field.kind === 'attribute') {
    const value = attributeOf((list === 'event' ? event : link)?.attributes ?? [], field.name);
    return value === undefined ? nil : staticFromAnyValue(value);
  }
  switch (field.name) {
    case 'event:name':
      return event === undefined ? nil : { type: 'string', value: event.name };
    case 'event:timeSinceStart':
      return event === undefined
        ? nil
        : { type: 'duration', value: event.timeUnixNanos - frame.rows.startUnixNanos[row] };
    case 'link:traceID':
      return link === undefined ? nil : { type: 'string', value: link.traceId };
    case 'link:spanID':
      return link === undefined ? nil : { type: 'string', value: link.spanId };
    default:
      return nil;
  }
}
