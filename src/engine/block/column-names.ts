import { listSchemas } from './list-schema.ts';
import { type ColumnKey, type ColumnScope, type ColumnType, intrinsicColumns } from '../row-set.ts';

/** Physical names of the columns that every block has, in file order. */
export const fixedColumnNames = [
  'trace_id',
  'span_id',
  'parent_span_id',
  'parent_index',
  'start_unix_nano',
  'duration_nano',
  'kind',
  'status_code',
] as const;

/** Physical names of the columns with one value per trace, at its first row. */
export const traceColumnNames = [
  'trace_duration_nano',
  'trace_span_count',
  'trace_error_count',
  'trace_root_service',
  'trace_root_name',
] as const;

const scopeOrder: readonly ColumnScope[] = ['intrinsic', 'resource', 'instrumentation', 'span'];
const typeOrder: readonly ColumnType[] = ['string', 'int', 'double', 'bool', 'any', 'raw'];
const intrinsicOrder = Object.keys(intrinsicColumns);

/** File order of coded columns: intrinsics as listed, then by scope, key (UTF-16) and type. */
export function compareColumnKeys(a: ColumnKey, b: ColumnKey): number {
  if (a.scope !== b.scope) {
    return scopeOrder.indexOf(a.scope) - scopeOrder.indexOf(b.scope);
  }
  if (a.key !== b.key) {
    return a.scope === 'intrinsic'
      ? intrinsicOrder.indexOf(a.key) - intrinsicOrder.indexOf(b.key)
      : a.key < b.key
        ? -1
        : 1;
  }
  return typeOrder.indexOf(a.type) - typeOrder.indexOf(b.type);
}

/** One string per column key, for maps. */
export function columnKeyText({ scope, key, type }: ColumnKey): string {
  return `${scope} ${type} ${key}`;
}

/**
 * Physical column names for people and SQL, parallel to `keys` (in the order of {@link compareColumnKeys}): `scope.key`, with `:type` for
 * the second and further types of a key. Distinct also for SQL that ignores case: a clash gets `~2`, `~3`, … The exact keys stand in the
 * file's metadata; nothing is ever read back from a name.
 */
export function physicalNames(keys: readonly ColumnKey[]): string[] {
  const taken = new Set<string>([...fixedColumnNames, ...traceColumnNames, ...Object.keys(listSchemas)]);
  const seenKeys = new Set<string>();
  return keys.map((key) => {
    // Control characters and lone surrogates are legal in a key, but not welcome in an SQL shell.
    const plain = key.scope === 'intrinsic' ? key.key : `${key.scope}.${key.key}`;
    const clean = plain.replace(/[\u0000-\u001f\u007f]/g, '_').toWellFormed();
    const wanted = seenKeys.has(plain) ? `${clean}:${key.type}` : clean;
    seenKeys.add(plain);
    let name = wanted;
    for (let n = 2; taken.has(name.toLowerCase()); n++) {
      name = `${wanted}~${n}`;
    }
    taken.add(name.toLowerCase());
    return name;
  });
}
