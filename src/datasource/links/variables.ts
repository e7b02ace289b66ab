import { attributeOf, serviceNameOf, type AnyValue, type Span } from '../../trace/model.ts';

/** An attribute, and what the other data source calls it. */
export interface TagMapping {
  readonly key: string;
  readonly value?: string;
}

/** Name in the other data source (absent: not mapped), attribute, value. */
export interface Tag {
  readonly key: string;
  readonly mapped: string | undefined;
  readonly value: string;
}

/** Those of the mapped attributes that the span or its resource has. */
export function tagsOf(span: Span, mappings: readonly TagMapping[]): Tag[] {
  return mappings.flatMap(({ key, value: mapped }) => {
    const value = attributeText(span, key);
    return value === undefined ? [] : [{ key, mapped: mapped || undefined, value }];
  });
}

/**
 * A query with the variables of its texts filled in: `${__span.traceId}`, `.spanId`, `.name`, `.duration` (nanoseconds),
 * `.tags["key"]`, `${__trace.traceId}` and `${__tags}`, also without braces. Others stay as they are.
 */
export function fillIn(
  query: Readonly<Record<string, unknown>>,
  span: Span,
  tags: string
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(query).map(([key, value]) => [key, fillInValue(value, span, tags)]));
}

function fillInValue(value: unknown, span: Span, tags: string): unknown {
  if (Array.isArray(value)) {
    return value.map((one) => fillInValue(one, span, tags));
  }
  return typeof value === 'string'
    ? value.replace(/\$\{(__[^}]+)\}|\$(__(?:tags|span\.\w+|trace\.\w+))/g, (whole, braced?: string, bare?: string) =>
        variable(braced ?? bare ?? '', span, tags, whole)
      )
    : value;
}

function variable(name: string, span: Span, tags: string, whole: string): string {
  switch (name) {
    case '__tags':
      return tags;
    case '__span.traceId':
    case '__trace.traceId':
      return span.traceId;
    case '__span.spanId':
      return span.spanId;
    case '__span.name':
      return span.name;
    case '__span.duration':
      return String(span.endUnixNanos - span.startUnixNanos);
    default: {
      const tag = /^__span\.tags(?:\["(.*)"\]|\['(.*)'\]|\.(\w+))$/.exec(name);
      return tag === null ? whole : (attributeText(span, tag[1] ?? tag[2] ?? tag[3]) ?? '');
    }
  }
}

function attributeText(span: Span, key: string): string | undefined {
  const value = attributeOf(span.attributes, key) ?? attributeOf(span.resource.attributes, key);
  return value === undefined
    ? key === 'service.name'
      ? serviceNameOf(span.resource) || undefined
      : undefined
    : textOf(value);
}

function textOf(value: AnyValue): string | undefined {
  switch (value.type) {
    case 'string':
    case 'bool':
    case 'int':
    case 'double':
      return String(value.value);
    default:
      return undefined;
  }
}
