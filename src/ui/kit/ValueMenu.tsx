import { css, cx } from '@emotion/css';
import { createContext, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent, ReactElement, ReactNode } from 'react';
import type { ValueTarget } from '../state/value-target.ts';
import { Icon } from './Icon.tsx';
import type { IconName } from './Icon.tsx';

/** The five actions that every value offers, and the search of other traces where there is one. */
export type ValueAction = 'filter' | 'exclude' | 'group' | 'color' | 'copy' | 'search';

export interface ValueActionsProps {
  /** What is impossible here; shown greyed out with the reason. */
  readonly unavailable?: Partial<Readonly<Record<ValueAction, string>>>;
  onAction(action: ValueAction, target: ValueTarget): void;
  readonly children: ReactNode;
}

interface OpenMenu {
  readonly target: ValueTarget;
  readonly anchor: HTMLElement;
}

const MenuContext = createContext<((menu: OpenMenu) => void) | undefined>(undefined);

/** Gives the values below it their menu. One menu stands for all of them. */
export function ValueActions({ unavailable = {}, onAction, children }: ValueActionsProps): ReactElement {
  const [menu, setMenu] = useState<OpenMenu>();
  const open = useMemo(() => (next: OpenMenu) => setMenu(next), []);
  return (
    <MenuContext.Provider value={open}>
      {children}
      {menu && (
        <Menu
          {...menu}
          unavailable={unavailable}
          onClose={() => {
            setMenu(undefined);
            menu.anchor.focus({ preventScroll: true });
          }}
          onAction={(action) => onAction(action, menu.target)}
        />
      )}
    </MenuContext.Provider>
  );
}

/**
 * A value with its five actions: a click on the text opens them, a button for the keyboard stands behind it. The text stays text, which
 * can be marked. Outside of `ValueActions` it is only its children.
 */
export function Value({
  target,
  className,
  children,
}: {
  readonly target: ValueTarget;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactElement {
  const open = useContext(MenuContext);
  const button = useRef<HTMLButtonElement>(null);
  if (!open) {
    return <span className={className}>{children}</span>;
  }
  const show = (event: MouseEvent): void => {
    const isElsewhere =
      event.target instanceof Element && event.target.closest('a, button') !== null && event.target !== button.current;
    // Marking text ends with a click: that is not one for the menu.
    const isMarking = document.getSelection()?.isCollapsed === false && !button.current?.contains(event.target as Node);
    if (button.current && !isMarking && !(isElsewhere && !button.current.contains(event.target as Node))) {
      event.stopPropagation();
      open({ target, anchor: button.current });
    }
  };
  return (
    <span className={cx(styles.value, className)} onClick={show}>
      {children}
      <button
        ref={button}
        type="button"
        className={styles.more}
        aria-haspopup="menu"
        aria-label={`Actions for ${target.name}`}
        title="Filter, exclude, group by, colour by, copy"
      >
        <span aria-hidden="true">⋯</span>
      </button>
    </span>
  );
}

/** Opens the menu of a value that is drawn on a canvas, or by a key; `anchor` gets the focus back. */
export function useValueMenu(): ((target: ValueTarget, anchor: HTMLElement) => void) | undefined {
  const open = useContext(MenuContext);
  return useMemo(() => open && ((target, anchor) => open({ target, anchor })), [open]);
}

interface Item {
  readonly action: ValueAction;
  readonly key: string;
  readonly icon: IconName;
  readonly title: string;
  readonly needs: 'condition' | 'attribute' | undefined;
}

const items: readonly Item[] = [
  { action: 'filter', key: 'f', icon: 'filter', title: 'Filter: only spans with it', needs: 'condition' },
  { action: 'exclude', key: 'x', icon: 'close', title: 'Exclude spans with it', needs: 'condition' },
  { action: 'group', key: 'g', icon: 'group', title: 'Group by', needs: 'attribute' },
  { action: 'color', key: 'o', icon: 'color', title: 'Colour by', needs: 'attribute' },
  { action: 'copy', key: 'y', icon: 'copy', title: 'Copy', needs: undefined },
  { action: 'search', key: 's', icon: 'search', title: 'Search all traces for it', needs: 'condition' },
];

function Menu({
  target,
  anchor,
  unavailable,
  onClose,
  onAction,
}: OpenMenu & {
  readonly unavailable: Partial<Readonly<Record<ValueAction, string>>>;
  onClose(): void;
  onAction(action: ValueAction): void;
}): ReactElement {
  const menu = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  useLayoutEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const element = menu.current!;
    // The top layer: no scroller or transformed panel cuts it off.
    if (typeof element.showPopover === 'function') {
      element.showPopover();
    }
    place(element, anchor);
    element.querySelector<HTMLElement>('[role=menuitem]:not([aria-disabled=true])')?.focus();
    const outside = (event: PointerEvent): void => {
      if (!element.contains(event.target as Node)) {
        close.current();
      }
    };
    document.addEventListener('pointerdown', outside, true);
    return () => document.removeEventListener('pointerdown', outside, true);
  }, [anchor, target]);

  const run = (action: ValueAction): void => {
    onClose();
    onAction(action);
  };
  const reasonAgainst = ({ action, needs }: Item): string | undefined =>
    unavailable[action] ??
    (needs === 'condition' && target.condition === undefined
      ? 'TraceQL cannot compare such a value.'
      : needs === 'attribute' && target.attribute === undefined
        ? 'TraceQL has no name for it.'
        : undefined);
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...menu.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const item = items.find(({ key }) => key === event.key);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : all.length - 1;
      all[(at + step) % all.length]?.focus();
    } else if (event.key === 'Home' || event.key === 'End') {
      all[event.key === 'Home' ? 0 : all.length - 1]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      onClose();
    } else if (item && reasonAgainst(item) === undefined) {
      run(item.action);
    } else if (event.key === 'Enter' || event.key === ' ') {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={menu}
      role="menu"
      aria-label={`${target.name} ${target.text.slice(0, 80)}`}
      popover="manual"
      className={styles.menu}
      onKeyDown={onKeyDown}
    >
      <div className={styles.head} aria-hidden="true">
        <span>{target.name}</span> {target.text.length > 120 ? `${target.text.slice(0, 120)}…` : target.text}
      </div>
      {items
        // Search is an extra: where there is none it is not shown at all.
        .filter(({ action }) => action !== 'search' || unavailable.search === undefined)
        .map((item) => {
          const reason = reasonAgainst(item);
          return (
            <button
              key={item.action}
              type="button"
              role="menuitem"
              tabIndex={-1}
              aria-disabled={reason !== undefined}
              aria-keyshortcuts={item.key}
              title={reason}
              className={styles.item}
              onClick={(event) => {
                event.stopPropagation();
                if (reason === undefined) {
                  run(item.action);
                }
              }}
            >
              <Icon name={item.icon} size={14} />
              <span className={styles.itemTitle}>{item.title}</span>
              <kbd aria-hidden="true">{item.key}</kbd>
            </button>
          );
        })}
    </div>
  );
}

/** Below the value, above it where there is no room, always inside the window. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  const around = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = around.bottom + 4;
  const top = below + height <= window.innerHeight - 8 ? below : Math.max(8, around.top - height - 4);
  const left = Math.max(8, Math.min(around.left, window.innerWidth - width - 8));
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
}

const styles = {
  value: css({
    cursor: 'pointer',
    borderRadius: 3,
    '&:hover': { background: 'var(--v-surface-hover)' },
  }),
  more: css({
    display: 'inline-flex',
    alignItems: 'center',
    justifyContent: 'center',
    verticalAlign: 'baseline',
    minWidth: 24,
    height: 18,
    margin: '0 0 0 2px',
    padding: '0 4px',
    border: 0,
    borderRadius: 3,
    background: 'none',
    color: 'var(--v-text-muted)',
    font: 'inherit',
    lineHeight: 1,
    cursor: 'pointer',
    '@media (hover: hover)': { opacity: 0.35, 'span:hover > &, &:focus-visible': { opacity: 1 } },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: -1 },
  }),
  menu: css({
    position: 'fixed',
    inset: 'auto',
    zIndex: 30,
    width: 264,
    maxWidth: 'calc(100vw - 16px)',
    margin: 0,
    padding: 4,
    border: '1px solid var(--v-line)',
    borderRadius: 8,
    background: 'var(--v-surface)',
    color: 'var(--v-text)',
    boxShadow: 'var(--v-shadow)',
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    fontSize: 13,
    textAlign: 'left',
  }),
  head: css({
    padding: '4px 8px 6px',
    marginBottom: 4,
    borderBottom: '1px solid var(--v-line)',
    fontSize: 12,
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
    '& > span': { color: 'var(--v-text-muted)' },
  }),
  item: css({
    display: 'flex',
    alignItems: 'center',
    gap: 8,
    width: '100%',
    minHeight: 28,
    padding: '3px 8px',
    border: 0,
    borderRadius: 5,
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    '&:hover, &:focus': { background: 'var(--v-selected)', outline: 'none' },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: -2 },
    '&[aria-disabled=true]': { color: 'var(--v-text-muted)', cursor: 'default' },
    '& kbd': {
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
      fontSize: 11,
      color: 'var(--v-text-muted)',
    },
  }),
  itemTitle: css({ flex: 1 }),
};
