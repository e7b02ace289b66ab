import { css } from '@emotion/css';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Host } from '../host.ts';
import { Button, ErrorNote, Notice, SkeletonRows } from '../kit/controls.tsx';
import { formatCount, formatNanos, formatTime } from '../kit/format.ts';
import type { Theme } from '../kit/theme.ts';
import { wholeTrace } from '../state/view.ts';
import type { FileView } from '../state/view.ts';
import type { EngineLink } from '../trace/engine/engine-link.ts';
import { openFileTrace } from '../trace/engine/open-trace-data.ts';
import type { FileContents, FileTrace } from '../trace/engine/trace-engine.ts';
import type { TraceData } from '../trace/trace-data.ts';
import { TracePane } from '../trace/TracePane.tsx';
import type { TracePaneProps } from '../trace/TracePane.tsx';

/** A trace file read in this browser: nothing of it is sent anywhere. */
export interface OpenFile extends FileContents {
  readonly name: string;
  /** Holds the spans. */
  readonly engine: EngineLink;
  close(): void;
}

export interface FilePageProps {
  readonly host: Host;
  readonly view: FileView;
  readonly theme: Theme;
  readonly file: OpenFile | undefined;
  onChoose(): void;
}

/** The traces of an opened file: one at once, several as a list first. */
export function FilePage({ host, view, theme, file, onChoose }: FilePageProps): ReactElement {
  const traces = file?.traces ?? [];
  if (!file) {
    return (
      <Notice
        title="No file is open"
        actions={
          <Button look="primary" onClick={onChoose}>
            Choose a file
          </Button>
        }
      >
        Drop a trace file here: OTLP JSON or protobuf, Jaeger JSON, Zipkin JSON. It stays in this browser.
      </Notice>
    );
  }
  const trace = traces.length === 1 ? traces[0] : traces.find(({ traceId }) => traceId === view.traceId);
  if (!trace) {
    return (
      <TraceList
        file={file}
        traces={traces}
        onOpen={(traceId) => host.viewState.set({ ...view, traceId, focus: wholeTrace }, 'push')}
      />
    );
  }
  return (
    <FileTracePane
      key={trace.traceId}
      engine={file.engine}
      trace={trace}
      focus={view.focus}
      theme={theme}
      // Without the client: nothing of a file is asked of a server.
      host={{ copyText: host.copyText, preferences: host.preferences, saveFile: host.saveFile }}
      onFocus={(focus, history) => host.viewState.set({ ...view, traceId: trace.traceId, focus }, history)}
      addToSearch={undefined}
      hrefOfTrace={(traceId, spanId) =>
        traces.some((other) => other.traceId === traceId)
          ? host.viewState.href({ ...view, traceId, focus: { ...wholeTrace, spanId } })
          : host.viewState.href({ page: 'trace', traceId, focus: { ...wholeTrace, spanId } })
      }
    />
  );
}

/** One trace of the file, as its engine opens it. */
function FileTracePane({
  engine,
  trace,
  ...props
}: Omit<TracePaneProps, 'data'> & { readonly engine: EngineLink; readonly trace: FileTrace }): ReactElement {
  const [opened, setOpened] = useState<{ readonly data: TraceData } | { readonly error: unknown }>();
  const { traceId } = trace;
  useEffect(() => {
    let isShown = true;
    let data: TraceData | undefined;
    openFileTrace(engine, traceId).then(
      (found) => {
        data = found;
        if (isShown) {
          setOpened({ data: found });
        } else {
          found.close();
        }
      },
      (error: unknown) => isShown && setOpened({ error })
    );
    return () => {
      isShown = false;
      data?.close();
      setOpened(undefined);
    };
  }, [engine, traceId]);
  if (opened === undefined) {
    return <SkeletonRows rows={14} />;
  }
  if ('error' in opened) {
    return <ErrorNote>{opened.error instanceof Error ? opened.error.message : String(opened.error)}</ErrorNote>;
  }
  return <TracePane {...props} data={opened.data} />;
}

/** More than a person reads; the rest is counted. */
const tracesShown = 1_000;

function TraceList({
  file,
  traces,
  onOpen,
}: {
  file: OpenFile;
  traces: readonly FileTrace[];
  onOpen(traceId: string): void;
}): ReactElement {
  const [shown, setShown] = useState(tracesShown);
  return (
    <div className={styles.root}>
      <h1 className={styles.title}>{file.name}</h1>
      <p className={styles.facts}>
        {`${file.format} · ${formatCount(traces.length, 'trace')} · ${formatCount(file.spanCount, 'span')}`}
      </p>
      <ul className={styles.list}>
        {traces.slice(0, shown).map(({ traceId, rootService, rootName, durationNanos, spanCount, startUnixNanos }) => (
          <li key={traceId}>
            <button type="button" className={styles.row} onClick={() => onOpen(traceId)}>
              <strong>{rootService || 'unknown service'}</strong>
              <span>{rootName}</span>
              <span className={styles.muted}>
                {`${formatNanos(durationNanos)} · ${formatCount(spanCount, 'span')} · ${formatTime(Number(startUnixNanos / 1_000_000n))}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {traces.length > shown && (
        <Button onClick={() => setShown(shown + tracesShown)}>{`Show more of ${traces.length}`}</Button>
      )}
    </div>
  );
}

const styles = {
  root: css({ padding: '14px 14px 24px', overflowY: 'auto' }),
  title: css({ margin: 0, fontSize: 17, fontWeight: 600, overflowWrap: 'anywhere' }),
  facts: css({ margin: '2px 0 12px', color: 'var(--v-text-muted)' }),
  list: css({ margin: '0 -14px 12px', padding: 0, listStyle: 'none' }),
  row: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 10px',
    width: '100%',
    padding: '6px 14px',
    border: 0,
    background: 'none',
    color: 'inherit',
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    fontVariantNumeric: 'tabular-nums',
    overflowWrap: 'anywhere',
    '&:hover, &:focus-visible': { background: 'var(--v-surface-hover)' },
  }),
  muted: css({ color: 'var(--v-text-muted)', marginLeft: 'auto' }),
};
