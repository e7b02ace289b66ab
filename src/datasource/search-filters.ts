/** One row of the search builder, in the Tempo data source's shape. */
export interface SearchFilter {
  /** Names the row; `min-duration`, `max-duration` and `duration-type` have a meaning of their own. */
  id: string;
  /** Attribute name without its scope, or an intrinsic. */
  tag?: string;
  operator?: string;
  scope?: string;
  value?: string | string[];
  /** How the value is written: `string` is quoted, anything else (int, float, duration, keyword, bool) stands bare. */
  valueType?: string;
  isCustomValue?: boolean;
}

const intrinsics: ReadonlySet<string> = new Set([
  'duration',
  'kind',
  'name',
  'rootName',
  'rootServiceName',
  'status',
  'statusMessage',
  'traceDuration',
]);

/** Whether the row says something; half-filled rows are left out of the query. */
export function isComplete(filter: SearchFilter): boolean {
  return (
    filter.id !== 'duration-type' &&
    Boolean(filter.tag) &&
    Boolean(filter.operator) &&
    valuesOf(filter).some((value) => value !== '')
  );
}

/** The builder's rows as one TraceQL spanset filter; `{}` when none is complete. */
export function traceqlFromFilters(filters: readonly SearchFilter[]): string {
  const durationKind = valuesOf(filters.find((filter) => filter.id === 'duration-type') ?? { id: '' })[0];
  const conditions = filters
    .filter(isComplete)
    .map((filter) => condition(filter, durationKind === 'trace' ? 'traceDuration' : 'duration'));
  return `{${conditions.join(' && ')}}`;
}

function condition(filter: SearchFilter, durationTag: string): string {
  const isDuration = filter.id === 'min-duration' || filter.id === 'max-duration';
  const reference = isDuration ? durationTag : attributeReference(filter.scope ?? '', filter.tag ?? '');
  const operator = filter.operator ?? '=';
  const values = valuesOf(filter).filter((value) => value !== '');
  if (operator === '=~' || operator === '!~') {
    return `${reference} ${operator} ${quote(values.join('|'))}`;
  }
  const terms = values.map((value) => `${reference} ${operator} ${literal(value, filter)}`);
  // "is one of" is a disjunction, "is none of" a conjunction.
  return terms.length === 1 ? terms[0] : `(${terms.join(operator === '!=' ? ' && ' : ' || ')})`;
}

function attributeReference(scope: string, tag: string): string {
  if (scope === 'intrinsic' || tag.includes(':') || (scope === '' && intrinsics.has(tag))) {
    return tag;
  }
  const prefix = scope === '' || scope === 'unscoped' ? '' : scope;
  return `${prefix}.${/^[\w.\-/]+$/.test(tag) ? tag : quote(tag)}`;
}

function literal(value: string, filter: SearchFilter): string {
  const bare = filter.valueType !== undefined && filter.valueType !== 'string';
  // A template variable stands for a value of the type it is compared with.
  return bare ? value : quote(value);
}

/** A TraceQL string. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

function valuesOf(filter: SearchFilter): string[] {
  return filter.value === undefined ? [] : Array.isArray(filter.value) ? filter.value : [filter.value];
}
