/** What a key does in the waterfall: from the state before to the state after, without DOM. */
import type { TraceFocus } from '../state/view.ts';
import type { TraceModel } from '../trace/model.ts';
import { foldToDepth, nanosOf, pan, zoomAround, zoomOfViewport } from './layout.ts';
import { foldClosed, foldOpen, parentLane, toggleLane, withReduction } from './lanes.ts';
import type { Lanes } from './lanes.ts';
import type { Viewport } from './layout.ts';

export interface KeyContext {
  readonly model: TraceModel;
  readonly focus: TraceFocus;
  readonly lanes: Lanes;
  /** −1 for none. */
  readonly selectedRow: number;
  readonly viewport: Viewport;
  readonly whole: Viewport;
}

export interface KeyAction {
  readonly focus?: TraceFocus;
  readonly selectRow?: number;
}

interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const pageLanes = 20;

/** `undefined` for a key that means nothing here: it is left to others. */
export function keyAction(event: Key, context: KeyContext): KeyAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return undefined;
  }
  const { model, focus, lanes, selectedRow, viewport, whole } = context;
  const { table } = model;
  const { rows } = lanes;
  const lane = selectedRow < 0 ? -1 : lanes.laneOfRow[selectedRow];
  const toLane = (to: number): KeyAction => ({ selectRow: rows[Math.max(0, Math.min(rows.length - 1, to))] });
  const fold = (): KeyAction => ({ focus: { ...focus, ...toggleLane(model, focus, lanes, lane) } });
  const zoom = (next: Viewport): KeyAction => ({ focus: { ...focus, zoom: zoomOfViewport(next, whole) } });
  const length = viewport.endNanos - viewport.startNanos;
  const middle = nanosOf(viewport, 1, 0.5);
  if (rows.length === 0) {
    return undefined;
  }
  switch (event.key) {
    case 'j':
    case 'ArrowDown':
      return toLane(lane + 1);
    case 'k':
    case 'ArrowUp':
      return toLane(lane < 0 ? 0 : lane - 1);
    case 'Home':
      return toLane(0);
    case 'End':
      return toLane(rows.length - 1);
    case 'PageDown':
      return toLane(lane + pageLanes);
    case 'PageUp':
      return toLane(lane - pageLanes);
    case 'h':
    case 'ArrowLeft': {
      if (lane < 0) {
        return undefined;
      }
      const above = parentLane(lanes, lane);
      return lanes.fold[lane] === foldOpen ? fold() : above >= 0 ? toLane(above) : {};
    }
    case 'l':
    case 'ArrowRight': {
      if (lane < 0) {
        return undefined;
      }
      return lanes.fold[lane] === foldClosed ? fold() : lanes.fold[lane] === foldOpen ? toLane(lane + 1) : {};
    }
    case 's':
      return { focus: withReduction(focus, lanes.reduction === 'story' ? 'all' : 'story') };
    case 'r':
      return { focus: withReduction(focus, lanes.reduction === 'repeats' ? 'all' : 'repeats') };
    case 'm':
      return { focus: { ...focus, hide: focus.hide ? undefined : true } };
    case 'o':
      return { focus: { ...focus, clip: focus.clip ? undefined : true } };
    case 'e':
    case 'E': {
      const row = nextRow(
        table.rowCount,
        selectedRow,
        event.key === 'e',
        (candidate) => table.statusCode[candidate] === 2 && lanes.laneOfRow[candidate] >= 0
      );
      return row === undefined ? {} : { selectRow: row };
    }
    case 'c': {
      const row = nextRow(
        table.rowCount,
        selectedRow,
        true,
        (candidate) => model.criticalNanos[candidate] > 0 && lanes.laneOfRow[candidate] >= 0
      );
      return row === undefined ? {} : { selectRow: row };
    }
    case '[':
      return { focus: { ...focus, ...foldToDepth(Math.max(0, (focus.foldDepth ?? model.depthMax) - 1)) } };
    case ']': {
      const depth = (focus.foldDepth ?? Infinity) + 1;
      return { focus: { ...focus, ...foldToDepth(depth >= model.depthMax ? undefined : depth) } };
    }
    case 't':
      // Only where clocks were corrected is there another way to see the times.
      return model.clocks === undefined && focus.clocks === undefined
        ? {}
        : { focus: { ...focus, clocks: focus.clocks === 'sent' ? undefined : 'sent' } };
    case '+':
    case '=':
      return zoom(zoomAround(viewport, whole, middle, 0.6));
    case '-':
      return zoom(zoomAround(viewport, whole, middle, 1 / 0.6));
    case '0':
      return zoom(whole);
    case 'a':
      return zoom(pan(viewport, whole, -length / 4));
    case 'd':
      return zoom(pan(viewport, whole, length / 4));
    case 'f': {
      if (selectedRow < 0) {
        return undefined;
      }
      const duration = Math.max(1, table.durationNanos[selectedRow]);
      const start = table.offsetNanos[selectedRow] - duration * 0.05;
      return zoom({
        startNanos: Math.max(0, Math.floor(start)),
        endNanos: Math.min(whole.endNanos, Math.ceil(start + duration * 1.1)),
      });
    }
    default:
      return undefined;
  }
}

/** The next row (or the one before) for which `holds`, around the end; `undefined` when there is none. */
export function nextRow(
  rowCount: number,
  from: number,
  forward: boolean,
  holds: (row: number) => boolean
): number | undefined {
  for (let step = 1; step <= rowCount; step++) {
    const row = forward
      ? (from + step) % rowCount
      : ((((from < 0 ? 0 : from) - step) % rowCount) + rowCount) % rowCount;
    if (holds(row)) {
      return row;
    }
  }
  return undefined;
}
