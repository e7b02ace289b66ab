/** Where a key leads from one frame of a flame graph. */
import type { Flame } from '../../analysis/flame.ts';

/** `frame`: −1 for none. `undefined` for a key that means nothing here. */
export function frameAfterKey(flame: Flame, frame: number, key: string): number | undefined {
  if (flame.frameCount === 0) {
    return undefined;
  }
  const start = frame < 0 ? 0 : frame;
  const line = flame.line[start];
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return frame < 0 ? 0 : widestBelow(flame, frame);
    case 'ArrowUp':
    case 'k':
      return frame < 0 ? 0 : Math.max(flame.parent[frame], -1) < 0 ? frame : flame.parent[frame];
    case 'ArrowRight':
    case 'l':
      return frame >= 0 && start + 1 < flame.lineStart[line + 1] ? start + 1 : start;
    case 'ArrowLeft':
    case 'h':
      return frame >= 0 && start > flame.lineStart[line] ? start - 1 : start;
    case 'Home':
      return 0;
    default:
      return undefined;
  }
}

function widestBelow(flame: Flame, frame: number): number {
  let widest = frame;
  let width = -1;
  for (let other = flame.lineStart[flame.line[frame] + 1] ?? flame.frameCount; other < flame.frameCount; other++) {
    if (flame.parent[other] === frame && flame.end[other] - flame.start[other] > width) {
      widest = other;
      width = flame.end[other] - flame.start[other];
    }
  }
  return widest;
}
