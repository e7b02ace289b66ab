import type { RefObject } from 'react';
import { useCommands } from '../commands/Commands.tsx';
import type { Command } from '../commands/Commands.tsx';
import { waterfallKeys } from '../commands/key-table.ts';
import { formatNanos } from '../kit/format.ts';
import { traceViewNames } from '../state/view.ts';
import type { TraceFocus } from '../state/view.ts';
import { rowOfSpan } from './model.ts';
import type { TraceData } from './trace-data.ts';

interface TraceCommandsOptions {
  readonly root: RefObject<HTMLElement | null>;
  readonly data: TraceData;
  readonly focus: TraceFocus;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
  onGoToRow(row: number): void;
}

/** Spans offered for a text; the box "find" has all of them. */
const spansOffered = 20;

/** What the palette offers in a trace: every key of the waterfall, the views, colours by attribute, and spans by name. */
export function useTraceCommands({ root, data, focus, onFocus, onGoToRow }: TraceCommandsOptions): void {
  const { table } = data.model;
  const goToSlowestChild = (): void => {
    const selected = Math.max(0, rowOfSpan(table, focus.spanId));
    let slowest = -1;
    for (let row = selected + 1; row < table.subtreeEnd[selected]; row = table.subtreeEnd[row]) {
      if (slowest < 0 || table.durationNanos[row] > table.durationNanos[slowest]) {
        slowest = row;
      }
    }
    if (slowest >= 0) {
      onGoToRow(slowest);
    }
  };

  const spansNamed = (text: string): readonly Command[] => {
    const wanted = text.trim().toLowerCase();
    const commands: Command[] = [
      {
        id: 'find-text',
        group: 'Find',
        title: `Find "${text}" in this trace`,
        run: () => onFocus({ ...focus, find: text }, 'push'),
      },
    ];
    const names = table.names.map((name) => name.toLowerCase().includes(wanted));
    for (let row = 0; row < table.rowCount && commands.length <= spansOffered; row++) {
      if (names[table.name[row]]) {
        commands.push({
          id: `span-${row}`,
          group: 'Span',
          title: `${table.services[table.service[row]]} · ${table.names[table.name[row]]}, ${formatNanos(table.durationNanos[row])}`,
          run: () => onGoToRow(row),
        });
      }
    }
    return commands;
  };

  useCommands(() => ({
    commands: [
      ...waterfallKeys.map(({ id, title, keys }): Command => ({
        id: `waterfall-${id}`,
        group: 'Waterfall',
        title,
        keys,
        run: () => press(root.current, keys[0]),
      })),
      ...traceViewNames
        .filter((name) => name !== (focus.view ?? 'waterfall'))
        .map((name): Command => ({
          id: `view-${name}`,
          group: 'View',
          title: `Show the ${name}`,
          run: () => {
            const { view: _, ...rest } = focus;
            onFocus(name === 'waterfall' ? rest : { ...rest, view: name }, 'push');
          },
        })),
      ...['resource.service.name', 'name', 'kind', 'status'].map((attribute): Command => ({
        id: `color-${attribute}`,
        group: 'Colour',
        title: `Colour by ${attribute}`,
        run: () => onFocus({ ...focus, colorBy: attribute }, 'push'),
      })),
      {
        id: 'slowest-child',
        group: 'Span',
        title: 'Slowest child of the selected span',
        run: () => goToSlowestChild(),
      },
    ],
    matching: (text) => spansNamed(text),
  }));
}

/** As if it had been pressed in the waterfall: one place says what a key does. */
function press(root: HTMLElement | null, key: string): void {
  const waterfall = root?.querySelector<HTMLElement>('[role=treegrid]');
  waterfall?.focus({ preventScroll: true });
  waterfall?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}
