/** What statistics can be by: intrinsics, and the attributes of the trace, each as TraceQL names it. */
import type { GroupColumn } from '../../analysis/statistics.ts';
import type { AttributeColumn, AttributeKey } from '../../trace/attribute-columns.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import {
  attributeTarget,
  kindTarget,
  quotedKey,
  serviceTarget,
  spanNameTarget,
  statusTarget,
  targetOf,
} from '../state/value-target.ts';
import type { ValueTarget } from '../state/value-target.ts';
import type { Signal, TraceData } from '../trace/trace-data.ts';

export interface Grouping extends GroupColumn {
  /** As TraceQL names it. */
  readonly attribute: string;
  /** What the code says, as a value with its actions; −1 is "no value". */
  targetOf(code: number): ValueTarget;
}

/** Intrinsics that need no attributes, with the words people use. */
export const intrinsicGroupings: readonly (readonly [attribute: string, title: string])[] = [
  ['resource.service.name', 'service'],
  ['name', 'name'],
  ['kind', 'kind'],
  ['status', 'status'],
];

/** `span.http.route` for a key of the trace. */
export function attributeOfKey({ scope, key }: Pick<AttributeKey, 'scope' | 'key'>): string {
  return `${scope}.${quotedKey(key)}`;
}

/** Errors: those of `data`; an attribute that no span has is a column without values. */
export async function groupingOf(data: TraceData, attribute: string, signal?: Signal): Promise<Grouping> {
  const { table } = data.model;
  const intrinsic = intrinsicGrouping(table, attribute);
  if (intrinsic !== undefined) {
    return { attribute, ...intrinsic };
  }
  // Old and short names: `.key` means any scope.
  const keys = (await data.keys(signal)).filter(
    (key) => attributeOfKey(key) === attribute || attribute === `.${quotedKey(key.key)}` || attribute === key.key
  );
  const columns = await Promise.all(keys.map((key) => data.column(key, signal)));
  return { attribute, ...together(table.rowCount, keys, columns, attribute) };
}

function intrinsicGrouping(table: SpanTable, attribute: string): Omit<Grouping, 'attribute'> | undefined {
  switch (attribute) {
    case 'resource.service.name':
      return { codes: table.service, targetOf: (code) => serviceTarget(table.services[code] ?? '') };
    case 'name':
      return { codes: table.name, targetOf: (code) => spanNameTarget(table.names[code] ?? '') };
    case 'kind':
      return { codes: table.kind, targetOf: kindTarget };
    case 'status':
      return { codes: table.statusCode, targetOf: statusTarget };
    case 'statusMessage':
    case 'status message':
      return {
        codes: table.statusMessage,
        targetOf: (code) => {
          const text = table.statusMessages[code] ?? '';
          return targetOf('status message', text, 'statusMessage', `statusMessage = ${JSON.stringify(text)}`);
        },
      };
    default:
      return undefined;
  }
}

/** The columns of one attribute by type and scope as one; a row has the value of the first that has one. */
function together(
  rowCount: number,
  keys: readonly AttributeKey[],
  columns: readonly AttributeColumn[],
  attribute: string
): Omit<Grouping, 'attribute'> {
  const codes = new Int32Array(rowCount).fill(-1);
  const targets: ValueTarget[] = [];
  columns.forEach((column, index) => {
    const base = targets.length;
    const { scope, key } = keys[index];
    column.values.forEach((value) => targets.push(attributeTarget(scope, key, value)));
    for (let row = 0; row < rowCount; row++) {
      if (codes[row] < 0 && column.codes[row] >= 0) {
        codes[row] = base + column.codes[row];
      }
    }
  });
  const none = targetOf(attribute, '(no value)', attribute, `${attribute} = nil`);
  return { codes, targetOf: (code) => targets[code] ?? none };
}

/** For the select of groupings: a key once, whatever types it has. */
export function groupingChoices(
  keys: readonly AttributeKey[]
): readonly (readonly [attribute: string, title: string])[] {
  const seen = new Map<string, string>();
  for (const key of keys) {
    // A value of its own for each span groups nothing; more than one type is one choice.
    if (key.key !== 'service.name' || key.scope !== 'resource') {
      seen.set(attributeOfKey(key), key.scope === 'span' ? key.key : `${key.scope}.${key.key}`);
    }
  }
  return [...intrinsicGroupings, ...[...seen].sort(([, a], [, b]) => (a < b ? -1 : 1))];
}
