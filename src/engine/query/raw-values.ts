import { attributeOf } from '../../trace/model.ts';
import type { Attribute } from '../../trace/model.ts';
import type { Field } from '../../traceql/ast.ts';
import type { Static } from '../../traceql/static.ts';
import { staticFromAnyValue } from '../../traceql/static.ts';
import { decodeEvents, decodeKeyValues, decodeLinks } from '../../wire/otlp-protobuf.ts';
import type { RawColumn } from './field-columns.ts';

/**
 * The values that `field` takes in one entry of a raw column (all events of a span, all its links, attributes without a column).
 * `undefined` when they cannot be told from the entry alone, as with an event's time since the start of its span.
 */
export function rawValues(column: RawColumn, bytes: Uint8Array, field: Field): Static[] | undefined {
  switch (column) {
    case 'events':
      return eventValues(bytes, field);
    case 'links':
      return linkValues(bytes, field);
    case 'span_extra':
    case 'resource_extra':
    case 'scope_extra':
      return field.kind === 'attribute' ? valuesOf(decodeKeyValues(bytes), field.name) : [];
  }
}

function eventValues(bytes: Uint8Array, field: Field): Static[] | undefined {
  if (field.kind === 'attribute') {
    return decodeEvents(bytes).flatMap((event) => valuesOf(event.attributes, field.name));
  }
  return field.name === 'event:name'
    ? decodeEvents(bytes).map((event) => ({ type: 'string', value: event.name }))
    : undefined;
}

function linkValues(bytes: Uint8Array, field: Field): Static[] | undefined {
  const links = decodeLinks(bytes);
  if (field.kind === 'attribute') {
    return links.flatMap((link) => valuesOf(link.attributes, field.name));
  }
  switch (field.name) {
    case 'link:traceID':
      return links.map((link) => ({ type: 'string', value: link.traceId }));
    case 'link:spanID':
      return links.map((link) => ({ type: 'string', value: link.spanId }));
    default:
      return undefined;
  }
}

function valuesOf(attributes: readonly Attribute[], key: string): Static[] {
  const value = attributeOf(attributes, key);
  const seen = value === undefined ? undefined : staticFromAnyValue(value);
  return seen === undefined || seen.type === 'nil' ? [] : [seen];
}
