/** `trace-summary-v0-native`: which services changed between two traces, and in which direction. */
import type { DiffWarning, LogicalSpan, LogicalTrace } from './logical-trace.ts';
import type { PatchStats, TracePatch } from './patch.ts';

export const summaryFormat = 'trace-summary-v0-native';

type Direction = 'increased' | 'decreased' | 'unchanged';

/** Field names and order are Tempo's. */
export interface TraceSummary {
  readonly version: typeof summaryFormat;
  readonly base: SummarySide;
  readonly compare: SummarySide;
  readonly signals: {
    readonly traceLatency: Direction;
    readonly sumSpanDuration: Direction;
    readonly errors: Direction;
    readonly spanCount: Direction;
    readonly structure: 'changed' | 'unchanged';
  };
  /** Matched spans, as a share of the larger and of the smaller trace. */
  readonly trust: { readonly matchedSpanRatio: number; readonly structureOverlap: number };
  readonly stats: SummaryStats;
  readonly warnings?: readonly DiffWarning[];
  /** All, sorted. */
  readonly changedServices: readonly string[];
  /** Those whose spans changed, or whose time drifted; most first. */
  readonly services: readonly ServiceChange[];
}

export interface SummarySide {
  readonly traceId: string;
  readonly rootService?: string;
  readonly rootName?: string;
  readonly spanCount: number;
  readonly errorSpanCount: number;
  /** From the first start to the last end. */
  readonly durationMs: number;
  readonly sumSpanDurationMs: number;
}

interface SummaryStats extends Pick<
  PatchStats,
  'matchedSpans' | 'modifiedSpans' | 'addedSpans' | 'removedSpans' | 'fieldChanges' | 'attributeChanges'
> {
  readonly traceLatencyDeltaMs: number;
  readonly sumSpanDurationDeltaMs: number;
  readonly spanCountDelta: number;
  readonly errorSpanDelta: number;
}

export interface ServiceChange {
  readonly name: string;
  readonly sumSpanDurationDeltaMs: number;
  readonly modified: number;
  readonly added: number;
  readonly removed: number;
  readonly newErrors: number;
  readonly resolvedErrors: number;
}

export function traceSummary(base: LogicalTrace, compare: LogicalTrace, patch: TracePatch): TraceSummary {
  const [before, after] = [totalsOf(base), totalsOf(compare)];
  const {
    spanCountA,
    spanCountB,
    matchedSpans,
    modifiedSpans,
    addedSpans,
    removedSpans,
    fieldChanges,
    attributeChanges,
  } = patch.stats;
  const stats: SummaryStats = {
    traceLatencyDeltaMs: millisOf(after.envelopeNanos - before.envelopeNanos),
    sumSpanDurationDeltaMs: millisOf(after.sumNanos - before.sumNanos),
    spanCountDelta: spanCountB - spanCountA,
    errorSpanDelta: after.errors - before.errors,
    matchedSpans,
    modifiedSpans,
    addedSpans,
    removedSpans,
    fieldChanges,
    attributeChanges,
  };
  const restructured = restructuredServices(base, compare);
  const { changedServices, services } = changesByService(base, compare, patch, restructured);
  const isRestructured = addedSpans > 0 || removedSpans > 0 || restructured.size > 0;
  return {
    version: summaryFormat,
    base: sideOf(base, before),
    compare: sideOf(compare, after),
    signals: {
      traceLatency: directionOf(stats.traceLatencyDeltaMs),
      sumSpanDuration: directionOf(stats.sumSpanDurationDeltaMs),
      errors: directionOf(stats.errorSpanDelta),
      spanCount: directionOf(stats.spanCountDelta),
      structure: isRestructured ? 'changed' : 'unchanged',
    },
    trust: {
      matchedSpanRatio: shareOf(matchedSpans, Math.max(spanCountA, spanCountB)),
      structureOverlap: shareOf(matchedSpans, Math.min(spanCountA, spanCountB)),
    },
    stats,
    warnings: patch.warnings.length === 0 ? undefined : patch.warnings,
    changedServices,
    services,
  };
}

interface Totals {
  readonly envelopeNanos: bigint;
  readonly sumNanos: bigint;
  readonly errors: number;
}

/** Spans without a valid time count nothing. */
function totalsOf({ spans }: LogicalTrace): Totals {
  let [first, last, sumNanos, errors] = [undefined as bigint | undefined, 0n, 0n, 0];
  for (const { startUnixNanos, endUnixNanos, durationNanos, status } of spans) {
    errors += Number(status === 'error');
    if (durationNanos !== undefined) {
      first = first === undefined || startUnixNanos < first ? startUnixNanos : first;
      last = endUnixNanos > last ? endUnixNanos : last;
      sumNanos += durationNanos;
    }
  }
  return { envelopeNanos: first === undefined ? 0n : last - first, sumNanos, errors };
}

function sideOf({ traceId, spans }: LogicalTrace, { envelopeNanos, sumNanos, errors }: Totals): SummarySide {
  return {
    traceId,
    rootService: spans[0]?.service || undefined,
    rootName: spans[0]?.name || undefined,
    spanCount: spans.length,
    errorSpanCount: errors,
    durationMs: millisOf(envelopeNanos),
    sumSpanDurationMs: millisOf(sumNanos),
  };
}

const millisOf = (nanos: bigint): number => Number(nanos / 1_000_000n);
const directionOf = (delta: number): Direction => (delta > 0 ? 'increased' : delta < 0 ? 'decreased' : 'unchanged');
const shareOf = (part: number, whole: number): number => (whole === 0 ? Number(part === 0) : part / whole);
const serviceOf = ({ service }: { readonly service: string }): string => service || '<unknown>';

/** Services of which some operation has another parent, or occurs another number of times. The order of siblings does not count. */
function restructuredServices(base: LogicalTrace, compare: LogicalTrace): Set<string> {
  const balance = new Map<string, { readonly service: string; count: number }>();
  const add = (span: LogicalSpan, by: number): void => {
    const key = `${span.parentKey ?? ''} ${span.key}`;
    const entry = balance.get(key) ?? { service: serviceOf(span), count: 0 };
    entry.count += by;
    balance.set(key, entry);
  };
  base.spans.forEach((span) => add(span, 1));
  compare.spans.forEach((span) => add(span, -1));
  return new Set([...balance.values()].filter(({ count }) => count !== 0).map(({ service }) => service));
}

type Counts = { -readonly [Name in Exclude<keyof ServiceChange, 'name' | 'sumSpanDurationDeltaMs'>]: number };

function changesByService(
  base: LogicalTrace,
  compare: LogicalTrace,
  patch: TracePatch,
  restructured: ReadonlySet<string>
): Pick<TraceSummary, 'changedServices' | 'services'> {
  const counts = countsByService(patch);
  const [before, after] = [sumsByService(base), sumsByService(compare)];
  const changed = new Set([...counts.keys(), ...restructured]);
  const services: ServiceChange[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const delta = (after.get(name) ?? 0n) - (before.get(name) ?? 0n);
    const hasDrifted = isDrift(before.get(name) ?? 0n, delta);
    if (hasDrifted) {
      changed.add(name);
    }
    if (hasDrifted || counts.has(name)) {
      services.push({ name, sumSpanDurationDeltaMs: millisOf(delta), ...(counts.get(name) ?? noCounts()) });
    }
  }
  services.sort(
    (a, b) =>
      Math.abs(b.sumSpanDurationDeltaMs) - Math.abs(a.sumSpanDurationDeltaMs) ||
      b.newErrors - a.newErrors ||
      (a.name < b.name ? -1 : 1)
  );
  return { changedServices: [...changed].sort(), services };
}

const noCounts = (): Counts => ({ modified: 0, added: 0, removed: 0, newErrors: 0, resolvedErrors: 0 });

function countsByService({ modified, added, removed }: TracePatch): Map<string, Counts> {
  const byService = new Map<string, Counts>();
  const countsOf = (span: { readonly service: string }): Counts => {
    const name = serviceOf(span);
    const counts = byService.get(name) ?? noCounts();
    byService.set(name, counts);
    return counts;
  };
  for (const { span, changes } of modified) {
    const counts = countsOf(span);
    counts.modified++;
    for (const { target, before, after } of changes) {
      if (target.type === 'field' && target.name === 'status') {
        counts.newErrors += Number(after === 'error');
        counts.resolvedErrors += Number(before === 'error');
      }
    }
  }
  for (const { span } of added) {
    const counts = countsOf(span);
    counts.added++;
    counts.newErrors += Number(span.status === 'error');
  }
  for (const { span } of removed) {
    const counts = countsOf(span);
    counts.removed++;
    counts.resolvedErrors += Number(span.status === 'error');
  }
  return byService;
}

function sumsByService({ spans }: LogicalTrace): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const span of spans) {
    const service = serviceOf(span);
    sums.set(service, (sums.get(service) ?? 0n) + (span.durationNanos ?? 0n));
  }
  return sums;
}

/** All spans of a service a little slower: below the tolerance of each, but 1 ms and a twentieth together. */
function isDrift(base: bigint, delta: bigint): boolean {
  const size = delta < 0n ? -delta : delta;
  return size >= 1_000_000n && size * 20n >= base;
}
