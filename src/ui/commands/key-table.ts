/** Every key of the UI, in one table: the `?` sheet and the palette are made from it, and a test holds it against what the keys do. */

export interface KeyCommand {
  readonly id: string;
  readonly title: string;
  /** As `KeyboardEvent.key` has them; the first is the one the palette presses. */
  readonly keys: readonly string[];
}

export interface KeyGroup {
  readonly title: string;
  readonly commands: readonly KeyCommand[];
}

const command = (id: string, title: string, ...keys: string[]): KeyCommand => ({ id, title, keys });

/** Keys that act while the focus is anywhere in the UI, but not in a field. */
export const everywhereKeys: readonly KeyCommand[] = [
  command('search', 'Search, or find in the trace', '/'),
  command('palette', 'Command palette: everything that can be done, by name', ':', 'Ctrl+K'),
  command('help', 'This sheet', '?'),
  command('close', 'Close what is open', 'Escape'),
];

/** Keys of an open trace. */
export const traceKeys: readonly KeyCommand[] = [
  command('view-waterfall', 'Waterfall', '1'),
  command('view-flame', 'Flame graph', '2'),
  command('view-statistics', 'Statistics', '3'),
  command('view-graph', 'Graph of services and calls', '4'),
  command('view-events', 'Events and logs', '5'),
  command('next-match', 'Next match', 'n'),
  command('previous-match', 'Previous match', 'N'),
];

/** Keys of the waterfall: `keyAction` says what they do. */
export const waterfallKeys: readonly KeyCommand[] = [
  command('next-span', 'Next span', 'j', 'ArrowDown'),
  command('previous-span', 'Previous span', 'k', 'ArrowUp'),
  command('fold', 'Fold, then to the parent', 'h', 'ArrowLeft'),
  command('unfold', 'Unfold, then to the first child', 'l', 'ArrowRight'),
  command('first-span', 'First span', 'Home'),
  command('last-span', 'Last span', 'End'),
  command('page-down', 'Twenty spans down', 'PageDown'),
  command('page-up', 'Twenty spans up', 'PageUp'),
  command('fold-level', 'Fold one level more', '['),
  command('unfold-level', 'Unfold one level more', ']'),
  command('next-error', 'Next error', 'e'),
  command('previous-error', 'Previous error', 'E'),
  command('next-critical', 'Next span on the critical path', 'c'),
  command('story', 'The story of the trace, or every span', 's'),
  command('repeats', 'Fold repeated siblings, or every span', 'r'),
  command('hide', 'Hide or dim what does not match', 'm'),
  command('outside', 'Hide or show spans outside the brushed time', 'o'),
  command('zoom-span', 'Zoom to the selected span', 'f'),
  command('zoom-in', 'Zoom in', '+', '='),
  command('zoom-out', 'Zoom out', '-'),
  command('zoom-whole', 'Whole trace', '0'),
  command('move-left', 'Move left in time', 'a'),
  command('move-right', 'Move right in time', 'd'),
  command('clocks', 'Times as sent, or with clocks corrected', 't'),
];

/** Keys of a value's menu, see `kit/ValueMenu.tsx`. */
export const valueMenuKeys: readonly KeyCommand[] = [
  command('filter', 'Only spans with the value', 'f'),
  command('exclude', 'Without spans with the value', 'x'),
  command('group', 'Group by', 'g'),
  command('color', 'Colour by', 'o'),
  command('copy', 'Copy', 'y'),
  command('search-all', 'Search all traces for it', 's'),
];

export const keyGroups: readonly KeyGroup[] = [
  { title: 'Everywhere', commands: everywhereKeys },
  { title: 'Trace', commands: traceKeys },
  { title: 'Waterfall', commands: waterfallKeys },
  { title: 'Menu of a value (⋯)', commands: valueMenuKeys },
];

/** What needs a pointer, and has a key or a command besides. */
export const pointerGestures: readonly (readonly [gesture: string, meaning: string])[] = [
  ['Ctrl + wheel', 'Zoom at the pointer; pinch works too'],
  ['Shift + wheel', 'Move in time'],
  ['Drag in the minimap', 'Zoom to a stretch of time'],
  ['Double click there', 'Whole trace'],
];

const shownKeys: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  PageDown: 'PgDn',
  PageUp: 'PgUp',
  '-': '−',
};

/** As people write it. */
export function shownKey(key: string): string {
  return shownKeys[key] ?? key;
}
