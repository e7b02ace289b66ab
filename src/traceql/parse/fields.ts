/** Expressions over one span: what stands in braces, in `by (…)`, and as the argument of an aggregate. */
import type {
  ArithmeticOperator,
  ComparisonOperator,
  FieldExpression,
  FieldReference,
  RegexOperator,
  SpansetFilter,
} from '../ast.ts';
import { intrinsicSpellings } from '../attributes.ts';
import { fixForOperator, fixForWord } from '../habits.ts';
import { literalWords } from '../literals.ts';
import { fieldOperators, notPrecedence, precedence } from '../operators.ts';
import type { Cursor } from './cursor.ts';

export function fieldExpression(cursor: Cursor, least: number): FieldExpression {
  return cursor.nested(() => {
    let left = fieldOperand(cursor);
    for (;;) {
      const operator = cursor.peek();
      if (operator.kind === 'symbol' && operator.text === '==') {
        throw cursor.error(operator, {
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
      cursor.next();
      const right = fieldExpression(cursor, operator.text === '^' ? level : level + 1);
      left = combineFields(cursor, left, operator.text, right);
    }
  });
}

function combineFields(cursor: Cursor, left: FieldExpression, op: string, right: FieldExpression): FieldExpression {
  const range = { start: left.range.start, end: right.range.end };
  if (op === '&&' || op === '||') {
    const operands = left.kind === 'logical' && left.op === op ? (left.operands as FieldExpression[]) : [left];
    operands.push(right);
    return cursor.growBy({ kind: 'logical', range, op, operands }, left, right, operands.length > 2);
  }
  const operator = op as ComparisonOperator | RegexOperator | ArithmeticOperator;
  return cursor.grow({ kind: 'binary', range, op: operator, left, right }, left, right);
}

function fieldOperand(cursor: Cursor): FieldExpression {
  const token = cursor.peek();
  if (token.kind === 'symbol') {
    switch (token.text) {
      case '(': {
        cursor.next();
        const inner = fieldExpression(cursor, 0);
        if (!cursor.isSymbol(')')) {
          throw cursor.unexpected(
            cursor.peek(),
            '`)` or an operator',
            fixForWord(cursor.text, cursor.peek(), 'operator')
          );
        }
        cursor.next();
        return cursor.grow({ ...inner, range: cursor.rangeFrom(token.start) }, inner);
      }
      case '!': {
        cursor.next();
        const operand = fieldExpression(cursor, notPrecedence);
        return cursor.grow({ kind: 'unary', range: cursor.rangeFrom(token.start), op: '!', operand }, operand);
      }
      case '-':
        return negation(cursor);
      default:
    }
  }
  if (token.kind === 'field' || (token.kind === 'word' && intrinsicSpellings[token.text] !== undefined)) {
    return fieldReference(cursor);
  }
  if (token.kind === 'literal' || (token.kind === 'word' && literalWords[token.text] !== undefined)) {
    return cursor.literal('a value');
  }
  throw cursor.unexpected(token, 'an attribute, an intrinsic or a value', fixForWord(cursor.text, token, 'operand'));
}

/** `-` binds tightest. A minus before a number belongs to the number. */
function negation(cursor: Cursor): FieldExpression {
  const start = cursor.peek().start;
  const following = cursor.following();
  if (following.kind === 'literal') {
    return cursor.literal('a number');
  }
  cursor.next();
  const operand = cursor.nested(() => fieldOperand(cursor));
  return cursor.grow({ kind: 'unary', range: cursor.rangeFrom(start), op: '-', operand }, operand);
}

export function fieldList(cursor: Cursor): FieldReference[] {
  const fields = [fieldReference(cursor)];
  while (cursor.accept(',')) {
    fields.push(fieldReference(cursor));
  }
  return fields;
}

export function fieldReference(cursor: Cursor): FieldReference {
  const token = cursor.next();
  const range = { start: token.start, end: token.end };
  if (token.kind === 'field') {
    return { kind: 'field', range, field: token.field };
  }
  const name = token.kind === 'word' ? intrinsicSpellings[token.text] : undefined;
  if (name === undefined) {
    throw cursor.unexpected(
      token,
      'an attribute such as `.foo` or an intrinsic',
      fixForWord(cursor.text, token, 'operand')
    );
  }
  return { kind: 'field', range, field: { kind: 'intrinsic', name } };
}

export function spansetFilter(cursor: Cursor): SpansetFilter {
  const start = cursor.expect('{').start;
  const expression = cursor.isSymbol('}') ? undefined : fieldExpression(cursor, 0);
  if (!cursor.isSymbol('}')) {
    throw cursor.unexpected(cursor.peek(), '`}` or an operator', fixForWord(cursor.text, cursor.peek(), 'operator'));
  }
  cursor.expect('}');
  const node: SpansetFilter = { kind: 'spanset-filter', range: cursor.rangeFrom(start), expression };
  return expression === undefined ? node : cursor.grow(node, expression);
}
