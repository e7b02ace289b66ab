import type { Attribute, Span, Trace } from '../trace/model.ts';
import type { Query } from '../traceql/ast.ts';
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

/** By type, then by value. */
export function compareStatics(a: Static, b: Static): number {
  if (a.type !== b.type) {
    return a.type < b.type ? -1 : 1;
  }
  if (a.type === 'nil' || b.type === 'nil') {
    return 0;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}
