/** TraceQL back into rows of the search builder, where rows can say it. */
import type { FieldExpression, Pipeline, SpansetExpression } from '../traceql/ast.ts';
import { printField } from '../traceql/attributes.ts';
import { printStatic } from '../traceql/literals.ts';
import { parseQuery } from '../traceql/parser.ts';
import { printQuery } from '../traceql/printer.ts';
import { traceqlOfBuilder, type RelatedSpanset, type SearchFilter } from './search-filters.ts';

export interface BuilderRows {
  readonly filters: SearchFilter[];
  readonly related: RelatedSpanset[];
}

/**
 * `undefined` where the text does not parse or says more than rows can: rows that are answered print as a query with the same tree. Rows
 * that the builder has a place for get its id.
 */
export function rowsOfTraceql(text: string, fixed: readonly SearchFilter[]): BuilderRows | undefined {
  if (text.trim() === '') {
    return { filters: [], related: [] };
  }
  try {
    const query = parseQuery(text);
    if (query.body.kind !== 'pipeline' || query.hints.length > 0) {
      return undefined;
    }
    const spansets = spansetsOf(query.body);
    const rows = spansets?.map(({ operator, expression }, index) => ({
      operator,
      filters: expression === undefined ? [] : filtersOf(expression, index === 0 ? fixed : []),
    }));
    if (rows === undefined || !rows.every(isReadable)) {
      return undefined;
    }
    const [{ filters }, ...related] = rows;
    const printed = printQuery(parseQuery(traceqlOfBuilder(filters, related)));
    return printed === printQuery(query) ? { filters, related } : undefined;
  } catch {
    return undefined; // Text that is not finished, or not TraceQL, stays text.
  }
}

interface ReadSpanset {
  readonly operator: string;
  readonly expression: FieldExpression | undefined;
}

function isReadable(spanset: { operator: string; filters: SearchFilter[] | undefined }): spanset is RelatedSpanset {
  return spanset.filters !== undefined;
}

/** Filters that are joined from left to right. */
function spansetsOf(body: Pipeline): ReadSpanset[] | undefined {
  return body.stages.length === 1 ? chainOf(body.stages[0] as SpansetExpression) : undefined;
}

function chainOf(spanset: SpansetExpression): ReadSpanset[] | undefined {
  switch (spanset.kind) {
    case 'spanset-filter':
      return [{ operator: '', expression: spanset.expression }];
    case 'spanset-structure':
      return joined(spanset.left, spanset.op, [spanset.right]);
    case 'spanset-exclusion':
      return joined(spanset.left, '!&&', [spanset.right]);
    case 'spanset-combination':
      return joined(spanset.operands[0], spanset.op, spanset.operands.slice(1));
    case 'pipeline':
      return spansetsOf(spanset);
    default:
      return undefined;
  }
}

function joined(
  left: SpansetExpression,
  operator: string,
  right: readonly SpansetExpression[]
): ReadSpanset[] | undefined {
  const before = chainOf(left);
  const after = right.map((one) =>
    one.kind === 'spanset-filter' ? { operator, expression: one.expression } : undefined
  );
  return before === undefined || after.includes(undefined) ? undefined : [...before, ...(after as ReadSpanset[])];
}

function filtersOf(expression: FieldExpression, fixed: readonly SearchFilter[]): SearchFilter[] | undefined {
  const conditions = expression.kind === 'logical' && expression.op === '&&' ? expression.operands : [expression];
  const free = [...fixed];
  const filters: SearchFilter[] = [];
  for (const condition of conditions) {
    const filter = filterOf(condition);
    if (filter === undefined) {
      return undefined;
    }
    const place = free.findIndex((row) => takes(row, filter));
    filters.push(
      place === -1
        ? { ...filter, id: `attribute-${filters.length}` }
        : { ...filter, ...only(free.splice(place, 1)[0], ['id', 'scope', 'tag', 'label']) }
    );
  }
  return filters;
}

/** Whether the builder's row is for this condition. */
function takes(row: SearchFilter, filter: SearchFilter): boolean {
  const isDuration = row.id === 'min-duration' || row.id === 'max-duration';
  return isDuration
    ? filter.tag === 'duration' && filter.scope === 'intrinsic' && filter.operator === row.operator
    : row.tag === filter.tag && (row.scope === filter.scope || filter.scope === 'intrinsic');
}

function filterOf(condition: FieldExpression): (Omit<SearchFilter, 'id'> & { id: string }) | undefined {
  if (condition.kind === 'logical' && condition.op === '||') {
    return oneOf(condition.operands);
  }
  if (condition.kind !== 'binary' || condition.left.kind !== 'field' || condition.right.kind !== 'literal') {
    return undefined;
  }
  const { field } = condition.left;
  const { value } = condition.right;
  if (field.kind === 'parent' || value.type === 'array') {
    return undefined;
  }
  const name =
    field.kind === 'intrinsic'
      ? { scope: 'intrinsic', tag: printField(field) }
      : { scope: field.scope === 'any' ? 'unscoped' : field.scope, tag: field.name };
  const text = value.type === 'string' ? value.value : printStatic(value);
  const valueType = value.type === 'status' || value.type === 'kind' || value.type === 'nil' ? 'keyword' : value.type;
  return { id: '', ...name, operator: condition.op, value: text, valueType };
}

/** `a = "x" || a = "y"`: one row with two values. */
function oneOf(operands: readonly FieldExpression[]): SearchFilter | undefined {
  const filters = operands.map((operand) => (operand.kind === 'binary' ? filterOf(operand) : undefined));
  const [first] = filters;
  const isSame = filters.every(
    (filter) =>
      filter !== undefined &&
      filter.operator === '=' &&
      (['tag', 'scope', 'valueType'] as const).every((key) => filter[key] === first?.[key])
  );
  return first !== undefined && isSame
    ? { ...first, value: filters.map((filter) => filter!.value as string) }
    : undefined;
}

function only<T extends object, K extends keyof T>(object: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]])
  ) as Partial<Pick<T, K>>;
}
