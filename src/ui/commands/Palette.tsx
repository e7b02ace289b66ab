import { css, cx } from '@emotion/css';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { Command, CommandSource } from './Commands.tsx';
import { shownKey } from './key-table.ts';
import { matchingCommands } from './match.ts';

/** More are found by typing on. */
const shownMax = 60;

/** A combobox over all that can be done: type, choose with the arrows, Enter. */
export function Palette({
  sources,
  onClose,
}: {
  sources(): readonly CommandSource[];
  /** `hasRun` when a command was chosen. */
  onClose(hasRun: boolean): void;
}): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const [gathered] = useState(sources);
  const found = useMemo(() => matchingCommands(gathered, text), [gathered, text]);
  const shown = found.slice(0, shownMax);
  const at = Math.min(chosen, Math.max(0, shown.length - 1));
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, text]);

  const run = (command: Command | undefined): void => {
    if (command) {
      dialog.current?.close();
      onClose(true);
      command.run();
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = steps[event.key];
    if (step !== undefined) {
      setChosen(Math.max(0, Math.min(shown.length - 1, at + step)));
    } else if (event.key === 'Enter') {
      run(shown[at]);
    } else {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <dialog
      ref={dialog}
      className={styles.root}
      aria-label="Command palette"
      onClose={() => onClose(false)}
      onClick={(event) => event.target === event.currentTarget && onClose(false)}
    >
      <input
        className={styles.input}
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={shown.length > 0 ? `${listId}-${at}` : undefined}
        placeholder="What do you want to do?"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={listId} className={styles.list} role="listbox" aria-label="Commands">
        {shown.map((command, index) => (
          <li
            key={command.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            className={cx(styles.item, index === at && styles.chosen)}
            onPointerMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <span className={styles.group}>{command.group}</span>
            <span className={styles.title}>{command.title}</span>
            {command.keys?.slice(0, 2).map((key) => (
              <kbd key={key}>{shownKey(key)}</kbd>
            ))}
          </li>
        ))}
      </ul>
      <div className={styles.foot} role="status">
        {found.length === 0
          ? 'Nothing of that name.'
          : found.length > shown.length
            ? `${found.length.toLocaleString('en-US')} found, the first ${shown.length} are shown.`
            : `${found.length} found`}
      </div>
    </dialog>
  );
}

const styles = {
  root: css({
    width: 'min(620px, calc(100vw - 24px))',
    margin: '10vh auto auto',
    padding: 0,
    border: '1px solid var(--v-line)',
    borderRadius: 10,
    background: 'var(--v-surface)',
    color: 'var(--v-text)',
    boxShadow: 'var(--v-shadow)',
    overflow: 'hidden',
    '&::backdrop': { background: 'rgba(0, 0, 0, 0.35)' },
  }),
  input: css({
    width: '100%',
    height: 44,
    padding: '0 16px',
    border: 0,
    borderBottom: '1px solid var(--v-line)',
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    fontSize: 15,
    outline: 'none',
    '&::placeholder': { color: 'var(--v-text-muted)', opacity: 1 },
  }),
  list: css({ margin: 0, padding: 6, listStyle: 'none', maxHeight: 'min(420px, 60vh)', overflowY: 'auto' }),
  item: css({
    display: 'flex',
    alignItems: 'baseline',
    gap: 10,
    padding: '5px 10px',
    borderRadius: 6,
    cursor: 'pointer',
    '& kbd': {
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
      fontSize: 11,
      color: 'var(--v-text-muted)',
    },
  }),
  chosen: css({ background: 'var(--v-selected)', outline: '1px solid var(--v-focus)', outlineOffset: -1 }),
  group: css({ flex: 'none', width: 84, fontSize: 11.5, color: 'var(--v-text-muted)' }),
  title: css({ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }),
  foot: css({
    padding: '6px 16px',
    borderTop: '1px solid var(--v-line)',
    fontSize: 12,
    color: 'var(--v-text-muted)',
  }),
};
