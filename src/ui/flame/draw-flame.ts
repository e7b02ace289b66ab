/** One screen of a flame graph on a canvas. */
import type { Flame } from '../../analysis/flame.ts';
import { contrast } from '../kit/contrast.ts';
import type { Theme } from '../kit/theme.ts';
import type { TraceModel } from '../trace/model.ts';
import { pixelOf } from '../waterfall/layout.ts';
import type { Viewport } from '../waterfall/layout.ts';

export const lineHeight = 20;

export interface FlameScene {
  readonly flame: Flame;
  readonly model: TraceModel;
  readonly viewport: Viewport;
  /** CSS pixels; y = 0 is `scrollTop`. */
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
  readonly colors: readonly string[];
  /** Row → index into `colors`. */
  readonly colorCodes: ArrayLike<number>;
  readonly theme: Theme;
  /** −1 for none. */
  readonly selected: number;
  readonly hovered: number;
}

const textWidthMin = 34;

/** Frames that share a pixel are drawn once: what costs is the screen, not the trace. */
export function drawFlame(context: CanvasRenderingContext2D, scene: FlameScene): void {
  const { flame, width, height, scrollTop } = scene;
  context.clearRect(0, 0, width, height);
  context.font = '11.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  context.textBaseline = 'middle';
  const firstLine = Math.max(0, Math.floor(scrollTop / lineHeight));
  const lastLine = Math.min(flame.lineCount - 1, Math.floor((scrollTop + height) / lineHeight));
  for (let line = firstLine; line <= lastLine; line++) {
    let drawnTo = -Infinity;
    for (let frame = flame.lineStart[line]; frame < flame.lineStart[line + 1]; frame++) {
      const left = pixelOf(scene.viewport, width, flame.start[frame]);
      const right = pixelOf(scene.viewport, width, flame.end[frame]);
      if (left > width) {
        break;
      }
      const isMarked = frame === scene.selected || frame === scene.hovered;
      if (right < 0 || (right - drawnTo < 0.5 && !isMarked)) {
        continue;
      }
      drawnTo = Math.max(right, left + 1);
      drawFrame(context, scene, frame, left, right);
    }
  }
}

function drawFrame(
  context: CanvasRenderingContext2D,
  scene: FlameScene,
  frame: number,
  left: number,
  right: number
): void {
  const { flame, model, theme, width, scrollTop, selected, hovered } = scene;
  const { table } = model;
  const row = flame.row[frame];
  const from = Math.max(-1, left);
  const frameWidth = Math.max(1, Math.min(width + 1, right) - from - (right - left > 3 ? 1 : 0));
  const top = flame.line[frame] * lineHeight - scrollTop;
  const color = scene.colors[scene.colorCodes[row]];
  context.fillStyle = color;
  context.fillRect(from, top + 1, frameWidth, lineHeight - 2);
  if (flame.errorCount[frame] > 0) {
    context.fillStyle = theme.error;
    context.fillRect(from, top + lineHeight - 4, frameWidth, 3);
  }
  if (frameWidth >= textWidthMin) {
    const count = flame.count[frame] > 1 ? ` ×${flame.count[frame].toLocaleString('en-US')}` : '';
    // The better of the two inks: colours of services weigh the same against the background, not against text.
    context.fillStyle =
      contrast(theme.background, color) >= contrast(theme.text, color) ? theme.background : theme.text;
    context.save();
    context.beginPath();
    context.rect(from, top, frameWidth - 4, lineHeight);
    context.clip();
    context.fillText(`${table.names[table.name[row]]}${count}`, Math.max(from, 0) + 5, top + lineHeight / 2 + 0.5);
    context.restore();
  }
  if (frame === selected || frame === hovered) {
    context.strokeStyle = frame === selected ? theme.focus : theme.text;
    context.lineWidth = frame === selected ? 2 : 1;
    context.strokeRect(from + 0.5, top + 1.5, Math.max(1, frameWidth - 1), lineHeight - 3);
  }
}
