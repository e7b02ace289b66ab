/**
 * The search form and TraceQL are two ways to write one thing: the form prints itself as one spanset filter, and reads such a filter
 * back. A query that says more than the form can is left to the editor.
 */
import { quoted, quotedKey } from '../state/value-target.ts';

export const comparisons = ['=', '!=', '=~', '!~', '>', '>=', '<', '<='] as const;
export type Comparison = (typeof comparisons)[number];

/** One free condition: an attribute as TraceQL writes it, and a value as a person types it. */
export interface AttributeRow {
  readonly attribute: string;
  readonly comparison: Comparison;
  readonly value: string;
}

export interface SearchForm {
  readonly service: string;
  readonly spanName: string;
  readonly status: '' | 'ok' | 'error' | 'unset';
  /** As TraceQL writes durations: `250ms`, `1.5s`. */
  readonly durationMin: string;
  readonly durationMax: string;
  readonly rows: readonly AttributeRow[];
}

export const emptyForm: SearchForm = {
  service: '',
  spanName: '',
  status: '',
  durationMin: '',
  durationMax: '',
  rows: [],
};

/** Empty text for an empty form: every trace. */
export function queryOfForm(form: SearchForm): string {
  const conditions: string[] = [];
  if (form.service !== '') {
    conditions.push(`resource.service.name = ${quoted(form.service)}`);
  }
  if (form.spanName !== '') {
    conditions.push(`name = ${quoted(form.spanName)}`);
  }
  if (form.status !== '') {
    conditions.push(`status = ${form.status}`);
  }
  if (isDuration(form.durationMin)) {
    conditions.push(`duration >= ${form.durationMin.replace(/\s/g, '')}`);
  }
  if (isDuration(form.durationMax)) {
    conditions.push(`duration <= ${form.durationMax.replace(/\s/g, '')}`);
  }
  for (const row of form.rows) {
    if (row.attribute.trim() !== '' && row.value !== '') {
      conditions.push(`${attributeText(row.attribute.trim())} ${row.comparison} ${valueText(row)}`);
    }
  }
  return conditions.length === 0 ? '' : `{ ${conditions.join(' && ')} }`;
}

export function isDuration(text: string): boolean {
  return /^\s*\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h)\s*$/.test(text);
}

/** A bare word of a person becomes an attribute of any scope. */
function attributeText(attribute: string): string {
  return /^(span|resource|event|link|instrumentation)?\.|^(span|trace|event|link|instrumentation):|^"/.test(
    attribute
  ) || intrinsics.has(attribute)
    ? attribute
    : `.${quotedKey(attribute)}`;
}

const intrinsics: ReadonlySet<string> = new Set([
  'name',
  'kind',
  'status',
  'statusMessage',
  'duration',
  'traceDuration',
  'rootName',
  'rootServiceName',
]);

const keywords = /^(true|false|ok|error|unset|nil|client|server|producer|consumer|internal|unspecified)$/;

/** Numbers, durations and keywords bare, everything else quoted; `"42"` forces a string. */
function valueText({ comparison, value }: AttributeRow): string {
  if (/^".*"$/s.test(value) && value.length > 1) {
    return quoted(value.slice(1, -1));
  }
  const isRegex = comparison === '=~' || comparison === '!~';
  const isBare = /^-?\d+(\.\d+)?$/.test(value) || isDuration(value) || keywords.test(value);
  return !isRegex && isBare ? value.replace(/\s/g, '') : quoted(value);
}

const condition =
  /^((?:[A-Za-z]+:[A-Za-z]+|(?:(?:span|resource|event|link|instrumentation)?\.)(?:"(?:[^"\\]|\\.)*"|[\p{L}\p{N}_.\-/])+|[A-Za-z]+))\s*(=~|!~|!=|>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s"&|{}()]+)\s*/u;

/** `undefined` when the query says what the form cannot. `formOfQuery(queryOfForm(form))` has the same query. */
export function formOfQuery(query: string): SearchForm | undefined {
  const text = query.trim();
  const inside = /^\{(.*)\}$/s.exec(text);
  if (text !== '' && !inside) {
    return undefined;
  }
  let rest = inside ? inside[1].trim() : '';
  let form = emptyForm;
  while (rest !== '') {
    const match = condition.exec(rest);
    if (!match) {
      return undefined;
    }
    form = withCondition(form, { attribute: match[1], comparison: match[2] as Comparison, value: match[3] });
    rest = rest.slice(match[0].length);
    if (rest.startsWith('&&')) {
      rest = rest.slice(2).trim();
      if (rest === '') {
        return undefined;
      }
    } else if (rest !== '') {
      return undefined;
    }
  }
  return form;
}

function withCondition(form: SearchForm, { attribute, comparison, value }: AttributeRow): SearchForm {
  const text = value.startsWith('"') ? unquoted(value) : undefined;
  if (attribute === 'resource.service.name' && comparison === '=' && text && form.service === '') {
    return { ...form, service: text };
  }
  if (attribute === 'name' && comparison === '=' && text && form.spanName === '') {
    return { ...form, spanName: text };
  }
  if (attribute === 'status' && comparison === '=' && form.status === '' && /^(ok|error|unset)$/.test(value)) {
    return { ...form, status: value as SearchForm['status'] };
  }
  if (attribute === 'duration' && comparison === '>=' && form.durationMin === '' && isDuration(value)) {
    return { ...form, durationMin: value };
  }
  if (attribute === 'duration' && comparison === '<=' && form.durationMax === '' && isDuration(value)) {
    return { ...form, durationMax: value };
  }
  const typed = text === undefined ? value : needsQuotes(text, comparison) ? `"${text}"` : text;
  return { ...form, rows: [...form.rows, { attribute, comparison, value: typed }] };
}

/** A string that would be taken for a number or keyword without its quotes. */
function needsQuotes(text: string, comparison: Comparison): boolean {
  return text === '' || /^".*"$/s.test(text) || !valueText({ attribute: 'x', comparison, value: text }).startsWith('"');
}

function unquoted(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

/** `query` with one more condition: into the filter where it is simple, as a second spanset where it is not. */
export function withAddedCondition(query: string, added: string): string {
  const text = query.trim();
  if (text === '' || /^\{\s*(true\s*)?\}$/.test(text)) {
    return `{ ${added} }`;
  }
  return formOfQuery(text) ? `${text.slice(0, -1).trimEnd()} && ${added} }` : `${text} && { ${added} }`;
}
