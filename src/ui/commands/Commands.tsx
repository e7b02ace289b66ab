import { createContext, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

// Not a lazy chunk: what is typed right after its key must not be lost.
import { Palette } from './Palette.tsx';

/** Something that can be done now, by its name. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** Keys that do the same, as `KeyboardEvent.key` has them. */
  readonly keys?: readonly string[];
  run(): void;
}

/** What is there to do: a fixed list, and what follows from the text that is typed (spans, services, ids). */
export interface CommandSource {
  readonly commands: readonly Command[];
  readonly matching?: (text: string) => readonly Command[];
}

interface Registry {
  add(source: () => CommandSource): () => void;
  open(): void;
}

const CommandsContext = createContext<Registry | undefined>(undefined);

export interface CommandsProps {
  /** Whether Ctrl/⌘+K is ours; in Grafana it is Grafana's, and `:` opens the palette. */
  readonly ownsControlK: boolean;
  readonly children: ReactNode;
}

/** Gathers the commands of what is on the screen and opens the palette over them. */
export function Commands({ ownsControlK, children }: CommandsProps): ReactElement {
  const sources = useRef(new Set<() => CommandSource>());
  const [isOpen, setOpen] = useState(false);
  const before = useRef<Element | null>(null);
  const registry = useMemo<Registry>(
    () => ({
      add(source) {
        sources.current.add(source);
        return () => sources.current.delete(source);
      },
      open() {
        before.current = document.activeElement;
        setOpen(true);
      },
    }),
    []
  );
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isControlK =
        ownsControlK && event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      const { target } = event;
      // Within the view, or on what holds it: on a page of our own that is also the empty focus of the document.
      const isHere =
        target instanceof Node &&
        root.current !== null &&
        (root.current.contains(target) ||
          (target.contains(root.current) && (ownsControlK || target !== document.body)));
      if (isHere && (isControlK || (event.key === ':' && !isTyping(target)))) {
        event.preventDefault();
        event.stopPropagation();
        registry.open();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [ownsControlK, registry]);
  return (
    <CommandsContext.Provider value={registry}>
      <div ref={root} style={{ display: 'contents' }}>
        {children}
      </div>
      {isOpen && (
        <Palette
          sources={() => [...sources.current].map((source) => source())}
          onClose={(hasRun) => {
            setOpen(false);
            // Where one was, unless the command itself has moved the focus.
            if (!hasRun && before.current instanceof HTMLElement) {
              before.current.focus({ preventScroll: true });
            }
          }}
        />
      )}
    </CommandsContext.Provider>
  );
}

/** Offers commands while the component is on the screen. `source` is asked when the palette opens. */
export function useCommands(source: () => CommandSource): void {
  const registry = useContext(CommandsContext);
  const latest = useRef(source);
  useLayoutEffect(() => {
    latest.current = source;
  });
  useEffect(() => registry?.add(() => latest.current()), [registry]);
}

/** Opens the palette; `undefined` where there is none. */
export function useOpenPalette(): (() => void) | undefined {
  return useContext(CommandsContext)?.open;
}

export function isTyping(target: EventTarget): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable]:not([contenteditable=false])') !== null
  );
}
