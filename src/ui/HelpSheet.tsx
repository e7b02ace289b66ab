import { css } from '@emotion/css';
import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { Button } from './kit/controls.tsx';
import { Icon } from './kit/Icon.tsx';

const keys: readonly (readonly [title: string, keys: readonly (readonly [string, string])[]])[] = [
  [
    'Everywhere',
    [
      ['/', 'Search, or find in the trace'],
      ['?', 'This sheet'],
      ['Esc', 'Close what is open'],
    ],
  ],
  [
    'Waterfall',
    [
      ['j k ↓ ↑', 'Next, previous span'],
      ['h ←', 'Fold, then to the parent'],
      ['l →', 'Unfold, then to the first child'],
      ['[ ]', 'Fold, unfold one level'],
      ['e E', 'Next, previous error'],
      ['c', 'Next span on the critical path'],
      ['n N', 'Next, previous match'],
      ['f', 'Zoom to the selected span'],
      ['+ − 0', 'Zoom in, out, whole trace'],
      ['a d', 'Move left, right'],
    ],
  ],
  [
    'Pointer',
    [
      ['Ctrl + wheel', 'Zoom at the pointer; pinch works too'],
      ['Shift + wheel', 'Move in time'],
      ['Drag in the minimap', 'Zoom to a stretch of time'],
      ['Double click there', 'Whole trace'],
    ],
  ],
];

/** Every key, on one sheet. */
export function HelpSheet({ onClose }: { onClose(): void }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      className={styles.root}
      aria-label="Keyboard and help"
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className={styles.inside}>
        <div className={styles.head}>
          <h2>Keyboard</h2>
          <Button look="quiet" aria-label="Close help" onClick={onClose}>
            <Icon name="close" />
          </Button>
        </div>
        {keys.map(([title, entries]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {entries.map(([key, meaning]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}

const styles = {
  root: css({
    width: 'min(520px, calc(100vw - 32px))',
    maxHeight: 'calc(100vh - 48px)',
    padding: 0,
    border: '1px solid var(--v-line)',
    borderRadius: 10,
    background: 'var(--v-surface)',
    color: 'var(--v-text)',
    boxShadow: 'var(--v-shadow)',
    '&::backdrop': { background: 'rgba(0, 0, 0, 0.4)' },
  }),
  inside: css({
    padding: '12px 20px 20px',
    '& h2': { margin: 0, fontSize: 16 },
    '& h3': { margin: '14px 0 6px', fontSize: 12, fontWeight: 600, color: 'var(--v-text-muted)' },
    '& dl': { margin: 0, display: 'grid', gap: 4 },
    '& dl > div': { display: 'grid', gridTemplateColumns: '150px 1fr' },
    '& dt': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', fontSize: 12 },
    '& dd': { margin: 0 },
  }),
  head: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center' }),
};
