import type { AnyValue, Attribute } from '../../trace/model.ts';
import type { WholeSpanTable } from '../../trace/span-table.ts';
import { formatValue } from '../kit/format.ts';

export interface Found {
  /** 1 for each row that matches. */
  readonly matches: Uint8Array;
  readonly count: number;
}

/**
 * Rows in which `text` occurs, whatever the case: in name, service, ids, status message, or any attribute as `key=value`. Each distinct
 * name, service, resource and value is searched once, not once a span. `undefined` for an empty text.
 */
export function findRows(table: WholeSpanTable, text: string): Found | undefined {
  const needle = text.trim().toLowerCase();
  if (needle === '') {
    return undefined;
  }
  const has = (candidate: string): boolean => candidate.toLowerCase().includes(needle);
  const names = table.names.map(has);
  const services = table.services.map(has);
  const seenValues = new Map<string, boolean>();
  const hasValue = (key: string, value: AnyValue): boolean => {
    const candidate = `${key}=${formatValue(value)}`;
    let result = seenValues.get(candidate);
    if (result === undefined) {
      result = has(candidate);
      seenValues.set(candidate, result);
    }
    return result;
  };
  const hasAttribute = (attributes: readonly Attribute[]): boolean =>
    attributes.some(({ key, value }) => hasValue(key, value));
  const seenResources = new Map<object, boolean>();
  const hasResource = (resource: { readonly attributes: readonly Attribute[] }): boolean => {
    let result = seenResources.get(resource);
    if (result === undefined) {
      result = hasAttribute(resource.attributes);
      seenResources.set(resource, result);
    }
    return result;
  };

  const matches = new Uint8Array(table.rowCount);
  let count = 0;
  for (let row = 0; row < table.rowCount; row++) {
    const span = table.spans[row];
    const isMatch =
      names[table.name[row]] ||
      services[table.service[row]] ||
      span.spanId.includes(needle) ||
      has(span.statusMessage) ||
      hasAttribute(span.attributes) ||
      span.events.some((event) => has(event.name) || hasAttribute(event.attributes)) ||
      hasResource(span.resource);
    if (isMatch) {
      matches[row] = 1;
      count++;
    }
  }
  return { matches, count };
}
