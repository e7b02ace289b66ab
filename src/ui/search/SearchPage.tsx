import { openTrace } from '../state/open-trace.ts';
import { css } from '@emotion/css';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import type { Host } from '../host.ts';
import { Button, ErrorNote, Notice, Select, SkeletonRows, WarningBanner } from '../kit/controls.tsx';
import { formatCount } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { QueryErrorNote } from '../kit/QueryErrorNote.tsx';
import type { Theme } from '../kit/theme.ts';
import { startView } from '../state/view.ts';
import type { SearchView } from '../state/view.ts';
import { checkQuery } from './check-query.ts';
import { formOfQuery, queryOfForm } from './form.ts';
import { RangePicker } from './RangePicker.tsx';
import { ResultChart } from './ResultChart.tsx';
import { Results } from './Results.tsx';
import { SearchFormFields } from './SearchFormFields.tsx';
import { useSearch } from './use-search.ts';

// The editor is two thirds of the page's code: it comes when somebody writes TraceQL.
const TraceqlEditor = lazy(() => import('../editor/TraceqlEditor.tsx'));

export interface SearchPageProps {
  readonly host: Host;
  readonly view: SearchView;
  readonly theme: Theme;
}

const settleMs = 700;
const limits = [20, 50, 100, 500, 2_000] as const;

/** Ask by form or by TraceQL, look at the newest traces that match, open one. */
export function SearchPage({ host, view, theme }: SearchPageProps): ReactElement {
  // What is being typed belongs to the query it started from: Back, or a value added from a trace, begins anew.
  const [typed, setTyped] = useState({ from: view.query, text: view.query });
  const draft = typed.from === view.query ? typed.text : view.query;
  const setDraft = (text: string): void => setTyped({ from: view.query, text });
  const search = useSearch(host, view);
  const { answer, error, isLoading } = search;
  const form = formOfQuery(draft);
  const editor = view.editor === 'form' && form ? 'form' : 'traceql';
  const queryError = useMemo(() => checkQuery(draft), [draft]);
  const settledError = useSettled(queryError);

  const set = (change: Partial<SearchView>, history: 'push' | 'replace' = 'push'): void =>
    host.viewState.set({ ...view, ...change }, history);
  const submit = (): void => {
    if (queryError) {
      return;
    }
    if (draft === view.query) {
      search.run();
    } else {
      set({ query: draft });
    }
  };

  return (
    <div className={styles.root}>
      <form
        className={styles.form}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className={styles.bar}>
          <div className={styles.tabs} role="group" aria-label="How to search">
            <Button
              small
              aria-pressed={editor === 'form'}
              disabled={!form}
              title={form ? 'Search by form' : 'This query says more than the form can'}
              onClick={() => set({ editor: 'form' }, 'replace')}
            >
              Form
            </Button>
            <Button small aria-pressed={editor === 'traceql'} onClick={() => set({ editor: 'traceql' }, 'replace')}>
              TraceQL
            </Button>
          </div>
          <RangePicker range={view.range} nowMs={host.nowMs()} onRange={(range) => set({ range })} />
          <label className={styles.limit}>
            <span>Limit</span>
            <Select
              value={view.limit}
              aria-label="Limit"
              onChange={(event) => set({ limit: Number(event.target.value) })}
            >
              {[...new Set([...limits, view.limit])]
                .sort((a, b) => a - b)
                .map((limit) => (
                  <option key={limit} value={limit}>
                    {limit.toLocaleString('en-US')}
                  </option>
                ))}
            </Select>
          </label>
          <span className={styles.spacer} />
          <Button
            aria-pressed={view.live}
            title="Ask again every 3 seconds"
            onClick={() => set({ live: !view.live }, 'replace')}
          >
            <Icon name={view.live ? 'pause' : 'play'} size={13} /> Live
          </Button>
          {isLoading && !view.live ? (
            <Button onClick={search.cancel}>Cancel</Button>
          ) : (
            <Button look="primary" type="submit" disabled={queryError !== undefined}>
              <Icon name="search" size={13} /> Search
            </Button>
          )}
        </div>
        {editor === 'form' && form ? (
          <SearchFormFields host={host} form={form} range={view.range} onForm={(next) => setDraft(queryOfForm(next))} />
        ) : (
          <Suspense fallback={<SkeletonRows rows={1} />}>
            <TraceqlEditor
              host={host}
              value={draft}
              range={view.range}
              theme={theme}
              onChange={setDraft}
              onSubmit={submit}
            />
          </Suspense>
        )}
        {editor === 'form' && draft !== '' && <code className={styles.preview}>{draft}</code>}
        {editor === 'traceql' && queryError && settledError && (
          <QueryErrorNote
            error={queryError}
            onFix={(fix) =>
              setDraft(draft.slice(0, fix.offset) + fix.replacement + draft.slice(fix.offset + fix.length))
            }
          />
        )}
      </form>
      {error !== undefined && <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>}
      {answer && (answer.partial || answer.warnings.length > 0) && (
        <WarningBanner>
          {`${answer.partial ? 'This answer is partial. ' : ''}${answer.warnings.join(' ')}`}
        </WarningBanner>
      )}
      {!answer && isLoading && <SkeletonRows rows={9} />}
      {answer && answer.data.traces.length === 0 && <NothingFound view={view} set={set} />}
      {answer && answer.data.traces.length > 0 && (
        <>
          <ResultChart
            traces={answer.data.traces}
            startMs={search.startMs}
            endMs={search.endMs}
            theme={theme}
            onOpen={(traceId) => openTrace(host, traceId)}
          />
          <div className={styles.summary} role="status">
            {formatCount(answer.data.traces.length, 'trace')}
            {answer.data.traces.length >= view.limit && ' · the newest; the limit is reached'}
            {view.live && ' · live'}
          </div>
          <Results host={host} traces={answer.data.traces} theme={theme} isStale={isLoading && !view.live} />
        </>
      )}
    </div>
  );
}

/** What `value` has been since a moment ago: an unfinished word is not yet a mistake. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), settleMs);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}

/** Says why nothing is here, and offers the next step. */
function NothingFound({
  view,
  set,
}: {
  readonly view: SearchView;
  set(change: Partial<SearchView>, history?: 'push' | 'replace'): void;
}): ReactElement {
  const isFiltered = view.query.trim() !== '';
  const day = { from: { kind: 'ago' as const, agoMs: 86_400_000 }, to: { kind: 'ago' as const, agoMs: 0 } };
  return (
    <Notice
      title={isFiltered ? 'No trace in this time range matches' : 'No traces in this time range'}
      actions={
        <>
          {isFiltered && <Button onClick={() => set({ query: '' })}>Remove the conditions</Button>}
          <Button onClick={() => set({ range: day })}>Look at the last 24 hours</Button>
          {!view.live && (
            <Button onClick={() => set({ live: true, range: startView.range }, 'replace')}>Wait for new traces</Button>
          )}
        </>
      }
    >
      {isFiltered
        ? 'Widen the time range, or drop a condition.'
        : 'Send spans by OTLP to port 4317 (gRPC) or 4318 (HTTP); they are found here within a second. Or drop a trace file anywhere on this page.'}
    </Notice>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  form: css({
    display: 'grid',
    gap: 8,
    padding: '12px 14px',
    borderBottom: '1px solid var(--v-line)',
    minWidth: 0,
    '& > *': { minWidth: 0 },
  }),
  bar: css({ display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'center' }),
  tabs: css({ display: 'flex', gap: 4, '& > button': { height: 30, padding: '0 11px', fontSize: 13 } }),
  limit: css({ display: 'flex', gap: 6, alignItems: 'center', color: 'var(--v-text-muted)' }),
  spacer: css({ flex: 1 }),
  preview: css({
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 12,
    color: 'var(--v-text-muted)',
    overflowWrap: 'anywhere',
  }),
  summary: css({
    padding: '2px 14px 6px',
    fontSize: 12,
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
  }),
};
