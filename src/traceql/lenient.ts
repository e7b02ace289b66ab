/** The tolerant reading of `q` on tag look-ups, where the query is still being typed. */
import type { FieldExpression, Query } from './ast.ts';
import { intrinsicSpellings } from './attributes.ts';
import { QueryError } from './errors.ts';
import { fieldsOfExpression } from './expression.ts';
import type { Token } from './lexer.ts';
import { lexToken } from './lexer.ts';
import { literalWords } from './literals.ts';
import { parseQuery, queryBytesMax } from './parser.ts';
import { validateQuery } from './validate.ts';

const comparisons = ['=', '==', '!=', '=~', '!~', '<', '<=', '>', '>='];
const joins = ['&&', '||'];

/**
 * The one spanset filter that `q` begins with, as a query: unfinished comparisons count as true, missing braces and parentheses are
 * put in. `undefined` means: do not filter. That is so when the text cannot be read, when several filters are combined, when the
 * filter says nothing, and when it reads an unscoped attribute.
 */
export function parseLenient(text: string): Query | undefined {
  if (text.length > queryBytesMax) {
    return undefined;
  }
  const tokens = firstFilter(text);
  if (tokens === undefined) {
    return undefined;
  }
  try {
    const query = parseQuery(`{ ${mend(text, tokens)} }`);
    validateQuery(query);
    const stage = query.body.kind === 'pipeline' ? query.body.stages[0] : undefined;
    const expression = stage?.kind === 'spanset-filter' ? stage.expression : undefined;
    return expression !== undefined && isUsable(expression) ? query : undefined;
  } catch (error) {
    if (error instanceof QueryError) {
      return undefined;
    }
    throw error;
  }
}

function isUsable(expression: FieldExpression): boolean {
  const fields = fieldsOfExpression(expression);
  return fields.length > 0 && fields.every((field) => field.kind !== 'attribute' || field.scope !== 'any');
}

/** Tokens between the first braces, to the end of what can be read; `undefined` when other filters are joined to it. */
function firstFilter(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let token = lexToken(text, 0);
  while (isSymbol(token, '(')) {
    token = lexToken(text, token.end);
  }
  if (!isSymbol(token, '{')) {
    return undefined;
  }
  for (;;) {
    token = lexToken(text, token.end);
    if (token.kind === 'end' || token.kind === 'invalid') {
      return tokens;
    }
    if (isSymbol(token, '}')) {
      break;
    }
    tokens.push(token);
  }
  do {
    token = lexToken(text, token.end);
  } while (isSymbol(token, ')'));
  return token.kind === 'end' || isSymbol(token, '|') ? tokens : undefined;
}

/** Text of the filter with `true` for what is unfinished. */
function mend(text: string, tokens: readonly Token[]): string {
  const parts: string[] = [];
  let open = 0;
  for (const [index, token] of tokens.entries()) {
    const following = tokens[index + 1];
    const last = following === undefined || isSymbol(following, ')', ...joins);
    if (isSymbol(token, ...comparisons) && last) {
      parts.pop();
      parts.push('true');
    } else if (isSymbol(token, ...joins)) {
      const missing = parts.length === 0 || isOpening(parts.at(-1)!);
      parts.push(...(missing ? ['true'] : []), text.slice(token.start, token.end), ...(last ? ['true'] : []));
    } else if (isSymbol(token, '(')) {
      open++;
      parts.push('(', ...(last ? ['true'] : []));
    } else if (isSymbol(token, ')')) {
      parts.push(...(open > 0 ? [')'] : []));
      open = Math.max(0, open - 1);
    } else if (
      token.kind === 'word' &&
      literalWords[token.text] === undefined &&
      intrinsicSpellings[token.text] === undefined
    ) {
      parts.push('true');
    } else {
      parts.push(text.slice(token.start, token.end));
    }
  }
  return [...parts, ')'.repeat(open)].join(' ');
}

function isOpening(part: string): boolean {
  return part === '(' || part === '!' || joins.includes(part);
}

function isSymbol(token: Token, ...texts: readonly string[]): boolean {
  return token.kind === 'symbol' && texts.includes(token.text);
}
