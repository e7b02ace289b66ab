/** What is known of a node or an edge, and how it is written. A graph from somebody else's frames does not know everything. */
import type { GraphEdgeBody, GraphNodeBody, GraphStatsBody } from '../../api/vivace/graph.ts';
import { formatNanos } from '../kit/format.ts';

/** Every number is `NaN` where the source does not tell it. */
export type ShownStats = GraphStatsBody & {
  /** Milliseconds: some sources know the mean and no quantiles. */
  readonly meanMs?: number;
};

export type ShownNode = GraphNodeBody & ShownStats;
export type ShownEdge = GraphEdgeBody & ShownStats;

/** A column of the table and a part of the sentence about one node. */
export interface StatColumn {
  readonly title: string;
  text(stats: ShownStats): string;
}

const latency = (title: string, msOf: (stats: ShownStats) => number | undefined): StatColumn & Known => ({
  title,
  isKnown: (stats) => Number.isFinite(msOf(stats)),
  text: (stats) => formatMs(msOf(stats)),
});

interface Known {
  isKnown(stats: ShownStats): boolean;
}

const columns: readonly (StatColumn & Known)[] = [
  {
    title: 'Rate',
    isKnown: (stats) => Number.isFinite(stats.ratePerSecond),
    text: (stats) => formatRate(stats.ratePerSecond),
  },
  {
    title: 'Errors',
    isKnown: (stats) => Number.isFinite(stats.errorShare),
    text: (stats) => formatShare(stats.errorShare),
  },
  latency('mean', (stats) => stats.meanMs),
  latency('p50', (stats) => stats.p50Ms),
  latency('p95', (stats) => stats.p95Ms),
  latency('p99', (stats) => stats.p99Ms),
];

/** The columns that any row can fill. */
export function knownColumns(rows: readonly ShownStats[]): readonly StatColumn[] {
  return columns.filter((column) => rows.some((row) => column.isKnown(row)));
}

/** All that is known of one, as a sentence. */
export function statsSentence(stats: ShownStats): string {
  const counts = Number.isFinite(stats.requests)
    ? [`${count(stats.requests)} requests, ${count(stats.errors)} failed`]
    : [];
  const known = columns.filter((column) => column.isKnown(stats));
  return [...counts, ...known.map((column) => `${column.title.toLowerCase()} ${column.text(stats)}`)].join('; ');
}

export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) {
    return '–';
  }
  return perSecond === 0 || perSecond >= 0.01
    ? `${Number(perSecond.toPrecision(3))}/s`
    : `${Number((perSecond * 3600).toPrecision(3))}/h`;
}

export function formatShare(share: number): string {
  return Number.isFinite(share) ? `${Number((share * 100).toPrecision(3))} %` : '–';
}

function formatMs(ms: number | undefined): string {
  return ms !== undefined && Number.isFinite(ms) ? formatNanos(ms * 1e6) : '–';
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
