import { CodedError } from '../base/coded-error.ts';
import type { SourceRange } from './ast.ts';

/** A change of the query text that would make it valid: replace `length` units at `offset`. */
export interface QueryFix {
  /** For a person, in the imperative: "use `&&`". */
  readonly title: string;
  readonly offset: number;
  readonly length: number;
  readonly replacement: string;
}

export interface QueryErrorParts {
  /** `parse`: the text is no query. `validation`: it is one, but it has no meaning. */
  readonly phase: 'parse' | 'validation';
  /** One sentence without the position. */
  readonly message: string;
  readonly expected?: string;
  readonly fixes?: readonly QueryFix[];
}

/**
 * A query's fault. `message` is the sentence alone; doors add the position in their protocol's manner, `toString` draws it:
 *
 *     TraceQL parse error at line 1, col 9: …
 *     { .a == 1 }
 *          ^^
 */
export class QueryError extends CodedError {
  override readonly name = 'QueryError';
  readonly phase: 'parse' | 'validation';
  readonly text: string;
  /** UTF-16 units from the start of the text. */
  readonly offset: number;
  /** At least 1, also at the end of the text. */
  readonly length: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What could stand there; empty when nothing in particular. */
  readonly expected: string;
  readonly fixes: readonly QueryFix[];

  constructor(text: string, range: SourceRange, parts: QueryErrorParts) {
    const offset = Math.min(range.start, text.length);
    const length = Math.max(1, range.end - range.start);
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1) + 1;
    super('query_invalid', parts.message, { phase: parts.phase, offset, length, line, column });
    this.phase = parts.phase;
    this.text = text;
    this.offset = offset;
    this.length = length;
    this.line = line;
    this.column = column;
    this.expected = parts.expected ?? '';
    this.fixes = parts.fixes ?? [];
  }

  /** The sentence with its position, the line and a caret under the fault. */
  override toString(): string {
    const lineStart = this.offset - (this.column - 1);
    const lineEnd = this.text.indexOf('\n', lineStart);
    const line = this.text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
    // A long line is cut around the fault; 60 on both sides fits a terminal with room for the log's prefix.
    const cutStart = Math.max(0, this.column - 1 - 60);
    const cut = line.slice(cutStart, cutStart + 120);
    const width = Math.max(1, Math.min(this.length, cut.length - (this.column - 1 - cutStart)));
    const caret = ' '.repeat(this.column - 1 - cutStart) + '^'.repeat(width);
    const title = `TraceQL ${this.phase} error at line ${this.line}, col ${this.column}: ${this.message}`;
    return [title, cut, caret, ...this.fixes.map((fix) => `fix: ${fix.title}`)].join('\n');
  }
}
