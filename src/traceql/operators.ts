/** The operators of the language: how tightly they bind, and what they stand between. */

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

export const structuralOperators = [
  '>',
  '>>',
  '<',
  '<<',
  '~',
  '!>',
  '!>>',
  '!<',
  '!<<',
  '!~',
  '&>',
  '&>>',
  '&<',
  '&<<',
  '&~',
];
export const comparisonOperators = ['=', '!=', '<', '<=', '>', '>='];
export const arithmeticOperators = ['+', '-', '*', '/', '%', '^'];
/** Between the operands of an expression over one span. */
export const fieldOperators = ['&&', '||', ...comparisonOperators, '=~', '!~', ...arithmeticOperators];
