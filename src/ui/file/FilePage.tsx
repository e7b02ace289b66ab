import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { mergeTrace } from '../../trace/merge.ts';
import type { Span, Trace } from '../../trace/model.ts';
import { serviceNameOf } from '../../trace/model.ts';
import type { Host } from '../host.ts';
import { Button, Notice } from '../kit/controls.tsx';
import { formatCount, formatNanos, formatTime } from '../kit/format.ts';
import type { Theme } from '../kit/theme.ts';
import { wholeTrace } from '../state/view.ts';
import type { FileView } from '../state/view.ts';
import { SpansPane } from '../trace/TracePane.tsx';

/** A trace file read in this browser: nothing of it is sent anywhere. */
export interface OpenFile {
  readonly name: string;
  /** As a person calls it: "OTLP JSON". */
  readonly format: string;
  readonly spans: readonly Span[];
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
  const traces = useMemo(() => (file ? tracesOf(file.spans) : []), [file]);
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
    <SpansPane
      key={trace.traceId}
      spans={trace.spans}
      focus={view.focus}
      theme={theme}
      // Without the client: nothing of a file is asked of a server.
      host={{ copyText: host.copyText, preferences: host.preferences, saveFile: host.saveFile }}
      warnings={[]}
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

/** Spans by trace, duplicates counted once, newest trace first. */
function tracesOf(spans: readonly Span[]): readonly Trace[] {
  const byId = new Map<string, Span[]>();
  for (const span of spans) {
    const known = byId.get(span.traceId);
    if (known) {
      known.push(span);
    } else {
      byId.set(span.traceId, [span]);
    }
  }
  return [...byId]
    .map(([traceId, fragment]) => mergeTrace(traceId, [fragment]))
    .sort((a, b) => Number(b.spans[0].startUnixNanos - a.spans[0].startUnixNanos));
}

/** More than a person reads; the rest is counted. */
const tracesShown = 1_000;

function TraceList({
  file,
  traces,
  onOpen,
}: {
  file: OpenFile;
  traces: readonly Trace[];
  onOpen(traceId: string): void;
}): ReactElement {
  const [shown, setShown] = useState(tracesShown);
  return (
    <div className={styles.root}>
      <h1 className={styles.title}>{file.name}</h1>
      <p className={styles.facts}>
        {`${file.format} · ${formatCount(traces.length, 'trace')} · ${formatCount(file.spans.length, 'span')}`}
      </p>
      <ul className={styles.list}>
        {traces.slice(0, shown).map((trace) => {
          const root = trace.spans.find((span) => span.parentSpanId === '') ?? trace.spans[0];
          const end = trace.spans.reduce(
            (latest, span) => (span.endUnixNanos > latest ? span.endUnixNanos : latest),
            0n
          );
          return (
            <li key={trace.traceId}>
              <button type="button" className={styles.row} onClick={() => onOpen(trace.traceId)}>
                <strong>{serviceNameOf(root.resource) || 'unknown service'}</strong>
                <span>{root.name}</span>
                <span className={styles.muted}>
                  {`${formatNanos(Number(end - trace.spans[0].startUnixNanos))} · ${formatCount(trace.spans.length, 'span')} · ${formatTime(Number(trace.spans[0].startUnixNanos / 1_000_000n))}`}
                </span>
              </button>
            </li>
          );
        })}
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
