import { css } from '@emotion/css';
import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { keyGroups, pointerGestures, shownKey } from './commands/key-table.ts';
import { Button } from './kit/controls.tsx';
import { Icon } from './kit/Icon.tsx';

/** Every key, on one sheet, from the table of commands. */
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
        {keyGroups.map(({ title, commands }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {commands.map(({ id, keys, title: meaning }) => (
                <div key={id}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{shownKey(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Pointer</h3>
          <dl>
            {pointerGestures.map(([gesture, meaning]) => (
              <div key={gesture}>
                <dt>{gesture}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
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
    '& kbd': { marginRight: 8, font: 'inherit' },
    '& dt': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', fontSize: 12 },
    '& dd': { margin: 0 },
  }),
  head: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center' }),
};
