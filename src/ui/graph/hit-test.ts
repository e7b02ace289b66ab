/** What of the graph lies under the pointer. */
import { edgeIdOf } from './draw.ts';
import type { Camera, GraphScene } from './draw.ts';
import { nodeRadius } from './layout.ts';

/** Pixels beside an edge that still hit it. */
const edgeSlack = 6;

/** A place on the screen as a place on the plane. */
export function planeOf(
  camera: Camera,
  at: { readonly x: number; readonly y: number },
  size: { readonly width: number; readonly height: number }
): { readonly x: number; readonly y: number } {
  return {
    x: (at.x - size.width / 2) / camera.scale + camera.x,
    y: (at.y - size.height / 2) / camera.scale + camera.y,
  };
}

/** Id of the node there, else of the nearest edge; `undefined` on empty ground. */
export function hitTest(
  { nodes, edges, places }: Omit<GraphScene, 'selected'>,
  at: { readonly x: number; readonly y: number },
  scale: number
): string | undefined {
  for (const { id } of nodes) {
    const place = places[id];
    if (place !== undefined && Math.hypot(place.x - at.x, place.y - at.y) <= nodeRadius + 4) {
      return id;
    }
  }
  let found: string | undefined;
  let nearest = edgeSlack / scale;
  for (const edge of edges) {
    const [from, to] = [places[edge.source], places[edge.target]];
    if (from === undefined || to === undefined) {
      continue;
    }
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const along = ((at.x - from.x) * dx + (at.y - from.y) * dy) / Math.max(1, dx * dx + dy * dy);
    const t = Math.min(1, Math.max(0, along));
    const distance = Math.hypot(at.x - from.x - t * dx, at.y - from.y - t * dy);
    if (distance <= nearest) {
      nearest = distance;
      found = edgeIdOf(edge);
    }
  }
  return found;
}
