import { css, cx } from '@emotion/css';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { CSSProperties, DragEvent, ReactElement } from 'react';
import type { OpenFile } from './file/FilePage.tsx';
import { AppCommands } from './AppCommands.tsx';
import { Commands } from './commands/Commands.tsx';
import { Header } from './Header.tsx';
import type { Host } from './host.ts';
import { Button, ErrorNote, SkeletonRows } from './kit/controls.tsx';
import { ErrorBoundary } from './kit/ErrorBoundary.tsx';
import { cssVariables, themeOf } from './kit/theme.ts';
import { useTheme } from './kit/use-theme.ts';
import { findTraceId } from '../wire/traceparent.ts';
import { openTrace } from './state/open-trace.ts';
import { wholeTrace } from './state/view.ts';
import type { Note, SearchView } from './state/view.ts';
import { TracePage } from './trace/TracePage.tsx';
import type { TracePaneProps } from './trace/TracePane.tsx';

// Most visits never open them.
const HelpSheet = lazy(async () => ({ default: (await import('./HelpSheet.tsx')).HelpSheet }));
// A link to a trace needs none of these.
const SearchPage = lazy(async () => ({ default: (await import('./search/SearchPage.tsx')).SearchPage }));
const FilePage = lazy(async () => ({ default: (await import('./file/FilePage.tsx')).FilePage }));
// The layout's library comes with it.
const ComparePage = lazy(async () => ({ default: (await import('./compare/ComparePage.tsx')).ComparePage }));
const ServicesPage = lazy(async () => ({ default: (await import('./graph/ServicesPage.tsx')).ServicesPage }));

// A link to a trace needs no codecs.
const readTraceFile = async (host: Host, file: File): Promise<OpenFile> =>
  (await import('./file/read-file.ts')).readTraceFile(host, file);

export interface AppProps {
  readonly host: Host;
  /** Where a span leads outside of tracing: its logs, metrics, profiles. Apart from the host, because it may come or change later. */
  readonly linksOfSpan?: TracePaneProps['linksOfSpan'];
}

/** The whole UI: search, trace, files. Fills its parent, which must have a height. */
export function App({ host, linksOfSpan }: AppProps): ReactElement {
  const view = useSyncExternalStore(
    useCallback((listener: () => void) => host.viewState.subscribe(listener), [host]),
    () => host.viewState.get()
  );
  const [themeName, chooseTheme] = useTheme(host);
  const theme = themeOf(themeName);
  const [files, setFiles] = useState<readonly OpenFile[]>([]);
  const [fileError, setFileError] = useState<unknown>(undefined);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isDragging, setDragging] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a page of its own keys work from the start; in Grafana the focus is Grafana's until somebody comes here.
    if (host.theme.decidedBy === 'person' && document.activeElement === document.body) {
      root.current?.focus({ preventScroll: true });
    }
  }, [host]);
  const lastSearch = useLastSearch(view.page === 'search' ? view : undefined);
  const variables = useMemo(() => cssVariables(theme) as CSSProperties, [theme]);

  const openFile = (chosen: File): void => {
    setFileError(undefined);
    Promise.all([readTraceFile(host, chosen), notesOfChosen(chosen)]).then(
      ([opened, notes]) => openedFile(opened, notes),
      (error: unknown) => setFileError(error)
    );
  };
  /** JSON that was pasted: a trace where it is one, else something that names one, as a log line does. */
  const openJson = (text: string): void => {
    const pasted = new File([text], 'pasted.json');
    setFileError(undefined);
    Promise.all([readTraceFile(host, pasted), notesOfChosen(pasted)]).then(
      ([opened, notes]) => openedFile(opened, notes),
      (error: unknown) => {
        const traceId = findTraceId(text);
        if (traceId === undefined) {
          setFileError(error);
        } else {
          openTrace(host, traceId);
        }
      }
    );
  };
  /** In a comparison the file takes the side that is still free; elsewhere it is shown. */
  const openedFile = (opened: OpenFile, notes: readonly Note[]): void => {
    setFiles((known) => [...known, opened]);
    const current = host.viewState.get();
    const [first, second] = opened.traces;
    if (current.page === 'compare' && second === undefined) {
      const side = current.before === '' ? 'before' : 'after';
      host.viewState.set({ ...current, [side]: `file:${first.traceId}` }, 'push');
    } else {
      const focus = notes.length > 0 ? { ...wholeTrace, notes } : wholeTrace;
      host.viewState.set({ page: 'file', traceId: undefined, focus }, 'push');
    }
  };
  const onDrag = (event: DragEvent, over: boolean): void => {
    if (event.dataTransfer.types.includes('Files')) {
      event.preventDefault();
      setDragging(over);
    }
  };

  return (
    <div
      ref={root}
      // Takes the focus of clicks beside everything, so that keys go on working.
      tabIndex={-1}
      className={cx(styles.root, theme.scheme === 'dark' ? styles.dark : styles.light)}
      style={variables}
      data-theme={theme.name}
      onDragOver={(event) => onDrag(event, true)}
      onDragLeave={(event) => event.currentTarget === event.target && setDragging(false)}
      onDrop={(event) => {
        onDrag(event, false);
        const dropped = event.dataTransfer.files[0];
        if (dropped) {
          openFile(dropped);
        }
      }}
      onKeyDown={(event) => {
        const isTyping =
          event.target instanceof HTMLElement &&
          event.target.closest('input, textarea, select, [contenteditable]:not([contenteditable=false])');
        if (event.key === '?' && !isTyping) {
          setHelpOpen(true);
          event.preventDefault();
        } else if (event.key === '/' && !isTyping) {
          event.currentTarget
            .querySelector<HTMLElement>(
              '[role=search] input, [role=search] [contenteditable]:not([contenteditable=false])'
            )
            ?.focus();
          event.preventDefault();
        }
      }}
    >
      <Commands ownsControlK={host.theme.decidedBy === 'person'}>
        <AppCommands
          host={host}
          lastSearch={lastSearch}
          onTheme={chooseTheme}
          onChooseFile={() => fileInput.current?.click()}
          onHelp={() => setHelpOpen(true)}
        />
        <Header
          host={host}
          view={view}
          lastSearch={lastSearch}
          themeName={theme.name}
          onTheme={chooseTheme}
          onChooseFile={() => fileInput.current?.click()}
          onHelp={() => setHelpOpen(true)}
          onOpenJson={openJson}
        />
        <input
          ref={fileInput}
          type="file"
          hidden
          aria-label="Trace file"
          accept=".json,.jsonl,.ndjson,.otlp,.pb,.bin,.proto,.gz"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen) {
              openFile(chosen);
            }
            // The same file may be chosen again after it has changed.
            event.target.value = '';
          }}
        />
        {fileError !== undefined && (
          <div className={styles.fileError}>
            <ErrorNote>{fileError instanceof Error ? fileError.message : String(fileError)}</ErrorNote>
            <Button small onClick={() => setFileError(undefined)}>
              Dismiss
            </Button>
          </div>
        )}
        <main className={styles.main}>
          <ErrorBoundary key={view.page} what="this page">
            <Suspense fallback={<SkeletonRows rows={8} />}>
              {view.page === 'search' && <SearchPage host={host} view={view} theme={theme} />}
              {view.page === 'services' && <ServicesPage host={host} view={view} theme={theme} />}
              {view.page === 'compare' && (
                <ComparePage
                  host={host}
                  view={view}
                  theme={theme}
                  files={files}
                  onChooseFile={() => fileInput.current?.click()}
                />
              )}
              {view.page === 'trace' && (
                <TracePage host={host} view={view} theme={theme} lastSearch={lastSearch} linksOfSpan={linksOfSpan} />
              )}
              {view.page === 'file' && (
                <FilePage
                  host={host}
                  view={view}
                  theme={theme}
                  file={files.at(-1)}
                  onChoose={() => fileInput.current?.click()}
                />
              )}
            </Suspense>
          </ErrorBoundary>
        </main>
      </Commands>
      {isDragging && <div className={styles.drop}>Drop a trace file: OTLP, Jaeger or Zipkin</div>}
      {isHelpOpen && (
        <Suspense>
          <HelpSheet onClose={() => setHelpOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** Notes stand at the end of a file; a compressed one is not looked into twice. */
async function notesOfChosen(file: File): Promise<readonly Note[]> {
  const { notesOfFile } = await import('./trace/file-notes.ts');
  return notesOfFile(new Uint8Array(await file.slice(-1_000_000).arrayBuffer()));
}

/** The search one came from: what the trace page goes back to. */
function useLastSearch(current: SearchView | undefined): SearchView | undefined {
  const [last, setLast] = useState<SearchView>();
  if (current && current !== last) {
    setLast(current);
  }
  return current ?? last;
}

const styles = {
  root: css({
    display: 'flex',
    flexDirection: 'column',
    height: '100%',
    minHeight: 0,
    minWidth: 0,
    position: 'relative',
    overflow: 'hidden',
    outline: 'none',
    background: 'var(--v-background)',
    color: 'var(--v-text)',
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    fontSize: 13,
    lineHeight: 1.45,
    WebkitFontSmoothing: 'antialiased',
    '& *': { boxSizing: 'border-box' },
  }),
  dark: css({ colorScheme: 'dark' }),
  light: css({ colorScheme: 'light' }),
  main: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  fileError: css({ display: 'flex', alignItems: 'center', paddingRight: 12, '& > :first-child': { flex: 1 } }),
  drop: css({
    position: 'absolute',
    inset: 8,
    zIndex: 20,
    display: 'grid',
    placeItems: 'center',
    border: '2px dashed var(--v-accent)',
    borderRadius: 10,
    background: 'var(--v-veil)',
    fontSize: 18,
    pointerEvents: 'none',
  }),
};
