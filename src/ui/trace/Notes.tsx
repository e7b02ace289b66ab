import { css } from '@emotion/css';
import { useState } from 'react';
import type { ReactElement } from 'react';
import { useCommands } from '../commands/Commands.tsx';
import { useAnnounce } from '../kit/Announcer.tsx';
import { Button, TextInput } from '../kit/controls.tsx';
import { formatNanos } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import type { Note, TraceFocus } from '../state/view.ts';
import { rowOfSpan } from './model.ts';
import type { TraceModel } from './model.ts';

export interface NotesProps {
  readonly model: TraceModel;
  readonly focus: TraceFocus;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
  onGoToRow(row: number): void;
}

/** What people wrote at spans and stretches of time, and the way to write more. It travels in the link and in the exported file. */
export function Notes({ model, focus, onFocus, onGoToRow }: NotesProps): ReactElement | undefined {
  const { notes = [], spanId, zoom } = focus;
  const [isWriting, setWriting] = useState(false);
  const [text, setText] = useState('');
  const announce = useAnnounce();
  const place: Omit<Note, 'text'> | undefined =
    spanId !== undefined && /^[0-9a-f]{16}$/.test(spanId)
      ? { spanId }
      : zoom
        ? { range: { startNanos: Math.round(zoom.startNanos), endNanos: Math.round(zoom.endNanos) } }
        : undefined;
  const set = (next: readonly Note[]): void => {
    const { notes: _, ...rest } = focus;
    onFocus(next.length > 0 ? { ...rest, notes: next } : rest, 'push');
  };
  const goTo = (note: Note): void => {
    const row = rowOfSpan(model.table, note.spanId);
    if (note.range) {
      onFocus({ ...focus, zoom: note.range }, 'push');
    } else if (row >= 0) {
      onGoToRow(row);
    }
  };
  useCommands(() => ({
    commands: [
      ...(place
        ? [
            {
              id: 'note',
              group: 'Note',
              title: `Write a note at ${titleOf(model, place)}`,
              run: () => setWriting(true),
            },
          ]
        : []),
      ...notes.map((note, index) => ({
        id: `note-${index}`,
        group: 'Note',
        title: `Go to: ${note.text}`,
        run: () => goTo(note),
      })),
    ],
  }));
  if (notes.length === 0 && !isWriting && !place) {
    return undefined;
  }
  return (
    <section className={styles.root} aria-label="Notes">
      {notes.map((note, index) => (
        <span key={index} className={styles.note}>
          <button type="button" className={styles.go} onClick={() => goTo(note)} title="Go there">
            <Icon name="note" size={13} />
            <span className={styles.place}>{titleOf(model, note)}</span>
            <span>{note.text}</span>
          </button>
          <Button
            small
            look="quiet"
            aria-label={`Delete the note ${note.text}`}
            onClick={() => set(notes.filter((_, other) => other !== index))}
          >
            <Icon name="close" size={11} />
          </Button>
        </span>
      ))}
      {isWriting && place ? (
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== '') {
              set([...notes, { text: text.trim(), ...place }]);
              announce('Note added. Copy the link to share it.');
            }
            setText('');
            setWriting(false);
          }}
        >
          <TextInput
            autoFocus
            className={styles.input}
            aria-label={`Note at ${titleOf(model, place)}`}
            placeholder={`Note at ${titleOf(model, place)}`}
            maxLength={500}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') {
                event.stopPropagation();
                setWriting(false);
              }
            }}
          />
          <Button small type="submit">
            Add
          </Button>
        </form>
      ) : (
        place && (
          <Button small look="quiet" title={`At ${titleOf(model, place)}`} onClick={() => setWriting(true)}>
            <Icon name="note" size={13} /> Add note
          </Button>
        )
      )}
    </section>
  );
}

function titleOf(model: TraceModel, { spanId, range }: Omit<Note, 'text'>): string {
  if (range) {
    return `${formatNanos(range.startNanos)} to ${formatNanos(range.endNanos)}`;
  }
  const row = rowOfSpan(model.table, spanId);
  return row < 0 ? `span ${spanId}, not in this trace` : model.table.names[model.table.name[row]] || '(no name)';
}

const styles = {
  root: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '2px 10px', padding: '0 14px 6px' }),
  note: css({
    display: 'inline-flex',
    alignItems: 'center',
    maxWidth: '100%',
    border: '1px solid var(--v-line)',
    borderRadius: 5,
    background: 'var(--v-surface)',
  }),
  go: css({
    display: 'flex',
    alignItems: 'center',
    gap: 6,
    minWidth: 0,
    padding: '2px 6px',
    border: 0,
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    fontSize: 12.5,
    textAlign: 'left',
    cursor: 'pointer',
    overflowWrap: 'anywhere',
    '&:focus-visible': { outline: '2px solid var(--v-focus)' },
  }),
  place: css({ color: 'var(--v-text-muted)' }),
  form: css({ display: 'flex', gap: 4, flex: '1 1 280px' }),
  input: css({ flex: 1, height: 24 }),
};
