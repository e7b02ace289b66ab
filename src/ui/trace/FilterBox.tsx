import { css } from '@emotion/css';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import type { Host } from '../host.ts';
import { Button, ErrorNote, TextInput } from '../kit/controls.tsx';
import type { Theme } from '../kit/theme.ts';
import { traceCompleter } from '../editor/trace-completer.ts';
import { lastHour } from '../state/view.ts';
import type { TraceFocus } from '../state/view.ts';
import type { TraceData } from './trace-data.ts';
import { queryOfFilter } from './use-matches.ts';

const TraceqlEditor = lazy(() => import('../editor/TraceqlEditor.tsx'));

interface FilterBoxProps {
  readonly data: TraceData;
  readonly focus: TraceFocus;
  readonly theme: Theme;
  readonly host: Pick<Host, 'styleNonce'> & Partial<Pick<Host, 'client'>>;
  /** The fault of the filter that is set. */
  readonly error: unknown;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
}

/**
 * TraceQL over the open trace, with the trace's own keys and values to complete from. The editor is loaded when it is first wanted; a
 * filter that is set is a plain field until then.
 */
export function FilterBox(props: FilterBoxProps): ReactElement {
  const { data, focus, theme, host, error, onFocus } = props;
  const [isEditing, setEditing] = useState(false);
  const set = focus.filter ?? '';
  const [draft, setDraft] = useState(set);
  const [draftOf, setDraftOf] = useState(set);
  if (draftOf !== set) {
    // Another view, a value's menu or Back has set another filter.
    setDraftOf(set);
    setDraft(set === '' ? '' : queryOfFilter(set));
  }
  const completer = useMemo(() => traceCompleter(data), [data]);
  const submit = (): void => {
    const bare = /^\s*\{\s*([^{}]*?)\s*\}\s*$/s.exec(draft)?.[1] ?? draft.trim();
    onFocus({ ...focus, filter: bare === '' ? undefined : bare }, 'push');
  };
  return (
    <div className={styles.root}>
      {isEditing ? (
        <div className={styles.editor}>
          <Suspense fallback={<TextInput aria-label="Filter spans" value={draft} readOnly className={styles.field} />}>
            <TraceqlEditor
              host={{ ...host, nowMs: () => 0 }}
              completer={completer}
              value={draft}
              range={lastHour}
              theme={theme}
              autoFocus
              placeholder='{ span.db.system = "postgresql" && duration > 500ms }'
              onChange={setDraft}
              onSubmit={submit}
            />
          </Suspense>
        </div>
      ) : (
        <TextInput
          aria-label="Filter spans"
          className={styles.field}
          value={set}
          readOnly
          placeholder="Filter spans (TraceQL)"
          onFocus={() => {
            setDraft(set === '' ? '' : queryOfFilter(set));
            setEditing(true);
          }}
        />
      )}
      {isEditing && (
        <Button small onClick={submit} title="Filter (Enter)">
          Filter
        </Button>
      )}
      {set !== '' && (
        <Button small look="quiet" onClick={() => onFocus({ ...focus, filter: undefined }, 'push')}>
          Clear
        </Button>
      )}
      {error !== undefined && (
        <div className={styles.error}>
          <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>
        </div>
      )}
    </div>
  );
}

const styles = {
  root: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: 4,
    flex: '1 1 240px',
    minWidth: 160,
    maxWidth: 560,
  }),
  editor: css({ flex: 1, minWidth: 0 }),
  field: css({ flex: 1, height: 24, fontSize: 12.5 }),
  error: css({ flexBasis: '100%', '& > div': { margin: '2px 0' } }),
};
