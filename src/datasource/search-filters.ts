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
  /** Of a row that the settings configure: what stands before it. */
  label?: string;
}

/** A further spanset of the builder, and how it stands to the ones before it: `>>`, `&&`. A field of ours: Tempo's builder has one spanset. */
export interface RelatedSpanset {
  operator: string;
  filters: SearchFilter[];
}

/** Rows that every builder has; those of service and span name can be replaced by the settings. Each id keeps its row apart from added ones. */
export const nameRows: readonly SearchFilter[] = [
  {
    id: 'service-name',
    label: 'Service name',
    scope: 'resource',
    tag: 'service.name',
    operator: '=',
    valueType: 'string',
  },
  { id: 'span-name', label: 'Span name', scope: 'span', tag: 'name', operator: '=', valueType: 'string' },
];
const intrinsicRows: readonly SearchFilter[] = [
  { id: 'status', label: 'Status', scope: 'intrinsic', tag: 'status', operator: '=', valueType: 'keyword' },
  { id: 'min-duration', label: 'Duration at least', tag: 'duration', operator: '>=', valueType: 'duration' },
  { id: 'max-duration', label: 'Duration at most', tag: 'duration', operator: '<=', valueType: 'duration' },
];
export const fixedRows: readonly SearchFilter[] = [...nameRows, ...intrinsicRows];

/** The builder's rows under these settings (`search.filters`). Rows without an attribute say nothing. */
export function rowsOfSettings(filters: readonly SearchFilter[] | undefined): readonly SearchFilter[] {
  const own = (filters ?? []).filter(({ tag }) => Boolean(tag));
  const known = new Map(nameRows.map((row) => [row.id, row]));
  const rows = own.map((filter) => ({ operator: '=', valueType: 'string', ...known.get(filter.id), ...filter }));
  return [...(own.length === 0 ? nameRows : rows), ...intrinsicRows];
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

/** All rows of the builder as TraceQL. Spansets that say nothing stand as `{}`: every span. */
export function traceqlOfBuilder(filters: readonly SearchFilter[], related: readonly RelatedSpanset[] = []): string {
  const [first, ...rest] = [{ operator: '', filters }, ...related];
  // Operators have precedences of their own: parentheses keep the order of the rows.
  return rest.reduce((text, spanset, index) => {
    const left = index === 0 ? text : `(${text})`;
    return `${left} ${spanset.operator} ${traceqlFromFilters(spanset.filters)}`;
  }, traceqlFromFilters(first.filters));
}

/** The rows of one spanset as a TraceQL spanset filter; `{}` when none is complete. */
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
    // What was chosen from a list means itself; what was typed may be an expression.
    const isPlain = filter.isCustomValue === false;
    return `${reference} ${operator} ${quote(values.map((value) => (isPlain ? escapeRegex(value) : value)).join('|'))}`;
  }
  const terms = values.map((value) => `${reference} ${operator} ${literal(value, filter)}`);
  // "is one of" is a disjunction, "is none of" a conjunction.
  return terms.length === 1 ? terms[0] : `(${terms.join(operator === '!=' ? ' && ' : ' || ')})`;
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** As TraceQL writes it. */
export function attributeReference(scope: string, tag: string): string {
  // As in Tempo's builder, the name of an intrinsic means the intrinsic: its row for span names has the scope `span`.
  if (scope === 'intrinsic' || tag.includes(':') || (['', 'span'].includes(scope) && intrinsics.has(tag))) {
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

export function valuesOf(filter: SearchFilter): string[] {
  return filter.value === undefined ? [] : Array.isArray(filter.value) ? filter.value : [filter.value];
}
