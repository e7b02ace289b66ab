/**
 * What can be done with a value that is on the screen. A target says what the value is in TraceQL's words; the five actions (filter,
 * exclude, group by, colour by, copy) follow from it and are the same everywhere.
 */
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { AnyValue } from '../../trace/model.ts';
import { formatValue } from '../kit/format.ts';
import type { TraceFocus } from './view.ts';

export type ValueScope = 'span' | 'resource' | 'instrumentation' | 'event' | 'link';

export interface ValueTarget {
  /** What it is called on the screen: `http.route`, `service`. */
  readonly name: string;
  /** What "copy" copies. */
  readonly text: string;
  /** As TraceQL names it (`span.http.route`, `resource.service.name`, `duration`); `undefined` where TraceQL has no name for it. */
  readonly attribute: string | undefined;
  /** Conditions without braces; `undefined` where TraceQL has no literal for the value. */
  readonly condition: string | undefined;
  readonly exclusion: string | undefined;
}

/** An attribute of a span, its resource, scope, events or links. */
export function attributeTarget(scope: ValueScope, key: string, value: AnyValue): ValueTarget {
  const attribute = `${scope}.${quotedKey(key)}`;
  const literal = literalOf(value);
  return targetOf(key, formatValue(value), attribute, literal === undefined ? undefined : `${attribute} = ${literal}`);
}

export function serviceTarget(service: string): ValueTarget {
  const attribute = 'resource.service.name';
  return targetOf('service', service, attribute, `${attribute} = ${quoted(service)}`);
}

export function spanNameTarget(name: string): ValueTarget {
  return targetOf('name', name, 'name', `name = ${quoted(name)}`);
}

/** `statusCode` and `kind` in OTLP's numbering; numbers without a name can only be copied. */
export function statusTarget(statusCode: number): ValueTarget {
  return keywordTarget('status', statusCodes[statusCode], statusCode);
}

export function kindTarget(kind: number): ValueTarget {
  return keywordTarget('kind', spanKinds[kind], kind);
}

function keywordTarget(name: string, keyword: string | undefined, number: number): ValueTarget {
  return targetOf(name, keyword ?? String(number), name, keyword === undefined ? undefined : `${name} = ${keyword}`);
}

/** "Filter" keeps spans that took at least as long. */
export function durationTarget(nanos: number, text: string): ValueTarget {
  const whole = Math.max(0, Math.round(nanos));
  const condition = `duration >= ${whole}ns`;
  return { name: 'duration', text, attribute: 'duration', condition, exclusion: `duration < ${whole}ns` };
}

/** For what TraceQL has another way to say: `condition` without braces, `attribute` as it names it. */
export function targetOf(
  name: string,
  text: string,
  attribute: string | undefined,
  condition: string | undefined
): ValueTarget {
  // `!=` is false for spans without the attribute; what is excluded must be only what has the value.
  return { name, text, attribute, condition, exclusion: condition === undefined ? undefined : `!(${condition})` };
}

/** A filter of the open trace (conditions without braces, empty: everything) with one more condition. */
export function filterWith(filter: string, condition: string): string {
  const text = filter
    .trim()
    .replace(/^\{([^{}]*)\}$/s, '$1')
    .trim();
  if (text === '' || text === 'true') {
    return condition;
  }
  if (text.split(' && ').includes(condition)) {
    return text;
  }
  return `${text.includes('||') ? `(${text})` : text} && ${condition}`;
}

/** The focus after an action; `undefined` when the value does not allow it. `copy` is not the focus's business. */
export function focusAfter(
  action: 'filter' | 'exclude' | 'group' | 'color',
  focus: TraceFocus,
  target: ValueTarget
): TraceFocus | undefined {
  switch (action) {
    case 'filter':
    case 'exclude': {
      const condition = action === 'filter' ? target.condition : target.exclusion;
      return condition === undefined ? undefined : { ...focus, filter: filterWith(focus.filter ?? '', condition) };
    }
    case 'group':
      return target.attribute === undefined ? undefined : { ...focus, groupBy: [target.attribute], view: 'statistics' };
    case 'color':
      return target.attribute === undefined ? undefined : { ...focus, colorBy: target.attribute };
  }
}

/** A TraceQL literal; `undefined` for values that have none. */
export function literalOf(value: AnyValue): string | undefined {
  switch (value.type) {
    case 'string':
      return quoted(value.value);
    case 'int':
    case 'bool':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) && !/e/.test(String(value.value)) ? String(value.value) : undefined;
    default:
      return undefined;
  }
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r')}"`;
}

/** Bare where TraceQL allows it, quoted otherwise. */
export function quotedKey(key: string): string {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_.\-/]*$/u.test(key) ? key : quoted(key);
}
