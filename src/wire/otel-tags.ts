import { statusCodes } from '../trace/model.ts';
import type { AnyValue, Attribute, Span } from '../trace/model.ts';
import { textOfValue } from './plain-value.ts';

/**
 * What Jaeger and Zipkin carry in tags with fixed names because their spans have no field for it.
 *
 * Source: opentelemetry.io/docs/specs/otel/common/mapping-to-non-otlp/ and trace/sdk_exporters/{jaeger,zipkin}.
 */
export interface OtelTags {
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly traceState: string;
  readonly statusCode: number;
  /** The status came by its own name, not from a tag `error`. */
  readonly hasStatusCode: boolean;
  readonly statusMessage: string;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  /** All other tags, in order. */
  readonly attributes: readonly Attribute[];
}

/**
 * Takes the fixed names out of a span's tags. A tag `error` without `otel.status_code` makes the status an error and stays an
 * attribute, so that it goes back as it came.
 */
export function takeOtelTags(tags: readonly Attribute[]): OtelTags {
  const taken = new Map<string, AnyValue>();
  const rest: Attribute[] = [];
  for (const tag of tags) {
    const name = aliases.get(tag.key) ?? tag.key;
    if (isFixedName(name) && !taken.has(name) && isTakeable(name, tag.value)) {
      taken.set(name, tag.value);
    } else {
      rest.push(tag);
    }
  }
  const text = (name: FixedName): string => {
    const value = taken.get(name);
    return value === undefined ? '' : textOfValue(value);
  };
  const code = text('otel.status_code');
  const isMarkedError = rest.some(({ key, value }) => key === 'error' && isTruthy(value));
  return {
    scopeName: text('otel.scope.name'),
    scopeVersion: text('otel.scope.version'),
    traceState: text('w3c.tracestate'),
    statusCode: code === '' ? (isMarkedError ? errorCode : 0) : statusOfText(code),
    hasStatusCode: code !== '',
    statusMessage: text('otel.status_description'),
    droppedAttributesCount: Number(text('otel.dropped_attributes_count')),
    droppedEventsCount: Number(text('otel.dropped_events_count')),
    droppedLinksCount: Number(text('otel.dropped_links_count')),
    attributes: rest,
  };
}

/** The tags of fixed names that {@link takeOtelTags} takes back; only for what is not a default. */
export function otelTagsOf(span: Span): Attribute[] {
  const tags: Attribute[] = [];
  const text = (key: FixedName, value: string): void => {
    if (value !== '') {
      tags.push({ key, value: { type: 'string', value } });
    }
  };
  const count = (key: FixedName, value: number): void => {
    if (value !== 0) {
      tags.push({ key, value: { type: 'int', value: BigInt(value) } });
    }
  };
  text('otel.scope.name', span.scope.name);
  text('otel.scope.version', span.scope.version);
  text('w3c.tracestate', span.traceState);
  const isMarkedError = span.attributes.some(({ key, value }) => key === 'error' && isTruthy(value));
  if (span.statusCode !== 0 && !(span.statusCode === errorCode && isMarkedError)) {
    text('otel.status_code', statusCodes[span.statusCode]?.toUpperCase() ?? String(span.statusCode));
  }
  text('otel.status_description', span.statusMessage);
  count('otel.dropped_attributes_count', span.droppedAttributesCount);
  count('otel.dropped_events_count', span.droppedEventsCount);
  count('otel.dropped_links_count', span.droppedLinksCount);
  return tags;
}

export const errorCode = statusCodes.indexOf('error');

const fixedNames = [
  'otel.scope.name',
  'otel.scope.version',
  'w3c.tracestate',
  'otel.status_code',
  'otel.status_description',
  'otel.dropped_attributes_count',
  'otel.dropped_events_count',
  'otel.dropped_links_count',
] as const;
type FixedName = (typeof fixedNames)[number];

/** Names before OpenTelemetry 1.11. */
const aliases: ReadonlyMap<string, FixedName> = new Map([
  ['otel.library.name', 'otel.scope.name'],
  ['otel.library.version', 'otel.scope.version'],
]);

function isFixedName(name: string): name is FixedName {
  return (fixedNames as readonly string[]).includes(name);
}

/** A value that its field cannot hold stays an attribute: nothing is lost. */
function isTakeable(name: FixedName, value: AnyValue): boolean {
  const text = textOfValue(value);
  if (name.startsWith('otel.dropped_')) {
    return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32;
  }
  return value.type === 'string' && text !== '' && (name !== 'otel.status_code' || statusOfText(text) !== 0);
}

/** OK, ERROR, or the number of a status that has no name. */
function statusOfText(text: string): number {
  const index = statusCodes.findIndex((code) => code === text.toLowerCase());
  return index >= 0 ? index : /^-?\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** Jaeger marks errors with `error: true`, Zipkin with any `error`; `false` says there was none. */
function isTruthy(value: AnyValue): boolean {
  return value.type === 'bool' ? value.value : textOfValue(value) !== 'false';
}
