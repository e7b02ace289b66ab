/** Text to tokens. Comments are skipped; what cannot be read becomes an `invalid` token, on which the parser stops. */
import type { Field } from './ast.ts';
import { readField } from './attributes.ts';
import type { QueryFix } from './errors.ts';
import type { Static } from './static.ts';
import { readNumber, readString } from './literals.ts';

interface TokenAt {
  readonly start: number;
  readonly end: number;
}

export type Token =
  | (TokenAt & { readonly kind: 'symbol'; readonly text: string })
  | (TokenAt & { readonly kind: 'word'; readonly text: string })
  | (TokenAt & { readonly kind: 'literal'; readonly value: Static })
  | (TokenAt & { readonly kind: 'field'; readonly field: Field })
  | (TokenAt & { readonly kind: 'comment' })
  | (TokenAt & { readonly kind: 'end' })
  | (TokenAt & {
      readonly kind: 'invalid';
      readonly message: string;
      readonly expected: string;
      readonly fixes: readonly QueryFix[];
    });

/** Longest first. `==` is no operator of TraceQL; it is read as one so that the error can say so. */
const symbols = [
  ...['!>>', '!<<', '&>>', '&<<', '!&&'],
  ...['==', '!=', '=~', '!~', '<=', '>=', '&&', '||', '>>', '<<', '!>', '!<', '&>', '&<', '&~'],
  ...['{', '}', '(', ')', ',', '=', '<', '>', '|', '+', '-', '*', '/', '%', '^', '!', '~'],
] as const;

/** All tokens, comments among them, ending with one `end`. Never throws. */
export function lexAll(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    const token = lexAny(text, at);
    tokens.push(token);
    if (token.kind === 'end') {
      return tokens;
    }
    at = token.end;
  }
}

/** The first token from `start` that is no comment. */
export function lexToken(text: string, start: number): Token {
  let token = lexAny(text, start);
  while (token.kind === 'comment') {
    token = lexAny(text, token.end);
  }
  return token;
}

function lexAny(text: string, from: number): Token {
  let start = from;
  while (start < text.length && /\s/.test(text[start])) {
    start++;
  }
  const first = text[start];
  if (first === undefined) {
    return { kind: 'end', start, end: start };
  }
  if (first === '/' && (text[start + 1] === '/' || text[start + 1] === '*')) {
    return lexComment(text, start);
  }
  if (first === '"' || first === '`') {
    const read = readString(text, start);
    return 'message' in read
      ? invalid(start, read.end, read.message, 'a string')
      : { kind: 'literal', start, end: read.end, value: { type: 'string', value: read.value } };
  }
  if (first === "'") {
    return lexSingleQuoted(text, start);
  }
  if (isDigit(first) || (first === '.' && isDigit(text[start + 1]))) {
    const read = readNumber(text, start);
    return 'message' in read
      ? invalid(start, read.end, read.message, 'a number or a duration such as `1.5s`')
      : { kind: 'literal', start, end: read.end, value: read.value };
  }
  return lexFieldOrWord(text, start) ?? lexSymbol(text, start);
}

function lexComment(text: string, start: number): Token {
  const block = text[start + 1] === '*';
  const close = text.indexOf(block ? '*/' : '\n', start + 2);
  if (close === -1) {
    return block
      ? invalid(start, text.length, 'the comment does not end', '`*/`')
      : { kind: 'comment', start, end: text.length };
  }
  return { kind: 'comment', start, end: close + (block ? 2 : 1) };
}

/** Not TraceQL, but what SQL and PromQL users write. */
function lexSingleQuoted(text: string, start: number): Token {
  const close = text.indexOf("'", start + 1);
  if (close === -1) {
    return invalid(
      start,
      text.length,
      'the string does not end, and single quotes are none of TraceQL',
      'a string in double quotes'
    );
  }
  const replacement = JSON.stringify(text.slice(start + 1, close));
  const fix = { title: `write ${replacement}`, offset: start, length: close + 1 - start, replacement };
  return invalid(start, close + 1, 'strings stand in double quotes or backticks', 'a string in double quotes', [fix]);
}

function lexFieldOrWord(text: string, start: number): Token | undefined {
  const read = readField(text, start);
  if (read !== undefined) {
    if ('field' in read) {
      return { kind: 'field', start, end: read.end, field: read.field };
    }
    const fixes =
      read.suggestion === undefined
        ? []
        : [
            {
              title: `write ${read.suggestion}`,
              offset: read.start,
              length: read.end - read.start,
              replacement: read.suggestion,
            },
          ];
    return invalid(read.start, read.end, read.message, read.expected, fixes);
  }
  let end = start;
  while (end < text.length && /[A-Za-z0-9_]/.test(text[end])) {
    end++;
  }
  return end > start ? { kind: 'word', start, end, text: text.slice(start, end) } : undefined;
}

function lexSymbol(text: string, start: number): Token {
  const symbol = symbols.find((candidate) => text.startsWith(candidate, start));
  if (symbol !== undefined) {
    return { kind: 'symbol', start, end: start + symbol.length, text: symbol };
  }
  const character = String.fromCodePoint(text.codePointAt(start)!);
  return invalid(
    start,
    start + character.length,
    `unexpected character ${JSON.stringify(character)}`,
    'part of a query'
  );
}

function invalid(
  start: number,
  end: number,
  message: string,
  expected: string,
  fixes: readonly QueryFix[] = []
): Token {
  return { kind: 'invalid', start, end: Math.max(end, start + 1), message, expected, fixes };
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}
