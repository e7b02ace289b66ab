import { type SchemaColumn, listFieldName, physicalType } from '../parquet/metadata.ts';
import { physicalTypeOf } from '../parquet/read.ts';
import type { ColumnType } from '../row-set.ts';

/** One field of the elements of a list column. `raw`: bytes. */
export interface ListField {
  readonly name: string;
  readonly type: ColumnType;
  /** Absent in some elements. */
  readonly optional: boolean;
  readonly isUnsigned?: boolean;
}

const required = (name: string, type: ColumnType): ListField => ({ name, type, optional: false });
const optional = (name: string, type: ColumnType): ListField => ({ name, type, optional: true });

/** A key and its value; exactly one of the values is there. `other`: an OTLP AnyValue message (arrays, kvlists, bytes, empty). */
const keyAndValue: readonly ListField[] = [
  required('key', 'string'),
  optional('string', 'string'),
  optional('int', 'int'),
  optional('double', 'double'),
  optional('bool', 'bool'),
  optional('other', 'any'),
];

/**
 * The list columns of a block, by name, and their fields in file order. Attributes of events and links stand in lists of their own, flat,
 * with the position (from 1) of the event or link: SQL joins them by `events[event]`.
 */
export const listSchemas = {
  events: [
    { ...required('time_unix_nano', 'int'), isUnsigned: true },
    required('name', 'string'),
    optional('dropped_attributes_count', 'int'),
  ],
  event_attributes: [required('event', 'int'), ...keyAndValue],
  links: [
    required('trace_id', 'raw'),
    required('span_id', 'raw'),
    required('trace_state', 'string'),
    optional('flags', 'int'),
    optional('dropped_attributes_count', 'int'),
  ],
  link_attributes: [required('link', 'int'), ...keyAndValue],
  attributes: [required('scope', 'string'), ...keyAndValue],
} as const satisfies Record<string, readonly ListField[]>;
export type ListName = keyof typeof listSchemas;

/** Where the key and the values stand among the fields of a list of attributes. */
export const attributeFields = { owner: 0, key: 1, string: 2, int: 3, double: 4, bool: 5, other: 6 } as const;

/** Leaves of a list column in the file's schema. `isText`: whether each field is UTF-8 throughout, where it is a string. */
export function listLeaves(list: ListName, isText: (field: number) => boolean): SchemaColumn[] {
  const fields: readonly ListField[] = listSchemas[list];
  return fields.map(({ name, type, optional: isOptional, isUnsigned }, index) => ({
    name: listFieldName(list, name),
    list,
    type: type === 'bool' ? physicalType.boolean : physicalTypeOf(type),
    optional: isOptional,
    annotation: isUnsigned === true ? 'uint64' : type === 'string' && isText(index) ? 'string' : undefined,
  }));
}
