/** A place in the tokens of a query, and what every rule of the grammar does there: look, take, bound the nesting, refuse. */
import type { Literal, SourceRange } from '../ast.ts';
import type { QueryErrorParts, QueryFix } from '../errors.ts';
import { QueryError } from '../errors.ts';
import { fixForOperator, fixForWord } from '../habits.ts';
import type { Token } from '../lexer.ts';
import { lexToken } from '../lexer.ts';
import { literalWords, maxInt } from '../literals.ts';
import { negate } from '../static.ts';

/** Depth of the tree and of parentheses. Deep enough for any machine-made query, shallow enough for every stack. */
export const maxNesting = 400;

export class Cursor {
  readonly text: string;
  /** Read as far as the parser has looked: a query that is refused early costs nothing more. */
  private readonly tokens: Token[] = [];
  private readonly heights = new Map<object, number>();
  private position = 0;
  private nesting = 0;

  constructor(text: string) {
    this.text = text;
  }

  private tokenAt(position: number): Token {
    while (this.tokens.length <= position) {
      const token = lexToken(this.text, this.tokens.at(-1)?.end ?? 0);
      this.tokens.push(token);
    }
    return this.tokens[position];
  }

  peek(): Token {
    const token = this.tokenAt(this.position);
    if (token.kind === 'invalid') {
      throw this.error(token, { message: token.message, expected: token.expected, fixes: token.fixes });
    }
    return token;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') {
      this.position++;
    }
    return token;
  }

  isSymbol(text: string): boolean {
    const token = this.peek();
    return token.kind === 'symbol' && token.text === text;
  }

  isWord(text: string): boolean {
    const token = this.peek();
    return token.kind === 'word' && token.text === text;
  }

  accept(text: string): boolean {
    const found = this.isSymbol(text);
    if (found) {
      this.position++;
    }
    return found;
  }

  expect(text: string): Token {
    const token = this.peek();
    if (!this.accept(text)) {
      throw this.unexpected(token, `\`${text}\``);
    }
    return token;
  }

  expectEnd(): void {
    const token = this.peek();
    if (token.kind !== 'end') {
      throw this.unexpected(token, 'an operator, `|` or the end', fixForWord(this.text, token, 'operator'));
    }
  }

  /** The token behind the next. */
  following(): Token {
    return this.tokenAt(this.position + 1);
  }

  /** The token before the cursor. */
  previous(): Token | undefined {
    return this.position === 0 ? undefined : this.tokens[this.position - 1];
  }

  previousEnd(): number {
    return this.previous()?.end ?? 0;
  }

  rangeFrom(start: number): SourceRange {
    return { start, end: Math.max(start, this.previousEnd()) };
  }

  nested<T>(parse: () => T): T {
    if (++this.nesting > maxNesting) {
      throw this.error(this.peek(), { message: `the query is nested more than ${maxNesting} levels deep` });
    }
    const node = parse();
    this.nesting--;
    return node;
  }

  grow<T extends object>(node: T, ...children: readonly object[]): T {
    let height = 1;
    for (const child of children) {
      height = Math.max(height, 1 + (this.heights.get(child) ?? 1));
    }
    if (height > maxNesting) {
      throw this.error((node as { range: SourceRange } & T).range, {
        message: `the query is nested more than ${maxNesting} levels deep`,
      });
    }
    this.heights.set(node, height);
    return node;
  }

  /** A run that takes one operand more is as high as before, or one more than that operand. */
  growBy<T extends object>(node: T, left: object, right: object, extended: boolean): T {
    this.grow(node, left, right);
    if (extended) {
      this.heights.set(node, Math.max(this.heights.get(left) ?? 1, 1 + (this.heights.get(right) ?? 1)));
    }
    return node;
  }

  error(range: SourceRange, parts: Omit<QueryErrorParts, 'phase'>): QueryError {
    return new QueryError(this.text, range, { phase: 'parse', ...parts });
  }

  unexpected(token: Token, expected: string, fixes: readonly QueryFix[] = []): QueryError {
    const found =
      token.kind === 'end' ? 'the end of the query' : `\`${this.text.slice(token.start, token.end).slice(0, 40)}\``;
    const all = token.kind === 'symbol' ? [...fixes, ...fixForOperator(token)] : fixes;
    return this.error(token, { message: `expected ${expected}, found ${found}`, expected, fixes: all });
  }

  literal(expected: string): Literal {
    const start = this.peek().start;
    const negative = this.accept('-');
    const token = this.next();
    const value = token.kind === 'literal' ? token.value : token.kind === 'word' ? literalWords[token.text] : undefined;
    if (value === undefined || (negative && !['int', 'float', 'duration'].includes(value.type))) {
      throw this.unexpected(token, expected, token.kind === 'word' ? fixForWord(this.text, token, 'operand') : []);
    }
    const range = this.rangeFrom(start);
    if (value.type === 'int' && value.value > maxInt && !negative) {
      throw this.error(range, { message: `\`${value.value}\` is beyond 64 bits` });
    }
    return { kind: 'literal', range, value: negative ? negate(value) : value };
  }

  plainNumber(expected: string): number {
    const literal = this.literal(expected);
    if (literal.value.type !== 'int' && literal.value.type !== 'float') {
      throw this.error(literal.range, { message: `expected ${expected}`, expected });
    }
    return Number(literal.value.value);
  }

  integer(expected: string): bigint {
    const literal = this.literal(expected);
    if (literal.value.type !== 'int') {
      throw this.error(literal.range, { message: `expected ${expected}`, expected });
    }
    return literal.value.value;
  }
}
