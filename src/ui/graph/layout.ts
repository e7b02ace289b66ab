/**
 * Where the nodes of a service graph stand: callers left of those they call, connected ones near each other, none over another. A node that
 * had a place keeps it, so that a new answer moves nothing.
 */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';
import type { Simulation, SimulationLinkDatum, SimulationNodeDatum } from 'd3-force';

/** What decides a layout; plain data, so that it can be sent to a worker. */
export interface LayoutRequest {
  readonly ids: readonly string[];
  /** Indices into `ids`. */
  readonly edges: readonly (readonly [source: number, target: number])[];
  /** Places from an earlier layout, by id. */
  readonly known: Readonly<Record<string, Place>>;
}

/** Of the middle of a node, in CSS pixels at a zoom of 1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export type Places = Readonly<Record<string, Place>>;

export const nodeRadius = 18;
const columnWidth = 190;
const nodeGap = 30;
/** Forces have settled by then; more rounds move nodes by less than a pixel. */
const roundsMax = 140;

interface LaidNode extends SimulationNodeDatum {
  readonly id: string;
  readonly rank: number;
}

/** A layout that is made in rounds, so that it can be sliced where no worker runs. */
export class LayoutRun {
  private readonly simulation: Simulation<LaidNode, SimulationLinkDatum<LaidNode>>;
  private rounds = 0;

  constructor({ ids, edges, known }: LayoutRequest) {
    const ranks = ranksOf(ids.length, edges);
    const inColumn = new Map<number, number>();
    const nodes = ids.map((id, index): LaidNode => {
      const place = Object.hasOwn(known, id) ? known[id] : undefined;
      const rank = ranks[index];
      const row = inColumn.get(rank) ?? 0;
      inColumn.set(rank, row + 1);
      // Above and below the middle in turn.
      const y = (row % 2 === 0 ? row / 2 : -(row + 1) / 2) * (2 * nodeRadius + nodeGap);
      return place === undefined
        ? { id, rank, x: rank * columnWidth, y }
        : { id, rank, x: place.x, y: place.y, fx: place.x, fy: place.y };
    });
    const links = edges.filter(([source, target]) => source !== target).map(([source, target]) => ({ source, target }));
    this.simulation = forceSimulation(nodes)
      .stop()
      .force('column', forceX<LaidNode>(({ rank }) => rank * columnWidth).strength(0.7))
      .force('middle', forceY(0).strength(0.04))
      .force('link', forceLink<LaidNode, SimulationLinkDatum<LaidNode>>(links).distance(columnWidth).strength(0.06))
      .force('charge', forceManyBody<LaidNode>().strength(-160).distanceMax(600).theta(1.2))
      .force('collide', forceCollide<LaidNode>(nodeRadius + nodeGap / 2))
      .alphaDecay(1 - 0.001 ** (1 / roundsMax));
  }

  /** One round; false when it was the last. */
  step(): boolean {
    this.simulation.tick();
    return ++this.rounds < roundsMax;
  }

  places(): Places {
    return Object.fromEntries(
      this.simulation.nodes().map(({ id, x = 0, y = 0 }) => [id, { x: Math.round(x), y: Math.round(y) }])
    );
  }
}

export function layoutOf(request: LayoutRequest): Places {
  const run = new LayoutRun(request);
  while (run.step()) {
    // Until it has settled.
  }
  return run.places();
}

/**
 * The column of each node: one behind the last of its callers. Calls that close a circle are left out, found by a walk from those nobody
 * calls. Iterative: a chain of services may be long.
 */
export function ranksOf(nodeCount: number, edges: readonly (readonly [number, number])[]): Int32Array {
  const targets: number[][] = Array.from({ length: nodeCount }, () => []);
  const callers = new Int32Array(nodeCount);
  for (const [source, target] of edges) {
    if (source !== target) {
      targets[source].push(target);
      callers[target]++;
    }
  }
  const starts = Array.from({ length: nodeCount }, (_, node) => node).sort((a, b) => callers[a] - callers[b] || a - b);
  // 0: not seen, 1: on the path, 2: done. In reverse order of being done, callers come first.
  const state = new Uint8Array(nodeCount);
  const next = new Int32Array(nodeCount);
  const done: number[] = [];
  const forward: number[][] = Array.from({ length: nodeCount }, () => []);
  for (const start of starts) {
    const path = state[start] === 0 ? [start] : [];
    state[start] ||= 1;
    while (path.length > 0) {
      const node = path[path.length - 1];
      const target = targets[node][next[node]++];
      if (target === undefined) {
        state[node] = 2;
        done.push(node);
        path.pop();
      } else if (state[target] !== 1) {
        forward[node].push(target);
        if (state[target] === 0) {
          state[target] = 1;
          path.push(target);
        }
      }
    }
  }
  const ranks = new Int32Array(nodeCount);
  for (const node of done.reverse()) {
    for (const target of forward[node]) {
      ranks[target] = Math.max(ranks[target], ranks[node] + 1);
    }
  }
  return ranks;
}
