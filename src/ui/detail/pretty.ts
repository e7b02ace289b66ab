/**
 * SQL and JSON laid out for reading. Only white space between tokens changes: what stands in strings and comments, and every other
 * letter, stays as it came, so that a big integer or a key that comes twice is still there.
 */

export type PrettyKind = 'sql' | 'json';

/** Longer texts are shown as they are: nobody reads them formatted, and the page must not wait for it. */
export const prettyLengthMax = 200_000;

/** What a value is, by its key and looks; `undefined` for other text. */
export function prettyKindOf(key: string, text: string): PrettyKind | undefined {
  if (text.length > prettyLengthMax || text.length < 2) {
    return undefined;
  }
  if (/^\s*[[{]/.test(text) && isJson(text)) {
    return 'json';
  }
  const isStatement =
    /^\s*(select|insert\s+into|update|delete\s+from|with|merge\s+into|create|alter|drop|explain)\s/i.test(text);
  return isStatement &&
    (/(^|\.)(statement|query|sql|text)$/i.test(key) || /\b(from|set|values|table|into)\b/i.test(text))
    ? 'sql'
    : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function pretty(kind: PrettyKind, text: string): string {
  return kind === 'json' ? prettyJson(text) : prettySql(text);
}

/** Of valid JSON. Short lists and objects stay on one line. */
export function prettyJson(text: string): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gs) ?? [];
  const lineLengthMax = 72;
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const flat = (token: string): string => (token === ',' ? ', ' : token === ':' ? ': ' : token);
  /** The end of the bracket that opens at `start`, and its length on one line. */
  const ends = closingBrackets(tokens);
  let out = '';
  const stack: { readonly close: string; readonly isFlat: boolean }[] = [];
  const newLine = (): string => `\n${'  '.repeat(stack.length)}`;
  while (at < tokens.length) {
    const start = at;
    const token = next();
    const isFlat = stack.at(-1)?.isFlat === true;
    if (token === '{' || token === '[') {
      const end = ends[start];
      const inside = tokens
        .slice(start, Math.min(end + 1, start + 60))
        .map(flat)
        .join('');
      const fits = isFlat || (end - start < 60 && inside.length <= lineLengthMax);
      stack.push({ close: token === '{' ? '}' : ']', isFlat: fits });
      out += token + (fits ? '' : newLine());
    } else if (token === '}' || token === ']') {
      stack.pop();
      out += isFlat ? token : newLine() + token;
    } else if (token === ',') {
      out += isFlat ? ', ' : `,${newLine()}`;
    } else {
      out += flat(token);
    }
  }
  return out;
}

function closingBrackets(tokens: readonly string[]): Int32Array {
  const ends = new Int32Array(tokens.length);
  const open: number[] = [];
  tokens.forEach((token, index) => {
    if (token === '{' || token === '[') {
      open.push(index);
    } else if (token === '}' || token === ']') {
      ends[open.pop() ?? index] = index;
    }
  });
  return ends;
}

/** Strings, quoted names, dollar quotes, comments, words and numbers, single signs; white space between them is ours. */
const sqlToken =
  /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`[^`]*`?|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\p{L}\p{N}_$@:.?#%]+|[<>=!|&+\-*/^~]+|\S/gu;

/** Words that begin a line; those of several words are written as one here. */
const clauses =
  /^(select|from|where|group|order|having|limit|offset|union|intersect|except|values|set|returning|window|insert|update|delete|with|on conflict|left|right|inner|outer|full|cross|join)$/i;

export function prettySql(text: string): string {
  const matches = [...text.matchAll(sqlToken)];
  let out = '';
  let depth = 0;
  /** For each open bracket: whether a subquery stands in it. */
  const subqueries: boolean[] = [];
  let previous = '';
  const newLine = (extra = 0): void => {
    out = `${out.trimEnd()}\n${'  '.repeat(depth + extra)}`;
  };
  matches.forEach((match, index) => {
    const token = match[0];
    const before = matches[index - 1];
    const hadSpace = before !== undefined && before.index + before[0].length < match.index;
    const isInPlainBracket = subqueries.at(-1) === false;
    const isJoinWord = /^(left|right|inner|outer|full|cross)$/i.test(previous);
    if (token === '(') {
      const isSubquery = /^(select|with)$/i.test(matches[index + 1]?.[0] ?? '');
      subqueries.push(isSubquery);
      out += (hadSpace ? ' ' : '') + token;
      if (isSubquery) {
        depth++;
        newLine();
      }
    } else if (token === ')') {
      if (subqueries.pop() === true) {
        depth = Math.max(0, depth - 1);
        newLine();
      } else if (hadSpace) {
        out = out.trimEnd();
      }
      out += token;
    } else if (token.startsWith('--') || token.startsWith('/*')) {
      out += `${out === '' || out.endsWith('\n') ? '' : ' '}${token}`;
      if (token.startsWith('--')) {
        newLine();
      }
    } else if (
      clauses.test(token) &&
      out !== '' &&
      !isInPlainBracket &&
      !isJoinWord &&
      !/^(insert|delete)$/i.test(previous)
    ) {
      newLine();
      out += token;
    } else if (/^(and|or)$/i.test(token) && !isInPlainBracket) {
      newLine(1);
      out += token;
    } else {
      const glued = out === '' || /[\n(]\s*$/.test(out) || token === ',' || token === ';' || !hadSpace;
      out += glued ? token : ` ${token}`;
    }
    previous = token;
  });
  return out.trim();
}
