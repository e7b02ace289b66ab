/** Paints bars and minimap on a 2-D canvas. One pass over the lanes on the screen; no state but the canvas. */
import type { DurationSummary } from '../../analysis/durations.ts';
import { isErrorLevel } from '../logs/log-lines.ts';
import type { TraceLogs } from '../logs/log-lines.ts';
import type { TraceModel } from '../trace/model.ts';
import { formatNanos } from '../kit/format.ts';
import type { Theme } from '../kit/theme.ts';
import { isMatchingLane } from './lanes.ts';
import type { Lanes } from './lanes.ts';
import { laneHeight, pixelOf } from './layout.ts';
import type { Viewport } from './layout.ts';

export interface Scene {
  readonly model: TraceModel;
  readonly lanes: Lanes;
  readonly summaryOf: (group: number) => DurationSummary;
  readonly laneStart: number;
  readonly laneEnd: number;
  readonly viewport: Viewport;
  /** CSS pixels. */
  readonly width: number;
  readonly colors: readonly string[];
  /** By row: an index into `colors`. */
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
  /** 1 for rows that match the text to find; `undefined` when there is none. */
  readonly matches: Uint8Array | undefined;
  readonly ticks: readonly number[];
  readonly logs: TraceLogs | undefined;
}

const barTop = 6;
const barHeight = 11;
const barRadius = 2;
const barWidthMin = 2;
const labelFont = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const labelGap = 6;
const dimmed = 0.28;

/** `context` is scaled to CSS pixels; y = 0 is the top of `laneStart`. */
export function drawBars(context: CanvasRenderingContext2D, scene: Scene): void {
  const { lanes, laneStart, laneEnd, width, theme, matches } = scene;
  context.clearRect(0, 0, width, (laneEnd - laneStart) * laneHeight);
  context.fillStyle = theme.line;
  context.globalAlpha = 0.55;
  for (const tick of scene.ticks) {
    context.fillRect(Math.round(pixelOf(scene.viewport, width, tick)), 0, 1, (laneEnd - laneStart) * laneHeight);
  }
  context.font = labelFont;
  context.textBaseline = 'middle';
  for (let lane = laneStart; lane < laneEnd; lane++) {
    context.globalAlpha = matches === undefined || isMatchingLane(lanes, lane, matches) ? 1 : dimmed;
    if (lanes.group[lane] >= 0) {
      drawGroup(context, scene, lane, (lane - laneStart) * laneHeight);
    } else {
      drawLane(context, scene, lane, (lane - laneStart) * laneHeight);
    }
  }
  context.globalAlpha = 1;
}

function drawLane(context: CanvasRenderingContext2D, scene: Scene, lane: number, top: number): void {
  const { model, lanes, viewport, width, theme } = scene;
  const { table } = model;
  const row = lanes.rows[lane];
  const start = table.offsetNanos[row];
  const end = start + Math.max(0, table.durationNanos[row]);
  const left = pixelOf(viewport, width, start);
  const right = Math.max(pixelOf(viewport, width, end), left + barWidthMin);
  const color = scene.colors[scene.colorCodes[row]];

  if (lanes.hiddenCount[lane] > 0 && model.subtreeEndNanos[row] > end) {
    const alpha = context.globalAlpha;
    context.globalAlpha = alpha * 0.3;
    context.fillStyle = color;
    fillClipped(
      context,
      width,
      right,
      pixelOf(viewport, width, model.subtreeEndNanos[row]),
      top + barTop + 3,
      barHeight - 6
    );
    context.globalAlpha = alpha;
  }
  context.fillStyle = color;
  fillBar(context, width, left, right, top + barTop);
  if (table.statusCode[row] === 2) {
    // A stripe under the bar: the service stays recognisable.
    context.fillStyle = theme.error;
    fillClipped(context, width, left, Math.max(right, left + 3), top + barTop + barHeight, 2);
  }
  drawCriticalPath(context, scene, row, top);
  drawEvents(context, scene, row, top);
  drawLogs(context, scene, row, top);
  drawLabel(context, scene, formatNanos(table.durationNanos[row]), left, right, top);
}

/** Where the spans of a group really are, on one line: however many share a pixel, each paints it once. */
function drawGroup(context: CanvasRenderingContext2D, scene: Scene, lane: number, top: number): void {
  const { model, lanes, viewport, width, theme } = scene;
  const { table } = model;
  const { rows } = lanes.groups[lanes.group[lane]];
  const pixels = Math.ceil(width);
  const marks = new Uint8Array(pixels + 1);
  let [first, last] = [Infinity, -Infinity];
  for (const row of rows) {
    const left = pixelOf(viewport, width, table.offsetNanos[row]);
    const right = pixelOf(viewport, width, table.offsetNanos[row] + Math.max(0, table.durationNanos[row]));
    [first, last] = [Math.min(first, left), Math.max(last, right, left + barWidthMin)];
    mark(marks, pixels, left, right, table.statusCode[row] === 2 ? barMark | errorMark : barMark);
    for (let i = model.criticalStart[row]; i < model.criticalStart[row + 1]; i++) {
      const start = pixelOf(viewport, width, model.criticalPath.startNanos[model.criticalIndex[i]]);
      const end = pixelOf(viewport, width, model.criticalPath.endNanos[model.criticalIndex[i]]);
      mark(marks, pixels, start, end, criticalMark);
    }
  }
  const alpha = context.globalAlpha;
  context.globalAlpha = alpha * 0.25;
  context.fillStyle = scene.colors[scene.colorCodes[rows[0]]];
  fillClipped(context, width, first, last, top + barTop + 4, barHeight - 8);
  context.globalAlpha = alpha;
  fillMarks(context, marks, barMark, top + barTop, barHeight);
  context.fillStyle = theme.error;
  fillMarks(context, marks, errorMark, top + barTop + barHeight, 2);
  context.fillStyle = theme.criticalHalo;
  fillMarks(context, marks, criticalMark, top + barTop + barHeight / 2 - 1.5, 3);
  context.fillStyle = theme.critical;
  fillMarks(context, marks, criticalMark, top + barTop + barHeight / 2 - 0.5, 1);
  const { sumNanos, p50Nanos, p99Nanos } = scene.summaryOf(lanes.group[lane]);
  const label = `Σ ${formatNanos(sumNanos)}  p50 ${formatNanos(p50Nanos)}  p99 ${formatNanos(p99Nanos)}`;
  drawLabel(context, scene, label, first, last, top);
}

const barMark = 1;
const errorMark = 2;
const criticalMark = 4;

function mark(marks: Uint8Array, pixels: number, left: number, right: number, bits: number): void {
  const end = Math.min(pixels - 1, Math.max(Math.floor(left), Math.ceil(right) - 1));
  for (let x = Math.max(0, Math.floor(left)); x <= end; x++) {
    marks[x] |= bits;
  }
}

/** Neighbours become one rectangle. */
function fillMarks(
  context: CanvasRenderingContext2D,
  marks: Uint8Array,
  bit: number,
  top: number,
  height: number
): void {
  for (let x = 0, start = -1; x < marks.length; x++) {
    if ((marks[x] & bit) !== 0) {
      start = start < 0 ? x : start;
    } else if (start >= 0) {
      context.fillRect(start, top, x - start, height);
      start = -1;
    }
  }
}

/** A rectangle cut to the canvas: coordinates far outside make some rasterisers slow. */
function fillClipped(
  context: CanvasRenderingContext2D,
  width: number,
  left: number,
  right: number,
  top: number,
  height: number
): void {
  const from = Math.max(-1, left);
  const to = Math.min(width + 1, right);
  if (to > from) {
    context.fillRect(from, top, to - from, height);
  }
}

/** Rounded where there is room for it; a bar of a few pixels stays square, so that its length can be trusted. */
function fillBar(context: CanvasRenderingContext2D, width: number, left: number, right: number, top: number): void {
  const from = Math.max(-8, left);
  const to = Math.min(width + 8, right);
  if (to - from < 6) {
    fillClipped(context, width, left, right, top, barHeight);
    return;
  }
  context.beginPath();
  context.roundRect(from, top, to - from, barHeight, barRadius);
  context.fill();
}

function drawCriticalPath(context: CanvasRenderingContext2D, scene: Scene, row: number, top: number): void {
  const { model, viewport, width, theme } = scene;
  const middle = top + barTop + barHeight / 2;
  for (let i = model.criticalStart[row]; i < model.criticalStart[row + 1]; i++) {
    const segment = model.criticalIndex[i];
    const left = pixelOf(viewport, width, model.criticalPath.startNanos[segment]);
    const right = Math.max(pixelOf(viewport, width, model.criticalPath.endNanos[segment]), left + 1);
    context.fillStyle = theme.criticalHalo;
    fillClipped(context, width, left, right, middle - 1.5, 3);
    context.fillStyle = theme.critical;
    fillClipped(context, width, left, right, middle - 0.5, 1);
  }
}

function drawEvents(context: CanvasRenderingContext2D, scene: Scene, row: number, top: number): void {
  const { model, viewport, width, theme } = scene;
  let drawnAt = -Infinity;
  const { eventStart, eventOffsetNanos, eventNames, eventName } = model.table;
  for (let event = eventStart[row]; event < eventStart[row + 1]; event++) {
    const x = pixelOf(viewport, width, eventOffsetNanos[event]);
    // Ticks closer than two pixels would be one blur.
    if (x < 0 || x > width || Math.abs(x - drawnAt) < 2) {
      continue;
    }
    drawnAt = x;
    context.fillStyle = theme.background;
    context.fillRect(x - 1.5, top + barTop - 3, 3, barHeight + 6);
    context.fillStyle = eventNames[eventName[event]] === 'exception' ? theme.error : theme.text;
    context.fillRect(x - 0.5, top + barTop - 3, 1, barHeight + 6);
  }
}

/** A dot under the bar for each line, red for errors; dots closer than three pixels would be one blur. */
function drawLogs(context: CanvasRenderingContext2D, scene: Scene, row: number, top: number): void {
  const { logs, viewport, width, theme } = scene;
  if (logs === undefined) {
    return;
  }
  let drawnAt = -Infinity;
  for (let at = logs.rowStart[row]; at < logs.rowStart[row + 1]; at++) {
    const line = logs.lineOfRow[at];
    const x = pixelOf(viewport, width, logs.offsetNanos[line]);
    const isError = isErrorLevel(logs.lines[line].level);
    if (x < 0 || x > width || (Math.abs(x - drawnAt) < 3 && !isError)) {
      continue;
    }
    drawnAt = x;
    context.fillStyle = isError ? theme.error : theme.textMuted;
    context.beginPath();
    context.arc(x, top + barTop + barHeight + 3, 2, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Beside the bar, on the side with room; inside on a plate of the background when neither has any. */
function drawLabel(
  context: CanvasRenderingContext2D,
  scene: Scene,
  label: string,
  left: number,
  right: number,
  top: number
): void {
  const { width, theme } = scene;
  if (right < 0 || left > width) {
    return;
  }
  const labelWidth = context.measureText(label).width;
  const middle = top + barTop + barHeight / 2 + 0.5;
  let x = Math.min(right, width) + labelGap;
  if (x + labelWidth > width) {
    x = left - labelGap - labelWidth;
    if (x < 0) {
      x = Math.min(right, width) - labelGap - labelWidth;
      context.fillStyle = theme.background;
      context.fillRect(x - 3, top + barTop - 1, labelWidth + 6, barHeight + 2);
    }
  }
  context.fillStyle = theme.textMuted;
  context.fillText(label, x, middle);
}

export interface MinimapScene {
  readonly model: TraceModel;
  readonly width: number;
  readonly height: number;
  readonly colors: readonly string[];
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
}

/** The whole trace, every row a line; errors and the critical path stay visible however many rows share a pixel. */
export function drawMinimap(context: CanvasRenderingContext2D, scene: MinimapScene): void {
  const { model, width, height, colors, colorCodes, theme } = scene;
  const { table } = model;
  context.clearRect(0, 0, width, height);
  const whole: Viewport = { startNanos: 0, endNanos: Math.max(1, table.traceNanos) };
  const step = height / Math.max(1, table.rowCount);
  const lineHeight = Math.max(1, Math.min(4, step * 0.7));
  const xOf = (nanos: number): number => pixelOf(whole, width, nanos);
  const line = (row: number): void => {
    const left = xOf(table.offsetNanos[row]);
    context.rect(
      left,
      row * step,
      Math.max(1, xOf(table.offsetNanos[row] + Math.max(0, table.durationNanos[row])) - left),
      lineHeight
    );
  };
  // One path per colour: a fill costs far more than a rectangle.
  const rowsOfColor: number[][] = colors.map(() => []);
  for (let row = 0; row < table.rowCount; row++) {
    rowsOfColor[colorCodes[row]].push(row);
  }
  rowsOfColor.forEach((rows, code) => {
    context.fillStyle = colors[code];
    context.beginPath();
    rows.forEach(line);
    context.fill();
  });
  context.fillStyle = theme.error;
  context.beginPath();
  for (let row = 0; row < table.rowCount; row++) {
    if (table.statusCode[row] === 2) {
      context.rect(xOf(table.offsetNanos[row]) - 1, row * step, 3, Math.max(2, lineHeight));
    }
  }
  context.fill();
  context.fillStyle = theme.critical;
  context.beginPath();
  const { rows, startNanos, endNanos } = model.criticalPath;
  rows.forEach((row, i) => {
    if (row >= 0) {
      const left = xOf(startNanos[i]);
      context.rect(left, row * step + lineHeight / 2 - 0.5, Math.max(1, xOf(endNanos[i]) - left), 1);
    }
  });
  context.fill();
}

/** Sizes the canvas for the screen's pixel density; `undefined` where the browser has no 2-D context left to give. */
export function contextOf(
  canvas: HTMLCanvasElement,
  width: number,
  height: number
): CanvasRenderingContext2D | undefined {
  const ratio = window.devicePixelRatio || 1;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  const context = canvas.getContext('2d') ?? undefined;
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
