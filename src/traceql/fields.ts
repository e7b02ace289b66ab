/** What a field is worth on a span. */
import { neverPoll, type Poll } from '../base/poll.ts';
import type { Attribute, Span, SpanEvent, SpanLink, Trace } from '../trace/model.ts';
import { attributeOf, durationNanosOf, serviceNameOf } from '../trace/model.ts';
import type { TraceTree } from '../trace/tree.ts';
import { buildTree } from '../trace/tree.ts';
import type { Field, IntrinsicName, OwnField } from './ast.ts';
import type { Static } from './static.ts';
import { nil, staticFromAnyValue, staticFromKind, staticFromStatus } from './static.ts';

/** What a trace says as a whole; each part is worked out when it is first asked for. */
export class TraceFacts {
  readonly trace: Trace;
  /** For each span that is looked at: what it throws ends the work on a trace of very many. */
  readonly poll: Poll;
  private knownTree: TraceTree | undefined;
  private knownRoot: Span | false | undefined;
  private knownBounds: { start: bigint; end: bigint } | undefined;
  private knownIndex: Map<Span, number> | undefined;

  constructor(trace: Trace, poll = neverPoll) {
    this.trace = trace;
    this.poll = poll;
  }

  get tree(): TraceTree {
    return (this.knownTree ??= buildTree(this.trace));
  }

  /** The first span without a parent id; `undefined` when none has arrived. */
  get root(): Span | undefined {
    this.knownRoot ??= this.trace.spans.find((span) => span.parentSpanId === '') ?? false;
    return this.knownRoot === false ? undefined : this.knownRoot;
  }

  /** Earliest start and latest end of all spans. A span that ends before it starts counts with its start. */
  get bounds(): { readonly start: bigint; readonly end: bigint } {
    return (this.knownBounds ??= boundsOf(this.trace.spans));
  }

  indexOf(span: Span): number {
    this.knownIndex ??= new Map(this.trace.spans.map((each, index) => [each, index]));
    return this.knownIndex.get(span) ?? -1;
  }
}

function boundsOf(spans: readonly Span[]): { start: bigint; end: bigint } {
  let start = spans[0]?.startUnixNanos ?? 0n;
  let end = start;
  for (const span of spans) {
    start = span.startUnixNanos < start ? span.startUnixNanos : start;
    end = span.startUnixNanos > end ? span.startUnixNanos : end;
    end = span.endUnixNanos > end ? span.endUnixNanos : end;
  }
  return { start, end };
}

/** A span with the event and link under which an expression is looked at. */
export interface SpanView {
  readonly facts: TraceFacts;
  readonly index: number;
  readonly span: Span;
  readonly event: SpanEvent | undefined;
  readonly link: SpanLink | undefined;
}

/** Which of a span's lists a field walks. */
export function listOfField(field: Field): 'event' | 'link' | undefined {
  if (field.kind === 'parent') {
    return undefined;
  }
  if (field.kind === 'attribute') {
    return field.scope === 'event' || field.scope === 'link' ? field.scope : undefined;
  }
  return field.name.startsWith('event:') ? 'event' : field.name.startsWith('link:') ? 'link' : undefined;
}

/** One value per field and view; nil when absent or not queryable. */
export function fieldValue(field: Field, view: SpanView): Static {
  return field.kind === 'parent' ? parentValue(field.field, view) : ownValue(field, view);
}

/** A parent is one also where no root connects the two. */
function parentValue(field: OwnField, { facts, index }: SpanView): Static {
  const parent = facts.tree.parent[index];
  return parent === -1
    ? nil
    : ownValue(field, { facts, index: parent, span: facts.trace.spans[parent], event: undefined, link: undefined });
}

function ownValue(field: OwnField, view: SpanView): Static {
  return field.kind === 'attribute' ? attributeValue(field.scope, field.name, view) : intrinsicValue(field.name, view);
}

function attributeValue(scope: (OwnField & { kind: 'attribute' })['scope'], name: string, view: SpanView): Static {
  const { span } = view;
  switch (scope) {
    case 'span':
      return lookUp(span.attributes, name);
    case 'resource':
      return lookUp(span.resource.attributes, name);
    case 'instrumentation':
      return lookUp(span.scope.attributes, name);
    case 'event':
      return lookUp(view.event?.attributes, name);
    case 'link':
      return lookUp(view.link?.attributes, name);
    case 'any':
      return unscopedValues(name, span)[0] ?? nil;
  }
}

/** First occurrence of the key. */
function lookUp(attributes: readonly Attribute[] | undefined, name: string): Static {
  const value = attributes === undefined ? undefined : attributeOf(attributes, name);
  return value === undefined ? nil : staticFromAnyValue(value);
}

/** Nearest first: the first one is what an unscoped attribute means. */
function unscopedValues(name: string, span: Span): Static[] {
  const values = [lookUp(span.attributes, name), lookUp(span.resource.attributes, name)];
  for (const event of span.events) {
    values.push(lookUp(event.attributes, name));
  }
  for (const link of span.links) {
    values.push(lookUp(link.attributes, name));
  }
  values.push(lookUp(span.scope.attributes, name));
  return values.filter((value) => value.type !== 'nil');
}

function intrinsicValue(name: IntrinsicName, view: SpanView): Static {
  const { span, facts, event, link } = view;
  switch (name) {
    case 'duration':
      return { type: 'duration', value: durationNanosOf(span) };
    case 'name':
      return text(span.name);
    case 'status':
      return staticFromStatus(span.statusCode);
    case 'statusMessage':
      return text(span.statusMessage);
    case 'kind':
      return staticFromKind(span.kind);
    case 'rootName':
      return text(facts.root?.name ?? '');
    case 'rootServiceName':
      return text(facts.root === undefined ? '' : serviceNameOf(facts.root.resource));
    case 'traceDuration':
      return { type: 'duration', value: facts.bounds.end - facts.bounds.start };
    case 'nestedSetLeft':
      return int(facts.tree.nestedSetLeft[view.index]);
    case 'nestedSetRight':
      return int(facts.tree.nestedSetRight[view.index]);
    case 'nestedSetParent':
      return int(facts.tree.nestedSetParent[view.index]);
    case 'trace:id':
      return text(facts.trace.traceId);
    case 'span:id':
      return text(span.spanId);
    case 'span:parentID':
      return span.parentSpanId === '' ? nil : text(span.parentSpanId);
    case 'span:childCount':
      return int(facts.tree.childStart[view.index + 1] - facts.tree.childStart[view.index]);
    case 'event:name':
      return event === undefined ? nil : text(event.name);
    case 'event:timeSinceStart':
      return event === undefined ? nil : { type: 'duration', value: event.timeUnixNanos - span.startUnixNanos };
    case 'link:traceID':
      return link === undefined ? nil : text(link.traceId);
    case 'link:spanID':
      return link === undefined ? nil : text(link.spanId);
    case 'instrumentation:name':
      return text(span.scope.name);
    case 'instrumentation:version':
      return text(span.scope.version);
  }
}

function text(value: string): Static {
  return { type: 'string', value };
}

function int(value: number): Static {
  return { type: 'int', value: BigInt(value) };
}

/**
 * Every value a span has for a field: one per event or link that has it; for unscoped attributes those of all scopes, nearest first.
 * Empty when the span has none. `facts` saves work where many spans of one trace are asked about.
 */
export function fieldValues(
  field: Field,
  span: Span,
  trace: Trace,
  facts: TraceFacts = new TraceFacts(trace)
): Static[] {
  if (field.kind === 'attribute' && field.scope === 'any') {
    return unscopedValues(field.name, span);
  }
  // Only intrinsics of structure need the place of the span in its trace.
  const index =
    field.kind === 'parent' || (field.kind === 'intrinsic' && /^nestedSet|^span:childCount/.test(field.name))
      ? facts.indexOf(span)
      : -1;
  const view: SpanView = { facts, index, span, event: undefined, link: undefined };
  const list = listOfField(field);
  const views =
    list === 'event'
      ? span.events.map((event) => ({ ...view, event }))
      : list === 'link'
        ? span.links.map((link) => ({ ...view, link }))
        : [view];
  return views.map((each) => fieldValue(field, each)).filter((value) => value.type !== 'nil');
}
