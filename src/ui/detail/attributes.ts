/** How the attributes of a span are sorted into groups, and what can be done with one. */
import type { Attribute, Span } from '../../trace/model.ts';
import { formatValue } from '../kit/format.ts';

export interface AttributeGroup {
  readonly title: string;
  /** As TraceQL scopes it. */
  readonly scope: 'span' | 'resource' | 'instrumentation';
  /** By key. */
  readonly attributes: readonly Attribute[];
  readonly droppedCount: number;
}

export function attributeGroups(span: Span): readonly AttributeGroup[] {
  return [
    {
      title: 'Span',
      scope: 'span' as const,
      attributes: byKey(span.attributes),
      droppedCount: span.droppedAttributesCount,
    },
    {
      title: 'Resource',
      scope: 'resource' as const,
      attributes: byKey(span.resource.attributes),
      droppedCount: span.resource.droppedAttributesCount,
    },
    {
      title: span.scope.name === '' ? 'Scope' : `Scope · ${span.scope.name} ${span.scope.version}`.trimEnd(),
      scope: 'instrumentation' as const,
      attributes: byKey(span.scope.attributes),
      droppedCount: span.scope.droppedAttributesCount,
    },
  ].filter((group) => group.attributes.length > 0 || group.droppedCount > 0 || group.title.startsWith('Scope ·'));
}

function byKey(attributes: readonly Attribute[]): readonly Attribute[] {
  return [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Only what cannot run: http, https and mailto. Everything else stays text. */
export function linkOf(text: string): string | undefined {
  if (!/^(https?:\/\/|mailto:)\S+$/i.test(text)) {
    return undefined;
  }
  try {
    const url = new URL(text);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

export interface ExceptionEvent {
  readonly type: string;
  readonly message: string;
  readonly stackTrace: string;
}

/** The exception an event tells of, by the semantic conventions; `undefined` for other events. */
export function exceptionOf(name: string, attributes: readonly Attribute[]): ExceptionEvent | undefined {
  const text = (key: string): string => {
    const value = attributes.find((attribute) => attribute.key === key)?.value;
    return value ? formatValue(value) : '';
  };
  const exception = {
    type: text('exception.type'),
    message: text('exception.message'),
    stackTrace: text('exception.stacktrace'),
  };
  return name === 'exception' || exception.type !== '' || exception.stackTrace !== '' ? exception : undefined;
}
