import { attributeOf, serviceNameOf, type AnyValue, type Span } from '../../trace/model.ts';
import type { TagMapping } from './settings.ts';

/** Name in the other data source (absent: not mapped), attribute, value. */
export interface Tag {
  readonly key: string;
  readonly mapped: string | undefined;
  readonly value: string;
}

/** What links tell of the whole trace. */
export interface LinkedTrace {
  readonly traceId: string;
  /** `service: name` of the root, or of the first span where the root was not received. */
  readonly name: string;
  readonly durationNanos: number;
}

/** The value of a variable, by its name without `${}`; `undefined` where there is none. */
export type ReadVariable = (name: string) => string | undefined;

/** Those of the mapped attributes that the span or its resource has. */
export function tagsOf(span: Span, mappings: readonly TagMapping[]): Tag[] {
  return mappings.flatMap(({ key, value: mapped }) => {
    const value = attributeText(span, key);
    return value === undefined ? [] : [{ key, mapped: mapped || undefined, value }];
  });
}

/**
 * `__span.traceId`, `.spanId`, `.name`, `.duration`, `.tags["key"]`; `__trace.traceId`, `.name`, `.duration`; `__tags`. Durations are
 * microseconds, as in Grafana's trace view. No value: an attribute that the span and its resource do not have.
 */
export function spanVariables(span: Span, trace: LinkedTrace, tags: string): ReadVariable {
  return (name) => {
    switch (name) {
      case '__tags':
        return tags;
      case '__span.traceId':
        return span.traceId;
      case '__trace.traceId':
        return trace.traceId;
      case '__trace.name':
        return trace.name;
      case '__trace.duration':
        return String(trace.durationNanos / 1000);
      case '__span.spanId':
        return span.spanId;
      case '__span.name':
        return span.name;
      case '__span.duration':
        return String(Number(span.endUnixNanos - span.startUnixNanos) / 1000);
      default: {
        const tag = memberOf(name, '__span.tags');
        return tag === undefined ? undefined : attributeText(span, tag);
      }
    }
  };
}

/** `key` of `object["key"]`, `object['key']` or `object.key`. */
export function memberOf(name: string, object: string): string | undefined {
  if (!name.startsWith(object)) {
    return undefined;
  }
  const member = /^(?:\["(.*)"\]|\['(.*)'\]|\.(.+))$/s.exec(name.slice(object.length));
  return member === null ? undefined : (member[1] ?? member[2] ?? member[3]);
}

/** `${name}`, `${name:format}` and `$name`, whose names hold no colon; `$__interval` and its like are left to the target. */
const reference = /\$\{((?:\[(?:"[^"]*"|'[^']*')\]|[^}:])+)(?::(\w+))?\}|\$(\w+(?:\.\w+)*)/g;

/** Texts of a query, at any depth, with their variables filled in. Those that have no value stay as they are. */
export function fillIn<T>(value: T, read: ReadVariable): T {
  if (typeof value === 'string') {
    return value.replace(reference, (whole: string, braced?: string, format?: string, bare?: string) => {
      const found = read((braced ?? bare ?? '').trim());
      return found === undefined ? whole : formatted(found, format);
    }) as T;
  }
  if (Array.isArray(value)) {
    return value.map((one: unknown) => fillIn(one, read)) as T;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillIn<unknown>(one, read)])) as T;
  }
  return value;
}

/** Variables that the texts of a value name and `read` does not know; Grafana's own (`$__from`, `${__interval}`) are not counted. */
export function missingVariables(value: unknown, read: ReadVariable): string[] {
  const texts = JSON.stringify(value ?? '').replaceAll('\\"', '"');
  return [...texts.matchAll(reference)]
    .map(([, braced, , bare]) => (braced ?? bare).trim())
    .filter(
      (name) =>
        read(name) === undefined && !/^(__(from|to|interval|rate_interval|range|user|org|dashboard)|\d)/.test(name)
    );
}

function formatted(text: string, format: string | undefined): string {
  switch (format) {
    case 'percentencode':
    case 'queryparam':
      return encodeURIComponent(text);
    case 'regex':
      return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    case 'doublequote':
      return `"${text.replace(/["\\]/g, '\\$&')}"`;
    case 'singlequote':
      return `'${text.replace(/['\\]/g, '\\$&')}'`;
    case 'json':
      return JSON.stringify(text);
    default:
      return text;
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
