/** What a search answers about one trace: Tempo's shape, in our types. */
import { everySo, neverPoll } from '../base/poll.ts';
import type { Span, SpanId, Trace, TraceId, UnixNanos } from '../trace/model.ts';
import { durationNanosOf, serviceNameOf } from '../trace/model.ts';
import type { Field, IntrinsicName, Query } from './ast.ts';
import type { LeafCondition, SpanCondition } from './conditions.ts';
import { asksForAbsence, fieldsOf, filterConditionsOf, readsOf } from './conditions.ts';
import { sameField } from './attributes.ts';
import type { Spanset } from './evaluate.ts';
import { compileQuery } from './evaluate.ts';
import { fieldValues, listOfField, TraceFacts } from './fields.ts';
import { sortOf, sortValueOf } from './order.ts';
import type { Static } from './static.ts';
import { nil, staticKey } from './static.ts';

export type NamedStatic = readonly [name: string, value: Static];

export interface ServiceStats {
  readonly spanCount: number;
  readonly errorCount: number;
}

export interface SpanMatch {
  readonly spanId: SpanId;
  /** Only when the query reads or selects `name`. */
  readonly name: string | undefined;
  readonly startUnixNanos: UnixNanos;
  readonly durationNanos: bigint;
  /** What the query reads or selects, by bare name. Absent ones are left out, but nil where the query asks for their absence. */
  readonly attributes: readonly NamedStatic[];
}

export interface SpansetMatch {
  /** How many spans match in all; `spans` holds the first of them. */
  readonly matched: number;
  /** Values of `by(…)` and of aggregates. A `by` value may be nil. */
  readonly attributes: readonly NamedStatic[];
  /** By start, then span id. */
  readonly spans: readonly SpanMatch[];
}

export interface TraceSummary {
  readonly traceId: TraceId;
  /** `<root span not yet received>` when there is no root. */
  readonly rootServiceName: string;
  /** Empty when there is no root. */
  readonly rootName: string;
  /** Earliest start of any span. */
  readonly startUnixNanos: UnixNanos;
  /** To the latest end of any span. */
  readonly durationNanos: bigint;
  /** By service name, sorted. */
  readonly serviceStats: ReadonlyMap<string, ServiceStats>;
}

export interface TraceMatch extends TraceSummary {
  /** At least one. */
  readonly spansets: readonly SpansetMatch[];
  /** By what `sort(…)` orders the trace: of several spansets the foremost. Nil where it has nothing; absent without `sort(…)`. */
  readonly sortValue?: Static;
}

export const missingRootServiceName = '<root span not yet received>';
/** Spans of each spanset in an answer unless asked otherwise; also what 0 means. As Tempo. */
export const spansPerSpansetDefault = 3;

/** Intrinsics that a search answer carries elsewhere, not as attributes. */
const carriedElsewhere: readonly IntrinsicName[] = [
  'name',
  'duration',
  'traceDuration',
  'rootServiceName',
  'rootName',
  'trace:id',
  'span:id',
];

/** The answer for one whole trace, `undefined` when it does not match. Expects a validated query. */
export function matchTrace(query: Query, trace: Trace, spansPerSpanset: number): TraceMatch | undefined {
  return compileMatch(query, spansPerSpanset)(trace);
}

/** The same for many traces, with the work that depends on the query alone done once. `poll` is called about every millisecond. */
export function compileMatch(
  query: Query,
  spansPerSpanset: number,
  poll = neverPoll
): (trace: Trace) => TraceMatch | undefined {
  const evaluate = compileQuery(query);
  const pollSpans = everySo(poll);
  const shown = shownFields(query);
  const sort = sortOf(query);
  const limit = spansPerSpanset === 0 ? spansPerSpansetDefault : spansPerSpanset;
  return (trace) => {
    const facts = new TraceFacts(trace, pollSpans);
    const spansets = evaluate(facts);
    return spansets.length === 0
      ? undefined
      : {
          ...summarize(facts),
          spansets: spansets.map((spanset) => describeSpanset(spanset, facts, shown, limit)),
          ...(sort === undefined ? {} : { sortValue: sortValueOf(sort, spansets) }),
        };
  };
}

/** Root, time and services of a trace with at least one span. */
export function traceSummary(trace: Trace): TraceSummary {
  return summarize(new TraceFacts(trace));
}

function summarize(facts: TraceFacts): TraceSummary {
  const { root, bounds, trace } = facts;
  return {
    traceId: trace.traceId,
    rootServiceName: root === undefined ? missingRootServiceName : serviceNameOf(root.resource),
    rootName: root?.name ?? '',
    startUnixNanos: bounds.start,
    durationNanos: bounds.end - bounds.start,
    serviceStats: serviceStatsOf(trace.spans),
  };
}

const statusError = 2;

function serviceStatsOf(spans: readonly Span[]): ReadonlyMap<string, ServiceStats> {
  const stats = new Map<string, { spanCount: number; errorCount: number }>();
  for (const span of spans) {
    const name = serviceNameOf(span.resource);
    let service = stats.get(name);
    if (service === undefined) {
      service = { spanCount: 0, errorCount: 0 };
      stats.set(name, service);
    }
    service.spanCount++;
    service.errorCount += span.statusCode === statusError ? 1 : 0;
  }
  return new Map([...stats].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

interface ShownFields {
  readonly name: boolean;
  readonly fields: readonly ShownField[];
  readonly conditions: readonly SpanCondition[];
}

interface ShownField {
  readonly field: Field;
  readonly leaves: readonly LeafCondition[];
  /** Nothing but the conditions reads the field: what they do not accept is not shown. */
  readonly onlyCompared: boolean;
  /** The query asks for spans without it: they say `nil`. */
  readonly saysNil: boolean;
}

function shownFields(query: Query): ShownFields {
  const read = fieldsOf(query);
  const fields = read === 'all' ? [] : read;
  const conditions = filterConditionsOf(query);
  const leaves = conditions.flatMap(leavesOf);
  const reads = readsOf(query);
  const isAbsenceAsked = asksForAbsence(query);
  const readCount = (field: Field): number =>
    reads === 'all' ? Infinity : reads.filter((read) => sameField(read, field)).length;
  return {
    name: fields.some((field) => field.kind === 'intrinsic' && field.name === 'name'),
    fields: fields
      .filter((field) => field.kind !== 'intrinsic' || !carriedElsewhere.includes(field.name))
      .map((field) => {
        const own = leaves.filter((leaf) => sameField(leaf.field, field));
        const saysNil = field.kind === 'attribute' && listOfField(field) === undefined && isAbsenceAsked(field);
        return { field, leaves: own, onlyCompared: own.length === readCount(field), saysNil };
      }),
    conditions,
  };
}

function leavesOf(condition: SpanCondition): readonly LeafCondition[] {
  switch (condition.kind) {
    case 'true':
      return [];
    case 'leaf':
      return [condition];
    default:
      return condition.conditions.flatMap(leavesOf);
  }
}

/** Values of the events (links) that satisfy some filter alone, with all that it says of events, the last first. */
function valuesOfWitnesses(
  field: Field,
  list: 'event' | 'link',
  span: Span,
  facts: TraceFacts,
  { conditions }: ShownFields
): readonly Static[] {
  const alone: Span[] =
    list === 'event'
      ? span.events.map((event) => ({ ...span, events: [event] }))
      : span.links.map((link) => ({ ...span, links: [link] }));
  return alone
    .filter((each) => conditions.some((condition) => holdsOf(condition, list, each, facts) === true))
    .flatMap((each) => fieldValues(field, each, facts.trace, facts))
    .reverse();
}

/** What the condition says of events (links) alone; `undefined` when that is nothing. */
function holdsOf(condition: SpanCondition, list: 'event' | 'link', span: Span, facts: TraceFacts): boolean | undefined {
  switch (condition.kind) {
    case 'true':
      return undefined;
    case 'leaf':
      return listOfField(condition.field) === list
        ? fieldValues(condition.field, span, facts.trace, facts).some((value) => condition.accepts(value))
        : undefined;
    default: {
      const said = condition.conditions.map((each) => holdsOf(each, list, span, facts));
      const known = said.filter((each) => each !== undefined);
      const holds = condition.kind === 'and' ? known.every(Boolean) : known.some(Boolean);
      return known.length === 0 ? undefined : holds;
    }
  }
}

function describeSpanset(spanset: Spanset, facts: TraceFacts, shown: ShownFields, limit: number): SpansetMatch {
  // Spans of a trace are sorted, indices of a spanset ascend.
  const first = spanset.spans.slice(0, limit).map((index) => facts.trace.spans[index]);
  return {
    matched: spanset.spans.length,
    attributes: spanset.attributes,
    spans: first.map((span) => describeSpan(span, facts, shown)),
  };
}

function describeSpan(span: Span, facts: TraceFacts, shown: ShownFields): SpanMatch {
  const attributes: NamedStatic[] = [];
  // Names and values told, with whether that was for an unscoped attribute.
  const told = new Map<string, boolean>();
  for (const { field, leaves, onlyCompared, saysNil } of shown.fields) {
    const values = fieldValues(field, span, facts.trace, facts);
    if (values.length === 0 && saysNil) {
      attributes.push([field.name, nil]);
      continue;
    }
    // Of several events or links, show the last that made the span match.
    const list = listOfField(field);
    if (list !== undefined) {
      values.reverse();
    }
    const first = list === undefined || leaves.length === 0 ? [] : valuesOfWitnesses(field, list, span, facts, shown);
    const accepted = [...first, ...values].find((candidate) => leaves.some((leaf) => leaf.accepts(candidate)));
    const value = accepted ?? (onlyCompared ? undefined : values.at(0));
    // `.x` and `span.x` share the bare name, and may share the value: it is told once.
    const key = value === undefined ? '' : `${field.name}\n${staticKey(value)}`;
    const isUnscoped = field.kind === 'attribute' && field.scope === 'any';
    if (value !== undefined && !(told.has(key) && (isUnscoped || told.get(key) === true))) {
      told.set(key, isUnscoped);
      attributes.push([field.name, value]);
    }
  }
  return {
    spanId: span.spanId,
    name: shown.name ? span.name : undefined,
    startUnixNanos: span.startUnixNanos,
    durationNanos: durationNanosOf(span),
    attributes,
  };
}
