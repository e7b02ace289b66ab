import type { Attribute, InstrumentationScope, Resource, Span } from '../trace/model.ts';
import { encodeKeyValues } from './otlp-any-value.ts';

export interface ResourceGroup {
  readonly resource: Resource;
  readonly scopes: readonly ScopeGroup[];
}

export interface ScopeGroup {
  readonly scope: InstrumentationScope;
  readonly spans: readonly Span[];
}

interface OpenGroup {
  readonly resource: Resource;
  readonly scopes: Array<{ scope: InstrumentationScope; spans: Span[] }>;
  readonly byIdentity: Map<InstrumentationScope, Span[]>;
  readonly byContent: Map<string, Span[]>;
}

/**
 * Spans by resource, then by scope, as OTLP nests them: groups in order of first appearance, spans in their order. Equal content
 * (attributes in the same order) is one group, whether or not the objects are shared.
 */
export function groupSpans(spans: readonly Span[]): ResourceGroup[] {
  const groups: OpenGroup[] = [];
  const byIdentity = new Map<Resource, OpenGroup>();
  const byContent = new Map<string, OpenGroup>();
  for (const span of spans) {
    let group = byIdentity.get(span.resource);
    if (group === undefined) {
      const content = resourceContent(span.resource);
      group = byContent.get(content);
      if (group === undefined) {
        group = { resource: span.resource, scopes: [], byIdentity: new Map(), byContent: new Map() };
        byContent.set(content, group);
        groups.push(group);
      }
      byIdentity.set(span.resource, group);
    }
    scopeSpansOf(group, span.scope).push(span);
  }
  return groups;
}

function scopeSpansOf(group: OpenGroup, scope: InstrumentationScope): Span[] {
  let spans = group.byIdentity.get(scope);
  if (spans === undefined) {
    const content = scopeContent(scope);
    spans = group.byContent.get(content);
    if (spans === undefined) {
      spans = [];
      group.byContent.set(content, spans);
      group.scopes.push({ scope, spans });
    }
    group.byIdentity.set(scope, spans);
  }
  return spans;
}

function resourceContent(resource: Resource): string {
  return `${resource.droppedAttributesCount} ${resource.schemaUrl}\n${attributesContent(resource.attributes)}`;
}

function scopeContent(scope: InstrumentationScope): string {
  const texts = JSON.stringify([scope.name, scope.version, scope.schemaUrl]);
  return `${scope.droppedAttributesCount} ${texts}\n${attributesContent(scope.attributes)}`;
}

/** One character per byte of the encoded form, which is equal exactly for equal attributes. */
function attributesContent(attributes: readonly Attribute[]): string {
  let content = '';
  for (const byte of encodeKeyValues(attributes)) {
    content += String.fromCharCode(byte);
  }
  return content;
}
