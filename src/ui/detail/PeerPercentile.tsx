import { css } from '@emotion/css';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Client } from '../../api/client.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { Span } from '../../trace/model.ts';
import { formatNanos } from '../kit/format.ts';
import { peerStanding, percentileOf } from './peers.ts';
import type { PeerStanding } from './peers.ts';

/** Walking through spans with a key asks only for those one stays at. */
const restMs = 120;

type State =
  | { readonly kind: 'loading' }
  | { readonly kind: 'found'; readonly standing: PeerStanding }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Asked for by itself; until it is there, and where it cannot be had, that is said. */
export function PeerPercentile({ client, span }: { readonly client: Client; readonly span: Span }): ReactElement {
  const [answer, setAnswer] = useState<{ readonly span: Span; readonly state: State }>();
  const state: State = answer?.span === span ? answer.state : { kind: 'loading' };
  useEffect(() => {
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      peerStanding(client, span, controller.signal).then(
        (standing) => setAnswer({ span, state: { kind: 'found', standing } }),
        (error: unknown) => {
          if (!controller.signal.aborted) {
            setAnswer({ span, state: { kind: 'unavailable', reason: reasonOf(error) } });
          }
        }
      );
    }, restMs);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [client, span]);

  return (
    <section className={styles.root} aria-label="Among its peers" aria-live="polite" data-testid="peers">
      {state.kind === 'loading' && <span className={styles.muted}>Comparing with its peers…</span>}
      {state.kind === 'unavailable' && (
        <span className={styles.muted}>How slow it is among its peers is not available: {state.reason}</span>
      )}
      {state.kind === 'found' && <Standing {...state.standing} />}
    </section>
  );
}

/** Fewer say nothing. */
const peersMin = 5;

function Standing(standing: PeerStanding): ReactElement {
  const { count, medianNanos, isPartial } = standing;
  if (count < peersMin) {
    return (
      <span className={styles.muted}>
        {`Too few peers to compare with: ${count} of this service and name in the hour before it.`}
      </span>
    );
  }
  const percent = percentileOf(standing);
  return (
    <>
      <span className={styles.track} role="img" aria-label={`Percentile ${percent}`}>
        <span className={styles.mark} style={{ left: `${percent}%` }} />
      </span>
      <span>
        <strong>{`Slower than ${percent} %`}</strong>
        {` of ${count.toLocaleString('en-US')} peers in the hour before it`}
        {medianNanos !== undefined && ` · median ${formatNanos(medianNanos)}`}
        {isPartial && <span className={styles.partial}> · counted over a part of the data</span>}
      </span>
    </>
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof CodedError && (error.code === 'not_found' || error.code === 'unsupported')) {
    return 'the server answers no TraceQL metrics.';
  }
  return error instanceof Error ? error.message : String(error);
}

const styles = {
  root: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 10px',
    minHeight: 26,
    margin: '0 0 10px',
    fontSize: 12.5,
    fontVariantNumeric: 'tabular-nums',
  }),
  track: css({
    position: 'relative',
    width: 96,
    height: 6,
    borderRadius: 3,
    background: 'linear-gradient(to right, var(--v-surface-hover), var(--v-accent))',
  }),
  mark: css({
    position: 'absolute',
    top: -3,
    width: 3,
    height: 12,
    marginLeft: -1.5,
    borderRadius: 1,
    background: 'var(--v-text)',
    boxShadow: '0 0 0 1px var(--v-background)',
  }),
  muted: css({ color: 'var(--v-text-muted)' }),
  partial: css({ color: 'var(--v-warning)' }),
};
