import type { Field } from '../../traceql/ast.ts';
import type { ColumnKey, ColumnScope, ColumnType } from '../row-set.ts';

/** The types an attribute column may have; `any` holds arrays, maps, bytes and empty values. */
export const attributeTypes: readonly ColumnType[] = ['string', 'int', 'double', 'bool', 'any'];

/**
 * Raw columns a field may have to be looked for in, beside its own. The `*_extra` columns hold second occurrences of a key, which TraceQL
 * does not see, and the keys of a head that had no column left for them, which it does: a predicate looks there too.
 */
export type RawColumn = 'events' | 'links' | 'span_extra' | 'resource_extra' | 'scope_extra';

/** Where the values of a field live in a row set. */
export interface FieldColumns {
  readonly coded: readonly ColumnKey[];
  /** Encoded messages that may hold values of the field. */
  readonly raw: readonly RawColumn[];
  /** Fixed columns are always there; a field that is computed from the whole trace has no columns and cannot prune. */
  readonly fixed: 'duration' | 'kind' | 'status' | 'spanId' | 'parentId' | 'traceId' | undefined;
  readonly wholeTrace: boolean;
  /** A row without a code has the empty string, not nothing. */
  readonly emptyWhenAbsent: boolean;
}

const extraOf: Readonly<Record<Exclude<ColumnScope, 'intrinsic'>, RawColumn>> = {
  span: 'span_extra',
  resource: 'resource_extra',
  instrumentation: 'scope_extra',
};

const none: FieldColumns = { coded: [], raw: [], fixed: undefined, wholeTrace: false, emptyWhenAbsent: false };

/** The columns that hold the values of `field`. */
export function columnsOfField(field: Field): FieldColumns {
  if (field.kind === 'parent') {
    return { ...columnsOfField(field.field), fixed: undefined, wholeTrace: true };
  }
  if (field.kind === 'attribute') {
    switch (field.scope) {
      case 'span':
      case 'resource':
      case 'instrumentation':
        return attributeColumns([field.scope], field.name, []);
      case 'event':
        return { ...none, raw: ['events'] };
      case 'link':
        return { ...none, raw: ['links'] };
      case 'any':
        return attributeColumns(['span', 'resource', 'instrumentation'], field.name, ['events', 'links']);
    }
  }
  switch (field.name) {
    case 'name':
      return intrinsicText('name');
    case 'statusMessage':
      return intrinsicText('status_message');
    case 'instrumentation:name':
      return intrinsicText('scope_name');
    case 'instrumentation:version':
      return intrinsicText('scope_version');
    case 'duration':
      return { ...none, fixed: 'duration' };
    case 'kind':
      return { ...none, fixed: 'kind' };
    case 'status':
      return { ...none, fixed: 'status' };
    case 'span:id':
      return { ...none, fixed: 'spanId' };
    case 'span:parentID':
      return { ...none, fixed: 'parentId' };
    case 'trace:id':
      return { ...none, fixed: 'traceId' };
    case 'event:name':
    case 'event:timeSinceStart':
      return { ...none, raw: ['events'] };
    case 'link:traceID':
    case 'link:spanID':
      return { ...none, raw: ['links'] };
    default:
      return { ...none, wholeTrace: true };
  }
}

function intrinsicText(key: 'name' | 'status_message' | 'scope_name' | 'scope_version'): FieldColumns {
  return { ...none, coded: [{ scope: 'intrinsic', key, type: 'string' }], emptyWhenAbsent: true };
}

function attributeColumns(
  scopes: readonly Exclude<ColumnScope, 'intrinsic'>[],
  key: string,
  raw: readonly RawColumn[]
): FieldColumns {
  return {
    ...none,
    coded: scopes.flatMap((scope) => attributeTypes.map((type) => ({ scope, key, type }))),
    raw: [...raw, ...scopes.map((scope) => extraOf[scope])],
  };
}

/** Raw columns as keys. */
export function rawColumnKey(column: RawColumn): ColumnKey {
  return { scope: 'intrinsic', key: column, type: 'raw' };
}

/** What every answer about a trace needs, whatever the query reads: names of spans and services, status. */
const summaryColumns: readonly ColumnKey[] = [
  { scope: 'intrinsic', key: 'name', type: 'string' },
  { scope: 'resource', key: 'service.name', type: 'string' },
  rawColumnKey('resource_extra'),
];

export const traceStateColumn: ColumnKey = { scope: 'intrinsic', key: 'trace_state', type: 'string' };

/** All columns needed to evaluate a query that reads `fields`, and to describe the trace. */
export function columnsToEvaluate(
  fields: readonly Field[] | 'all',
  more: readonly ColumnKey[] = []
): ColumnKey[] | 'all' {
  if (fields === 'all') {
    return 'all';
  }
  const wanted = new Map<string, ColumnKey>();
  const add = (key: ColumnKey): void => void wanted.set(`${key.scope}\0${key.type}\0${key.key}`, key);
  summaryColumns.forEach(add);
  more.forEach(add);
  for (const field of fields) {
    const columns = columnsOfField(field);
    columns.coded.forEach(add);
    columns.raw.forEach((column) => add(rawColumnKey(column)));
  }
  return [...wanted.values()];
}
