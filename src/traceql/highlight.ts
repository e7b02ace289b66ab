/** Colours for an editor. */
import type { Field } from './ast.ts';
import { intrinsicSpellings } from './attributes.ts';
import type { Token } from './lexer.ts';
import { lexAll } from './lexer.ts';
import { literalWords } from './literals.ts';

export type HighlightStyle =
  | 'attribute'
  | 'intrinsic'
  | 'function'
  | 'keyword'
  | 'string'
  | 'number'
  | 'constant'
  | 'operator'
  | 'bracket'
  | 'comment'
  | 'invalid';

export interface HighlightToken {
  readonly start: number;
  readonly end: number;
  readonly style: HighlightStyle;
}

/** Tokens in the order of the text, blanks left out. Never throws. */
export function highlight(text: string): readonly HighlightToken[] {
  return lexAll(text)
    .filter((token) => token.kind !== 'end')
    .map((token) => ({ start: token.start, end: token.end, style: styleOf(token, text) }));
}

function styleOf(token: Token, text: string): HighlightStyle {
  switch (token.kind) {
    case 'symbol':
      return /^[{}(),]$/.test(token.text) ? 'bracket' : 'operator';
    case 'literal':
      return token.value.type === 'string' ? 'string' : 'number';
    case 'field':
      return isIntrinsic(token.field) ? 'intrinsic' : 'attribute';
    case 'comment':
      return 'comment';
    case 'word':
      return styleOfWord(token.text, /^\s*\(/.test(text.slice(token.end, token.end + 64)));
    default:
      return 'invalid';
  }
}

function isIntrinsic(field: Field): boolean {
  return (field.kind === 'parent' ? field.field : field).kind === 'intrinsic';
}

function styleOfWord(word: string, isCalled: boolean): HighlightStyle {
  if (literalWords[word] !== undefined) {
    return 'constant';
  }
  if (intrinsicSpellings[word] !== undefined) {
    return 'intrinsic';
  }
  return word === 'by' || word === 'with' ? 'keyword' : isCalled ? 'function' : 'invalid';
}
