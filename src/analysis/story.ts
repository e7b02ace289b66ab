/**
 * The few lines that tell a large trace. A line is a node of the call tree, so that a thousand calls of one kind are one line with a
 * count; failures and slow spans are kept apart from the others of their path.
 *
 * On a line: every error origin (a failed span with no failed span below), every span that holds 5 % of the critical path, every
 * entry into a service. Then, while there is room, what else holds the critical path. Where the required lines alone are more
 * than there is room for, they rank: roots, critical spans, errors, service boundaries by the time below them; the story says how many
 * spans of each kind it leaves out.
 */
import type { SpanTable } from '../trace/span-table.ts';
import { callTreeOf, sumByNode } from './call-tree.ts';
import type { CallTree } from './call-tree.ts';

/** A screen at 24 pixels a line. */
export const storyLanesMax = 40;
/** From here on a trace opens as its story. */
export const storySpansMin = 1_000;
/** Share of the critical path that makes a span part of the story. */
export const storyCriticalShare = 0.05;
/** Share that fills the room that is left. */
const fillCriticalShare = 0.005;

/** Why a line is in the story; the first that holds. */
export type StoryReason = 'root' | 'critical' | 'error' | 'boundary' | 'share';

export interface Story {
  readonly tree: CallTree;
  /** By node: 1 for those with a line. */
  readonly isShown: Uint8Array;
  readonly laneCount: number;
  /** Spans that would have to be on a line and had no room. All 0 for nearly every trace. */
  readonly omitted: { readonly critical: number; readonly errors: number; readonly boundaries: number };
}

export interface StorySource {
  readonly table: SpanTable;
  readonly criticalNanos: Float64Array;
  /** 1 where the subtree below the row holds an error. */
  readonly errorBelow: Uint8Array;
}

export function isErrorOrigin({ table, errorBelow }: Pick<StorySource, 'table' | 'errorBelow'>, row: number): boolean {
  return table.statusCode[row] === 2 && errorBelow[row] === 0;
}

/** Linear in the rows, but for ranking the nodes. */
export function storyOf(source: StorySource, lanesMax = storyLanesMax): Story {
  const { table, criticalNanos } = source;
  const criticalMin = Math.max(1, storyCriticalShare * table.traceNanos);
  const isCritical = (row: number): boolean => criticalNanos[row] >= criticalMin;
  // Class 0: ordinary; 1: error origins; 2 and up: one for each critical span.
  const classOfRow = new Uint32Array(table.rowCount);
  let classes = 2;
  for (let row = 0; row < table.rowCount; row++) {
    classOfRow[row] = isCritical(row) ? classes++ : isErrorOrigin(source, row) ? 1 : 0;
  }
  const tree = callTreeOf(table, classOfRow);
  const critical = sumByNode(tree, criticalNanos);
  const reachNanos = subtreeNanos(tree, table);
  const reasons = Array.from({ length: tree.nodeCount }, (_, node): StoryReason | undefined => {
    const row = tree.firstRow[node];
    const parent = table.parent[row];
    return parent < 0
      ? 'root'
      : isCritical(row)
        ? 'critical'
        : classOfRow[row] === 1
          ? 'error'
          : table.service[parent] !== table.service[row]
            ? 'boundary'
            : critical[node] >= fillCriticalShare * table.traceNanos && critical[node] > 0
              ? 'share'
              : undefined;
  });
  const ranked = reasons
    .flatMap((reason, node) => (reason === undefined ? [] : [{ node, reason }]))
    .sort(
      (a, b) =>
        rank[a.reason] - rank[b.reason] ||
        critical[b.node] - critical[a.node] ||
        reachNanos[b.node] - reachNanos[a.node] ||
        a.node - b.node
    );
  const isShown = new Uint8Array(tree.nodeCount);
  const omitted = { critical: 0, errors: 0, boundaries: 0 };
  let laneCount = 0;
  for (const { node, reason } of rootsFirstWithin(ranked, lanesMax)) {
    if (laneCount < lanesMax) {
      isShown[node] = 1;
      laneCount++;
    } else if (reason !== 'share') {
      omitted[reason === 'critical' ? 'critical' : reason === 'error' ? 'errors' : 'boundaries'] += tree.count[node];
    }
  }
  return { tree, isShown, laneCount, omitted };
}

const rank: Readonly<Record<StoryReason, number>> = { root: 0, critical: 1, error: 2, boundary: 3, share: 4 };

interface Ranked {
  readonly node: number;
  readonly reason: StoryReason;
}

/** A trace of a hundred roots must not crowd out its errors: roots beyond a quarter of the room rank as boundaries do. */
function rootsFirstWithin(ranked: readonly Ranked[], lanesMax: number): readonly Ranked[] {
  const roots = ranked.filter(({ reason }) => reason === 'root');
  const room = Math.max(1, Math.floor(lanesMax / 4));
  if (roots.length <= room) {
    return ranked;
  }
  const at = ranked.findIndex(({ reason }) => rank[reason] >= rank.boundary);
  const urgent = ranked.slice(roots.length, at < 0 ? ranked.length : at);
  return [...roots.slice(0, room), ...urgent, ...roots.slice(room), ...ranked.slice(roots.length + urgent.length)];
}

/** By node: durations of its rows, which stand for the time below them. */
function subtreeNanos(tree: CallTree, table: SpanTable): Float64Array {
  return sumByNode(
    tree,
    table.durationNanos.map((nanos) => Math.max(0, nanos))
  );
}

/** What the story leaves out, in words; `undefined` when it leaves out nothing it should have. */
export function omittedSentence({ omitted }: Pick<Story, 'omitted'>): string | undefined {
  const { critical, errors, boundaries } = omitted;
  const parts = [
    part(critical, 'span of the critical path', 'spans of the critical path'),
    part(errors, 'failed span', 'failed spans'),
    part(boundaries, 'entry into a service', 'entries into services'),
  ].filter((text) => text !== undefined);
  return parts.length === 0 ? undefined : `No room in the story for ${parts.join(', ')}.`;
}

function part(count: number, one: string, many: string): string | undefined {
  return count === 0 ? undefined : `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
