import { createDataFrame, FieldType, type DataFrame } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import type { AttributeName, AttributeValue, Client, SecondsRange } from '../api/client.ts';
import { listedIntrinsics, parseAttribute, printField } from '../traceql/attributes.ts';
import { addFilters, fieldOfKey } from './ad-hoc.ts';

/** What a dashboard variable lists. */
export interface VivaceVariableQuery extends DataQuery {
  kind?: 'services' | 'operations' | 'names' | 'values';
  /** Of `operations`: only those of this service. */
  service?: string;
  /** Of `names`: `resource`, `span`, …; absent means all, and names come with their scope. */
  scope?: string;
  /** Of `values`: as TraceQL writes it, `resource.k8s.pod.name`; without a scope, any. */
  attribute?: string;
  /** TraceQL that values and names must occur together with. */
  condition?: string;
  /** The Tempo data source's model, read so that a dashboard moves as it is: 0 names, 1 values of `label`. */
  type?: number;
  label?: string;
}

/** What to ask the server. */
export type VariablePlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'names'; readonly scope: string | undefined; readonly traceql: string | undefined }
  | { readonly kind: 'values'; readonly attribute: string; readonly traceql: string | undefined };

/** Template variables in the query have been replaced. */
export function planVariable(query: VivaceVariableQuery): VariablePlan {
  const traceql = query.condition?.trim() || undefined;
  switch (query.kind ?? (query.type === 1 ? 'values' : query.type === 0 ? 'names' : undefined)) {
    case 'services':
      return { kind: 'values', attribute: 'resource.service.name', traceql };
    case 'operations': {
      const ofService = { key: 'resource.service.name', operator: '=', value: query.service ?? '' };
      const narrowed = ofService.value === '' ? traceql : addFilters(traceql ?? '', [ofService]);
      return { kind: 'values', attribute: 'name', traceql: narrowed };
    }
    case 'names':
      return { kind: 'names', scope: query.scope?.trim() || undefined, traceql };
    case 'values': {
      const attribute = (query.attribute ?? query.label ?? '').trim();
      return attribute === ''
        ? { kind: 'none' }
        : { kind: 'values', attribute: printField(fieldOfKey(attribute)), traceql };
    }
    case undefined:
      return { kind: 'none' };
  }
}

/** A name that can stand in a query: intrinsics as they are, attributes with their scope. */
export function spelledName({ scope, name }: AttributeName): string {
  const field =
    scope === 'intrinsic'
      ? parseAttribute(name)
      : parseAttribute(`${scope}.x`) === undefined
        ? undefined
        : ({ kind: 'attribute', scope: scope as 'span', name } as const);
  return field === undefined ? name : scope === 'intrinsic' ? name : printField(field);
}

export interface LookUp {
  readonly range: SecondsRange | undefined;
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** Names or values, sorted, each once. */
export async function listVariable(
  client: Pick<Client, 'attributeNames' | 'attributeValues'>,
  plan: VariablePlan,
  { range, limit, signal }: LookUp
): Promise<string[]> {
  switch (plan.kind) {
    case 'none':
      return [];
    case 'names': {
      const { scope } = plan;
      const names = await client.attributeNames({ query: plan.traceql, range, signal });
      return distinct(names.filter((one) => scope === undefined || one.scope === scope).map(spelledName)).slice(
        0,
        limit
      );
    }
    case 'values': {
      const values = await client.attributeValues(plan.attribute, { query: plan.traceql, range, limit, signal });
      return distinct(values.map(({ value }) => value));
    }
  }
}

/** Grafana's form of the possible values of a variable: fields `text` and `value`. */
export function variableFrame(values: readonly string[], refId: string): DataFrame {
  return createDataFrame({
    refId,
    fields: [
      { name: 'text', type: FieldType.string, config: {}, values: [...values] },
      { name: 'value', type: FieldType.string, config: {}, values: [...values] },
    ],
  });
}

/** Keys that an ad hoc filter can take: attributes with their scope, then the intrinsics that the server did not name. */
export function filterKeys(names: readonly AttributeName[]): string[] {
  return distinct([...names.map(spelledName), ...(names.length === 0 ? listedIntrinsics : [])]);
}

export function filterValues(
  values: readonly AttributeValue[]
): { text: string; value: string; properties: { valueType: string } }[] {
  return values.map(({ type, value }) => ({ text: value, value, properties: { valueType: type } }));
}

/** Sorted as a person reads: `pod-2` before `pod-10`. */
function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
