/** What newcomers bring from PromQL and SQL, and what to write instead. */
import { intrinsicSpellings } from './attributes.ts';
import type { QueryFix } from './errors.ts';
import type { Token } from './lexer.ts';

interface At {
  readonly start: number;
  readonly end: number;
}

const wordOperators: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  not: '!',
  AND: '&&',
  OR: '||',
  NOT: '!',
};
/** Words people use for what has another name here. */
const wordFields: Readonly<Record<string, string>> = {
  service: 'resource.service.name',
  service_name: 'resource.service.name',
  operation: 'name',
  span_name: 'name',
  trace_id: 'trace:id',
  traceID: 'trace:id',
  span_id: 'span:id',
  latency: 'duration',
};

/** Another text for a token. */
export function replace(token: At, replacement: string, title = `write \`${replacement}\``): QueryFix {
  return { title, offset: token.start, length: token.end - token.start, replacement };
}

/** `==` for `=`. */
export function fixForOperator(token: Token): readonly QueryFix[] {
  return token.kind === 'symbol' && token.text === '==' ? [replace(token, '=')] : [];
}

/** A word where it cannot stand: `and` for `&&`, `by service` for `by(resource.service.name)`, `foo` for `.foo`. */
export function fixForWord(text: string, token: Token, place: 'operator' | 'operand' | 'by'): readonly QueryFix[] {
  if (place === 'by') {
    return fixForBareBy(text, token);
  }
  if (token.kind !== 'word') {
    return [];
  }
  const operator = Object.hasOwn(wordOperators, token.text) ? wordOperators[token.text] : undefined;
  if (operator !== undefined && (place === 'operator') === (operator !== '!')) {
    return [replace(token, operator)];
  }
  return place === 'operand' && operator === undefined ? [replace(token, fieldForWord(token.text))] : [];
}

/** `!{ … }` for `{ } !&& { … }`, and `{ … } && !{ … }` for `{ … } !&& { … }`. */
export function fixForNegatedSpanset(not: At, before: Token | undefined): QueryFix {
  return before?.kind === 'symbol' && before.text === '&&'
    ? replace({ start: before.start, end: not.end }, '!&& ', 'write `!&&`')
    : replace(not, '{ } !&& ', 'write `{ } !&&`: all spans of the traces without');
}

function fieldForWord(word: string): string {
  const known = Object.hasOwn(wordFields, word) ? wordFields[word] : intrinsicSpellings[word];
  return known ?? `.${word}`;
}

function fixForBareBy(text: string, token: Token): readonly QueryFix[] {
  const field =
    token.kind === 'word'
      ? fieldForWord(token.text)
      : token.kind === 'field'
        ? text.slice(token.start, token.end)
        : undefined;
  return field === undefined ? [] : [replace(token, `(${field})`)];
}

/**
 * `rate({ … }[5m])` for `{ … } | rate()`, and `rate([5m])` for `rate()`. The text is scanned, not parsed: braces in strings make the
 * fix wrong at worst, and a person decides.
 */
export function fixForRangeVector(text: string, call: At): QueryFix | undefined {
  const name = text.slice(call.start, call.end);
  const open = text.indexOf('(', call.end);
  const close = open === -1 ? -1 : matchingParenthesis(text, open);
  if (close === -1) {
    return undefined;
  }
  const argument = text.slice(open + 1, close).trim();
  const selector = argument.replace(/\s*\[[^\]]*\]$/, '');
  const range = { start: call.start, end: close + 1 };
  if (selector === '') {
    const isFirst = text.slice(0, call.start).trim() === '';
    return argument === '' && !isFirst ? undefined : replace(range, isFirst ? `{ } | ${name}()` : `${name}()`);
  }
  return selector.startsWith('{')
    ? replace(range, `${selector} | ${name}()`)
    : fixForMetricName(text, { start: call.start, end: close + 1 }, selector);
}

/**
 * `rate(http_requests[5m]) by service where status=500` for `{ span.http.response.status_code = 500 } | rate() by(resource.service.name)`.
 * The metric's name has no counterpart: spans are what is counted.
 */
function fixForMetricName(text: string, call: At, selector: string): QueryFix | undefined {
  const name = /^\w+/.exec(text.slice(call.start))?.[0] ?? '';
  const tail = /^\s*(?:by\s*(\([\w.,\s]+\)|[\w.]+(?:\s*,\s*[\w.]+)*))?\s*(?:where\s+(.+?))?\s*$/is.exec(
    text.slice(call.end)
  );
  if (!/^[a-z_:][\w:]*$/i.test(selector) || tail === null || text.slice(0, call.start).trim() !== '') {
    return undefined;
  }
  const [, by = '', where] = tail;
  const fields = by
    .replace(/[()]/g, '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '');
  const groups = fields.length === 0 ? '' : ` by(${fields.map(fieldForLabel).join(', ')})`;
  const conditions = where === undefined ? '' : `${conditionsForLabels(where)} `;
  return replace({ start: call.start, end: text.length }, `{ ${conditions}} | ${name}()${groups}`);
}

/** `status=500 and method="GET"` as conditions on spans. */
function conditionsForLabels(where: string): string {
  return where
    .split(/\s+(and|or|&&|\|\|)\s+/i)
    .map((part, index) => {
      if (index % 2 === 1) {
        return wordOperators[part.toLowerCase()] ?? part;
      }
      const [, label, operator, value] = /^([\w.]+)\s*(==|=~|!=|!~|<=|>=|[=<>])\s*(.+)$/s.exec(part.trim()) ?? [];
      if (label === undefined) {
        return part;
      }
      const isStatusCode = /^(status|code|status_code)$/i.test(label) && /^["']?\d+["']?$/.test(value);
      const field = isStatusCode ? 'span.http.response.status_code' : fieldForLabel(label);
      const bare = value.replace(/^(["'])(.*)\1$/s, '$2');
      const isBare = isStatusCode || (bare === value && /^(\d[\w.]*|true|false|error|ok|unset)$/.test(value));
      return `${field} ${operator === '==' ? '=' : operator} ${isBare ? bare : JSON.stringify(bare)}`;
    })
    .join(' ');
}

function fieldForLabel(label: string): string {
  return label.includes('.') ? `.${label}`.replace(/^\.(?=(?:resource|span)\.)/, '') : fieldForWord(label);
}

function matchingParenthesis(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    depth += text[i] === '(' ? 1 : text[i] === ')' ? -1 : 0;
    if (depth === 0) {
      return i;
    }
  }
  return -1;
}
