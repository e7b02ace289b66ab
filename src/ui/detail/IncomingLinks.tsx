import { css } from '@emotion/css';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Span } from '../../trace/model.ts';
import { formatNanos } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { LinkAxis } from './LinkAxis.tsx';
import { linkedSpansMax, spansLinkingTo } from './linked-spans.ts';
import type { LinkedSpan } from './linked-spans.ts';
import { Section } from './Section.tsx';
import type { SpanDetailProps } from './SpanDetail.tsx';
import { TraceLink } from './TraceLink.tsx';

type IncomingLinksProps = Pick<
  SpanDetailProps,
  'host' | 'hrefOfTrace' | 'onOpenTrace' | 'onSelectRow' | 'linkingRows' | 'model'
> & {
  readonly span: Span;
};

/** As in `PeerPercentile`: who walks past does not ask. */
const restMs = 150;

interface Found {
  readonly span: Span;
  /** Of this trace. */
  readonly rows: readonly number[];
  /** Of other traces. */
  readonly others: readonly LinkedSpan[];
  readonly failure: string | undefined;
}

/** Who links to this span: in its own trace, and in all traces of the server. Nothing where nobody does. */
export function IncomingLinks(props: IncomingLinksProps): ReactElement | undefined {
  const { span, host, model, linkingRows, hrefOfTrace, onOpenTrace, onSelectRow } = props;
  const [found, setFound] = useState<Found>();
  const { client } = host;
  useEffect(() => {
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      const others = client ? spansLinkingTo(client, span, controller.signal) : Promise.resolve([]);
      Promise.allSettled([linkingRows?.(span, controller.signal) ?? Promise.resolve([]), others]).then(
        ([inside, outside]) => {
          if (!controller.signal.aborted) {
            setFound({
              span,
              rows: inside.status === 'fulfilled' ? inside.value : [],
              others:
                outside.status === 'fulfilled' ? outside.value.filter(({ traceId }) => traceId !== span.traceId) : [],
              failure: outside.status === 'rejected' ? messageOf(outside.reason) : undefined,
            });
          }
        },
        () => undefined
      );
    }, restMs);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [client, span, linkingRows]);

  const { rows, others, failure } = found?.span === span ? found : { rows: [], others: [], failure: undefined };
  const isProducer = span.kind === 4;
  if (found?.span !== span || (rows.length + others.length === 0 && !isProducer)) {
    return undefined;
  }
  const self = { startUnixNanos: span.startUnixNanos, durationNanos: Number(span.endUnixNanos - span.startUnixNanos) };
  const { table } = model;
  return (
    <Section title="Linked from" count={rows.length + others.length}>
      {rows.map((row) => (
        <div key={row} className={styles.entry}>
          <button type="button" className={styles.button} onClick={() => onSelectRow(row)}>
            <Icon name="link" size={13} />
            {`${table.services[table.service[row]]} · ${table.names[table.name[row]]}, in this trace`}
          </button>
          <LinkAxis
            producer={self}
            consumer={{
              startUnixNanos: table.baseUnixNanos + BigInt(Math.round(table.offsetNanos[row])),
              durationNanos: table.durationNanos[row],
            }}
          />
        </div>
      ))}
      {others.map((other) => (
        <div key={`${other.traceId} ${other.spanId}`} className={styles.entry}>
          <TraceLink
            traceId={other.traceId}
            spanId={other.spanId}
            title={`${other.service} · ${other.name}, ${formatNanos(other.durationNanos)}`}
            hrefOfTrace={hrefOfTrace}
            onOpenTrace={onOpenTrace}
          />
          <LinkAxis producer={self} consumer={other} />
        </div>
      ))}
      {others.length >= linkedSpansMax && (
        <div className={styles.muted}>{`The first ${linkedSpansMax} are shown; there are more.`}</div>
      )}
      {rows.length + others.length === 0 && failure === undefined && (
        <div className={styles.muted}>No span links to it, from an hour before to a week after it.</div>
      )}
      {failure !== undefined && <div className={styles.muted}>{`Other traces could not be searched: ${failure}`}</div>}
    </Section>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const styles = {
  entry: css({ padding: '6px 0' }),
  button: css({
    display: 'flex',
    gap: 8,
    alignItems: 'center',
    padding: 0,
    border: 0,
    background: 'none',
    color: 'var(--v-accent)',
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    overflowWrap: 'anywhere',
  }),
  muted: css({ color: 'var(--v-text-muted)', fontSize: 12.5 }),
};
