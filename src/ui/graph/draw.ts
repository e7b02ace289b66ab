/** One frame of the service graph on a canvas. */
import type { GraphEdgeBody, GraphNodeBody } from '../../api/vivace/graph.ts';
import type { Theme } from '../kit/theme.ts';
import { nodeRadius } from './layout.ts';
import type { Places } from './layout.ts';

/** What of the plane is on the screen: `screen = (place − middle) · scale + size / 2`. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface GraphScene {
  readonly nodes: readonly GraphNodeBody[];
  readonly edges: readonly GraphEdgeBody[];
  readonly places: Places;
  /** Id of a node, or of an edge as {@link edgeIdOf}. */
  readonly selected: string | undefined;
}

export function edgeIdOf({ source, target, kind }: Pick<GraphEdgeBody, 'source' | 'target' | 'kind'>): string {
  return `${source} → ${target} ${kind}`;
}

/** Everything in view, with a margin; not larger than life. */
export function fittingCamera(ids: readonly string[], places: Places, width: number, height: number): Camera {
  const shown = ids.flatMap((id) => places[id] ?? []);
  if (shown.length === 0 || width === 0) {
    return { x: 0, y: 0, scale: 1 };
  }
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of shown) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  const margin = 90;
  const scale = Math.min(1.2, width / (right - left + 2 * margin), height / (bottom - top + 2 * margin));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
}

/** Names below this are not readable, and edges say less than their shape. */
const labelScaleMin = 0.45;

export function drawGraph(
  canvas: CanvasRenderingContext2D,
  { nodes, edges, places, selected }: GraphScene,
  camera: Camera,
  theme: Theme,
  size: { readonly width: number; readonly height: number; readonly pixelRatio: number }
): void {
  const { width, height, pixelRatio } = size;
  canvas.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  canvas.clearRect(0, 0, width, height);
  canvas.translate(width / 2, height / 2);
  canvas.scale(camera.scale, camera.scale);
  canvas.translate(-camera.x, -camera.y);
  const busiest = Math.max(1e-9, ...edges.map(({ ratePerSecond }) => ratePerSecond || 0));
  const isNear = ({ source, target }: GraphEdgeBody): boolean => source === selected || target === selected;
  for (const edge of edges) {
    const isSelected = edgeIdOf(edge) === selected;
    canvas.globalAlpha = isSelected || selected === undefined || isNear(edge) ? 0.9 : 0.25;
    canvas.strokeStyle = canvas.fillStyle =
      edge.errorShare > 0.01 ? theme.error : isSelected || isNear(edge) ? theme.accent : theme.textMuted;
    canvas.lineWidth = (isSelected ? 2 : 1) + 3 * Math.sqrt((edge.ratePerSecond || 0) / busiest);
    canvas.setLineDash(edge.kind === 'messaging' ? [6, 5] : []);
    drawEdge(canvas, places[edge.source], places[edge.target]);
  }
  canvas.setLineDash([]);
  canvas.globalAlpha = 1;
  for (const node of nodes) {
    const place = places[node.id];
    if (place !== undefined) {
      drawNode(canvas, node, place.x, place.y, theme, node.id === selected);
      if (camera.scale >= labelScaleMin || node.id === selected) {
        label(canvas, node, place.x, place.y, theme);
      }
    }
  }
}

function drawEdge(
  canvas: CanvasRenderingContext2D,
  from: Places[string] | undefined,
  to: Places[string] | undefined
): void {
  if (from === undefined || to === undefined) {
    return;
  }
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < 1) {
    canvas.beginPath();
    canvas.arc(from.x, from.y - nodeRadius - 6, 9, 0, 2 * Math.PI);
    canvas.stroke();
    return;
  }
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [startX, startY] = [from.x + dx * nodeRadius, from.y + dy * nodeRadius];
  const [endX, endY] = [to.x - dx * (nodeRadius + 3), to.y - dy * (nodeRadius + 3)];
  canvas.beginPath();
  canvas.moveTo(startX, startY);
  canvas.lineTo(endX, endY);
  canvas.stroke();
  canvas.beginPath();
  canvas.moveTo(endX, endY);
  canvas.lineTo(endX - 9 * dx - 4.5 * dy, endY - 9 * dy + 4.5 * dx);
  canvas.lineTo(endX - 9 * dx + 4.5 * dy, endY - 9 * dy - 4.5 * dx);
  canvas.fill();
}

/** Services are round, databases barrels drawn as squares with round corners, queues flat, peers without spans dashed. */
function drawNode(
  canvas: CanvasRenderingContext2D,
  { kind, errorShare }: GraphNodeBody,
  x: number,
  y: number,
  theme: Theme,
  isSelected: boolean
): void {
  canvas.beginPath();
  if (kind === 'database') {
    canvas.roundRect(x - nodeRadius + 2, y - nodeRadius + 2, 2 * nodeRadius - 4, 2 * nodeRadius - 4, 5);
  } else if (kind === 'queue') {
    canvas.roundRect(x - nodeRadius - 4, y - 11, 2 * nodeRadius + 8, 22, 11);
  } else {
    canvas.arc(x, y, nodeRadius, 0, 2 * Math.PI);
  }
  canvas.fillStyle = isSelected ? theme.selected : theme.surface;
  canvas.fill();
  canvas.lineWidth = isSelected ? 4 : 2.5;
  canvas.strokeStyle = isSelected ? theme.focus : kind === 'service' ? theme.accent : theme.textMuted;
  canvas.setLineDash(kind === 'external' ? [4, 4] : []);
  canvas.stroke();
  canvas.setLineDash([]);
  if (errorShare > 0 && kind !== 'queue') {
    canvas.beginPath();
    // A thousandth of failures still shows.
    canvas.arc(x, y, nodeRadius + 4, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(0.03, errorShare));
    canvas.strokeStyle = theme.error;
    canvas.lineWidth = 4;
    canvas.stroke();
  }
}

function label(canvas: CanvasRenderingContext2D, { name }: GraphNodeBody, x: number, y: number, theme: Theme): void {
  const text = name.length > 26 ? `${name.slice(0, 25)}…` : name;
  canvas.font = '12px system-ui, sans-serif';
  canvas.textAlign = 'center';
  canvas.textBaseline = 'top';
  canvas.lineWidth = 3;
  canvas.strokeStyle = theme.background;
  canvas.strokeText(text, x, y + nodeRadius + 6);
  canvas.fillStyle = theme.text;
  canvas.fillText(text, x, y + nodeRadius + 6);
}
