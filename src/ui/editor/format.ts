import { lexAll } from '../../traceql/lexer.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { printQuery } from '../../traceql/printer.ts';

/** Longer queries get a line for each stage. */
const lineLengthMax = 100;

/**
 * The query as our printer writes it, stages of a long one on lines of their own. Text that does not parse stays as it is, and so does
 * text with comments, which a syntax tree does not have.
 */
export function formatTraceql(text: string): string {
  try {
    if (text.trim() === '' || lexAll(text).some(({ kind }) => kind === 'comment')) {
      return text;
    }
    const line = printQuery(parseQuery(text));
    return line.length <= lineLengthMax ? line : brokenAtStages(line);
  } catch {
    return text;
  }
}

function brokenAtStages(line: string): string {
  let depth = 0;
  let broken = '';
  let copied = 0;
  for (const token of lexAll(line)) {
    if (token.kind === 'symbol' && /^[({]$/.test(token.text)) {
      depth++;
    } else if (token.kind === 'symbol' && /^[)}]$/.test(token.text)) {
      depth--;
    } else if (token.kind === 'symbol' && token.text === '|' && depth === 0) {
      broken += `${line.slice(copied, token.start).trimEnd()}\n  `;
      copied = token.start;
    }
  }
  return broken + line.slice(copied);
}
