/**
 * Which lines the waterfall has: lane → row. A lane shows one span, or a group of spans that fold into one line: repeated siblings,
 * or all spans of a path in the story. Plain functions over columns.
 */
import { durationSummaryOf } from '../../analysis/durations.ts';
import type { DurationSummary } from '../../analysis/durations.ts';
import type { RepeatPattern } from '../../analysis/repeats.ts';
import { repeatsMin } from '../../analysis/repeats.ts';
import { storySpansMin } from '../../analysis/story.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import type { Reduction, TraceFocus } from '../state/view.ts';
import type { TraceModel } from '../trace/model.ts';
import { isFolded, toggleFold, unfoldTo } from './layout.ts';

/** What of the focus decides the lanes. */
export type LaneFocus = Pick<TraceFocus, 'foldDepth' | 'foldToggles' | 'zoom' | 'reduce' | 'open' | 'hide' | 'clip'>;

export interface LaneGroup {
  /** Ascending, at least two, without those that are filtered away. */
  readonly rows: Uint32Array;
  readonly pattern: RepeatPattern | undefined;
}

/** What the fold button of a lane does. */
export const foldNone = 0;
export const foldClosed = 1;
export const foldOpen = 2;

export interface Lanes {
  readonly reduction: Reduction;
  /** lane → row: of a group the first. No row twice. */
  readonly rows: Uint32Array;
  /** Depth as drawn: in the story, lines between are left out. */
  readonly depth: Uint32Array;
  /** lane → index into `groups`; −1 for a single span. */
  readonly group: Int32Array;
  readonly groups: readonly LaneGroup[];
  /** `foldNone`, `foldClosed`, `foldOpen`. */
  readonly fold: Uint8Array;
  /** Spans folded away below the lane. */
  readonly hiddenCount: Uint32Array;
  /** Row → its lane, or the lane that hides it; −1 when it is filtered away. */
  readonly laneOfRow: Int32Array;
  /** Rows that the filter, and rows that the brushed range, leaves out. */
  readonly filteredCount: number;
  readonly outsideCount: number;
}

export function reductionOf(table: SpanTable, { reduce }: Pick<LaneFocus, 'reduce'>): Reduction {
  return reduce ?? (table.rowCount >= storySpansMin ? 'story' : 'all');
}

/** `matches`: 1 for rows that match; they decide only where `focus.hide` hides the others. */
export function lanesOf(model: TraceModel, focus: LaneFocus, matches: Uint8Array | undefined): Lanes {
  const kept = keptRows(model.table, focus, matches);
  const reduction = reductionOf(model.table, focus);
  return reduction === 'story' ? storyLanes(model, focus, kept) : treeLanes(model, focus, kept, reduction);
}

interface Kept {
  /** 1 for rows that pass, 2 for ancestors of such; `undefined`: every row passes. */
  readonly rows: Uint8Array | undefined;
  readonly filteredCount: number;
  readonly outsideCount: number;
}

function keptRows(table: SpanTable, { zoom, hide, clip }: LaneFocus, matches: Uint8Array | undefined): Kept {
  const wanted = hide === true ? matches : undefined;
  const range = clip === true ? zoom : undefined;
  if (wanted === undefined && range === undefined) {
    return { rows: undefined, filteredCount: 0, outsideCount: 0 };
  }
  const rows = new Uint8Array(table.rowCount);
  let [filteredCount, outsideCount] = [0, 0];
  for (let row = table.rowCount - 1; row >= 0; row--) {
    const start = table.offsetNanos[row];
    const isOutside =
      range !== undefined &&
      (start > range.endNanos || start + Math.max(0, table.durationNanos[row]) < range.startNanos);
    const isFiltered = wanted !== undefined && wanted[row] === 0;
    if (isOutside) {
      outsideCount++;
    } else if (isFiltered) {
      filteredCount++;
    } else {
      rows[row] = 1;
    }
    const parent = table.parent[row];
    // A span below stays where it is: under its ancestors.
    if (rows[row] !== 0 && parent >= 0 && rows[parent] === 0) {
      rows[parent] = 2;
    }
  }
  // Ancestors were marked before they were looked at.
  return { rows, filteredCount, outsideCount };
}

/** Lanes while they are made: as long as the table, cut at the end. */
class LaneList {
  readonly rows: Uint32Array;
  readonly depth: Uint32Array;
  readonly group: Int32Array;
  readonly fold: Uint8Array;
  readonly hiddenCount: Uint32Array;
  readonly laneOfRow: Int32Array;
  readonly groups: LaneGroup[] = [];
  count = 0;

  constructor(rowCount: number) {
    this.rows = new Uint32Array(rowCount);
    this.depth = new Uint32Array(rowCount);
    this.group = new Int32Array(rowCount).fill(-1);
    this.fold = new Uint8Array(rowCount);
    this.hiddenCount = new Uint32Array(rowCount);
    this.laneOfRow = new Int32Array(rowCount).fill(-1);
  }

  add(row: number, depth: number, fold: number): number {
    const lane = this.count++;
    this.rows[lane] = row;
    this.depth[lane] = depth;
    this.fold[lane] = fold;
    this.laneOfRow[row] = lane;
    return lane;
  }

  addGroup(rows: Uint32Array, pattern: RepeatPattern | undefined, depth: number, fold: number): number {
    const lane = this.add(rows[0], depth, fold);
    if (rows.length > 1) {
      this.group[lane] = this.groups.push({ rows, pattern }) - 1;
      rows.forEach((row) => (this.laneOfRow[row] = lane));
    }
    return lane;
  }

  finish(reduction: Reduction, { filteredCount, outsideCount }: Kept): Lanes {
    const cut = <T extends Uint32Array | Int32Array | Uint8Array>(column: T): T => column.subarray(0, this.count) as T;
    return {
      reduction,
      rows: cut(this.rows),
      depth: cut(this.depth),
      group: cut(this.group),
      groups: this.groups,
      fold: cut(this.fold),
      hiddenCount: cut(this.hiddenCount),
      laneOfRow: this.laneOfRow,
      filteredCount,
      outsideCount,
    };
  }
}

/** Every row in the tree's order, without folded subtrees; with `repeats`, groups of siblings as one lane where the first stands. */
function treeLanes(model: TraceModel, focus: LaneFocus, kept: Kept, reduction: 'repeats' | 'all'): Lanes {
  const { table } = model;
  const list = new LaneList(table.rowCount);
  const open = new Set(focus.open);
  // By row: the repeat it is a member of, counted from 1; 0 for none.
  const repeatOfRow = new Uint32Array(reduction === 'repeats' ? table.rowCount : 0);
  if (reduction === 'repeats') {
    model.repeats.forEach(({ rows }, index) => {
      if (rows.length >= repeatsMin && !open.has(rows[0])) {
        rows.forEach((row) => (repeatOfRow[row] = index + 1));
      }
    });
  }
  const laneOfRepeat = new Map<number, number>();
  for (let row = 0; row < table.rowCount;) {
    const end = table.subtreeEnd[row];
    if (kept.rows !== undefined && kept.rows[row] === 0) {
      row = end;
      continue;
    }
    const repeat = repeatOfRow[row] ?? 0;
    if (repeat > 0) {
      let lane = laneOfRepeat.get(repeat);
      if (lane === undefined) {
        const members = keptOf(model.repeats[repeat - 1].rows, kept);
        lane = list.addGroup(members, model.repeats[repeat - 1].pattern, table.depth[row], foldClosed);
        laneOfRepeat.set(repeat, lane);
      }
      list.hiddenCount[lane] += end - row - 1;
      fillKept(list.laneOfRow, row, end, lane, kept);
      row = end;
    } else if (isFolded(table, focus, row)) {
      const lane = list.add(row, table.depth[row], foldClosed);
      list.hiddenCount[lane] = end - row - 1;
      fillKept(list.laneOfRow, row, end, lane, kept);
      row = end;
    } else {
      list.add(row, table.depth[row], table.childCount[row] > 0 ? foldOpen : foldNone);
      row++;
    }
  }
  return list.finish(reduction, kept);
}

function keptOf(rows: Uint32Array, { rows: kept }: Kept): Uint32Array {
  return kept === undefined ? rows : rows.filter((row) => kept[row] !== 0);
}

function fillKept(laneOfRow: Int32Array, start: number, end: number, lane: number, { rows }: Kept): void {
  if (rows === undefined) {
    laneOfRow.fill(lane, start, end);
    return;
  }
  for (let row = start; row < end; row++) {
    laneOfRow[row] = rows[row] === 0 ? -1 : lane;
  }
}

/**
 * The story's nodes, those below a node that was opened, and, where others are hidden, every node with a match. Nodes that are not shown
 * are left out between a lane and its parent.
 */
function storyLanes(model: TraceModel, focus: LaneFocus, kept: Kept): Lanes {
  const { table, story } = model;
  const { tree } = story;
  const open = new Set(focus.open);
  const keptCount = new Uint32Array(tree.nodeCount);
  const isMatching = new Uint8Array(tree.nodeCount);
  for (let row = 0; row < table.rowCount; row++) {
    const state = kept.rows === undefined ? 1 : kept.rows[row];
    keptCount[tree.nodeOfRow[row]] += state === 0 ? 0 : 1;
    isMatching[tree.nodeOfRow[row]] |= state === 1 && focus.hide === true ? 1 : 0;
  }
  // A node comes after its parent: the nearest shown node above, and its depth, are known when it is looked at.
  const shownNode = new Int32Array(tree.nodeCount).fill(-1);
  const isShown = new Uint8Array(tree.nodeCount);
  const depth = new Uint32Array(tree.nodeCount);
  const childrenShown = new Uint32Array(tree.nodeCount);
  for (let node = 0; node < tree.nodeCount; node++) {
    const parent = tree.parent[node];
    const above = parent < 0 ? -1 : shownNode[parent];
    const isOpened = parent >= 0 && isShown[parent] === 1 && open.has(tree.firstRow[parent]);
    if (keptCount[node] > 0 && (story.isShown[node] === 1 || isOpened || isMatching[node] === 1)) {
      isShown[node] = 1;
      depth[node] = above < 0 ? 0 : depth[above] + 1;
      shownNode[node] = node;
      if (parent >= 0 && isShown[parent] === 1) {
        childrenShown[parent]++;
      }
    } else {
      shownNode[node] = above;
    }
  }
  return lanesOfNodes(model, kept, { isShown, shownNode, depth, keptCount, childrenShown, open });
}

interface ShownNodes {
  readonly isShown: Uint8Array;
  /** The node itself, or the nearest shown one above; −1 for none. */
  readonly shownNode: Int32Array;
  readonly depth: Uint32Array;
  readonly keptCount: Uint32Array;
  readonly childrenShown: Uint32Array;
  readonly open: ReadonlySet<number>;
}

function lanesOfNodes({ table, story: { tree } }: TraceModel, kept: Kept, shown: ShownNodes): Lanes {
  const list = new LaneList(table.rowCount);
  const members: Uint32Array[] = [];
  const filled = new Uint32Array(tree.nodeCount);
  const laneOfNode = new Int32Array(tree.nodeCount).fill(-1);
  for (let row = 0; row < table.rowCount; row++) {
    const node = tree.nodeOfRow[row];
    if (shown.isShown[node] === 1 && (kept.rows === undefined || kept.rows[row] !== 0)) {
      (members[node] ??= new Uint32Array(shown.keptCount[node]))[filled[node]++] = row;
    }
  }
  for (const node of inPreorder(tree)) {
    if (shown.isShown[node] === 0) {
      continue;
    }
    const fold =
      tree.childCount[node] === 0
        ? foldNone
        : shown.open.has(tree.firstRow[node]) || shown.childrenShown[node] === tree.childCount[node]
          ? foldOpen
          : foldClosed;
    laneOfNode[node] = list.addGroup(members[node], undefined, shown.depth[node], fold);
  }
  for (let row = 0; row < table.rowCount; row++) {
    const node = shown.shownNode[tree.nodeOfRow[row]];
    if (node >= 0 && list.laneOfRow[row] < 0 && (kept.rows === undefined || kept.rows[row] !== 0)) {
      const lane = laneOfNode[node];
      list.laneOfRow[row] = lane;
      list.hiddenCount[lane]++;
    }
  }
  return list.finish('story', kept);
}

/** Nodes so that each stands right before what is below it; children by their first row. */
function inPreorder({ nodeCount, parent }: TraceModel['story']['tree']): readonly number[] {
  const children: number[][] = Array.from({ length: nodeCount }, () => []);
  const waiting: number[] = [];
  for (let node = nodeCount - 1; node >= 0; node--) {
    (parent[node] < 0 ? waiting : children[parent[node]]).push(node);
  }
  const order: number[] = [];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    order.push(node);
    // One by one: a node may have more children than a call may have arguments.
    children[node].forEach((child) => waiting.push(child));
  }
  return order;
}

/** Opens or closes the lane of `row`: its subtree, its group, or in the story the calls below it. */
export function toggleLane(model: TraceModel, focus: LaneFocus, lanes: Lanes, lane: number): Partial<TraceFocus> {
  const row = lanes.rows[lane];
  if (lanes.reduction === 'story' || lanes.group[lane] >= 0) {
    // A story's node is known by the first of all its rows, also when that one is filtered away.
    const key = lanes.reduction === 'story' ? model.story.tree.firstRow[model.story.tree.nodeOfRow[row]] : row;
    return { open: withToggled(focus.open ?? [], key) };
  }
  return toggleFold(focus, row);
}

/** Another reduction; what was opened in the one before means nothing there. */
export function withReduction(focus: TraceFocus, reduce: Reduction): TraceFocus {
  return { ...focus, reduce, open: undefined };
}

/** What of the focus must change so that `row` has a lane, alone or in a group of the story. The filters stay. */
export function revealRow(model: TraceModel, focus: LaneFocus, row: number): Partial<TraceFocus> {
  const { table, story, repeats } = model;
  const reduction = reductionOf(table, focus);
  const open = new Set(focus.open);
  if (reduction === 'story') {
    const { tree } = story;
    let node = tree.nodeOfRow[row];
    while (node >= 0 && story.isShown[node] === 0) {
      node = tree.parent[node];
      if (node >= 0) {
        open.add(tree.firstRow[node]);
      }
    }
    // Below a root that had no room: nothing there can be opened.
    return node >= 0 ? { open: sorted(open) } : { reduce: 'all', ...unfoldTo(table, focus, row) };
  }
  if (reduction === 'repeats') {
    const path = new Set<number>();
    for (let above = row; above >= 0; above = table.parent[above]) {
      path.add(above);
    }
    for (const { rows } of repeats) {
      if (rows.some((member) => path.has(member))) {
        open.add(rows[0]);
      }
    }
  }
  return { ...unfoldTo(table, focus, row), open: sorted(open) };
}

function sorted(rows: ReadonlySet<number>): readonly number[] {
  return [...rows].sort((a, b) => a - b);
}

function withToggled(rows: readonly number[], row: number): readonly number[] {
  return rows.includes(row) ? rows.filter((other) => other !== row) : [...rows, row].sort((a, b) => a - b);
}

/** The lane above in the tree as drawn; −1 at the top. */
export function parentLane({ depth }: Lanes, lane: number): number {
  let above = lane - 1;
  while (above >= 0 && depth[above] >= depth[lane]) {
    above--;
  }
  return above;
}

/** `row` is on its lane, alone or in the group; false where the lane only hides it, and where it is filtered away. */
export function isOnItsLane(lanes: Lanes, row: number): boolean {
  const lane = row < 0 ? -1 : lanes.laneOfRow[row];
  if (lane < 0) {
    return false;
  }
  const group = lanes.group[lane];
  return lanes.rows[lane] === row || (group >= 0 && includesSorted(lanes.groups[group].rows, row));
}

/** Any span of the lane matches. */
export function isMatchingLane({ rows, group, groups }: Lanes, lane: number, matches: Uint8Array): boolean {
  return group[lane] < 0 ? matches[rows[lane]] === 1 : groups[group[lane]].rows.some((row) => matches[row] === 1);
}

function includesSorted(sorted: Uint32Array, value: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sorted[low] === value;
}

/** What each group took, worked out when it is first asked for. By index into `lanes.groups`. */
export function groupSummaries(table: SpanTable, { groups }: Lanes): (group: number) => DurationSummary {
  const known: DurationSummary[] = [];
  return (group) => (known[group] ??= durationSummaryOf(table, groups[group].rows));
}
