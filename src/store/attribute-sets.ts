import type { Attribute, Span, Trace } from '../trace/model.ts';
import type { OwnField, Query } from '../traceql/ast.ts';
import { fieldValues } from '../traceql/attributes.ts';
import { evaluateTrace } from '../traceql/evaluate.ts';
import type { Static } from '../traceql/static.ts';
import type { AttributeNameScope } from './trace-store.ts';

const scopes: readonly AttributeNameScope[] = ['resource', 'span', 'event', 'link', 'instrumentation'];

/** Attribute names by scope, as they are gathered from spans or from schemas. */
export class AttributeNameSets {
  private readonly sets = new Map<AttributeNameScope, Set<string>>(scopes.map((scope) => [scope, new Set()]));

  add(scope: AttributeNameScope, name: string): void {
    this.sets.get(scope)?.add(name);
  }

  has(scope: AttributeNameScope, name: string): boolean {
    return this.sets.get(scope)?.has(name) === true;
  }

  get size(): number {
    return [...this.sets.values()].reduce((sum, names) => sum + names.size, 0);
  }

  addNames(others: AttributeNameSets): void {
    others.sets.forEach((names, scope) => names.forEach((name) => this.add(scope, name)));
  }

  addAll(scope: AttributeNameScope, attributes: readonly Attribute[]): void {
    for (const { key } of attributes) {
      this.add(scope, key);
    }
  }

  addSpan(span: Span): void {
    this.addAll('resource', span.resource.attributes);
    this.addAll('span', span.attributes);
    this.addAll('instrumentation', span.scope.attributes);
    span.events.forEach((event) => this.addAll('event', event.attributes));
    span.links.forEach((link) => this.addAll('link', link.attributes));
  }

  sorted(): ReadonlyMap<AttributeNameScope, readonly string[]> {
    return new Map([...this.sets].map(([scope, names]) => [scope, [...names].sort()]));
  }
}

/** The spans of a trace that a filter selects, each once. */
export function matchedSpans(filter: Query, trace: Trace): Set<Span> {
  return new Set(evaluateTrace(filter, trace).flatMap(({ spans }) => spans.map((index) => trace.spans[index])));
}

/**
 * What a look-up of the values of `field` lists for one span. An unscoped attribute stands for all its scopes, also where one value
 * shadows another on the same span; an intrinsic that is the empty string has nothing to offer.
 */
export function listedValues(field: OwnField, span: Span, trace: Trace): Static[] {
  if (field.kind === 'intrinsic') {
    return fieldValues(field, span, trace).filter((value) => value.type !== 'string' || value.value !== '');
  }
  const fields = field.scope === 'any' ? scopes.map((scope) => ({ ...field, scope })) : [field];
  return fields.flatMap((scoped) => fieldValues(scoped, span, trace));
}

/** Distinct values: equal means same type and same value. The elements of an array count as values. */
export class AttributeValueSet {
  private readonly values = new Map<string, Static>();

  add(value: Static): void {
    if (value.type === 'array') {
      value.value.forEach((element) => this.add(element));
    } else if (value.type !== 'nil') {
      this.values.set(valueKey(value), value);
    }
  }

  addValues(others: AttributeValueSet): void {
    others.values.forEach((value, key) => this.values.set(key, value));
  }

  get size(): number {
    return this.values.size;
  }

  /** Of an array: whether all its elements are. */
  has(value: Static): boolean {
    return value.type === 'array'
      ? value.value.every((element) => this.has(element))
      : value.type === 'nil' || this.values.has(valueKey(value));
  }

  /** By type, then by value. */
  sorted(): Static[] {
    return [...this.values.values()].sort(compareStatics);
  }
}

function valueKey(value: Exclude<Static, { type: 'nil' | 'array' }>): string {
  return `${value.type} ${String(value.value)}`;
}

function compareStatics(a: Static, b: Static): number {
  if (a.type !== b.type) {
    return a.type < b.type ? -1 : 1;
  }
  if (a.type === 'nil' || b.type === 'nil') {
    return 0;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}
