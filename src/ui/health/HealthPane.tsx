import { css } from '@emotion/css';
import { useCallback, useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Client } from '../../api/client.ts';
import { ErrorNote, Notice, SkeletonRows, WarningBanner } from '../kit/controls.tsx';
import { formatAgo } from '../kit/format.ts';
import { readHealth, sendersMinutes, type Health } from './read-health.ts';

export interface HealthPaneProps {
  readonly client: Client;
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

const refreshMs = 15_000;

/** Is data arriving, from whom, how much, and what was refused and why. Asks again every quarter of a minute while it is open. */
export function HealthPane({ client, nowMs }: HealthPaneProps): ReactElement {
  const [health, setHealth] = useState<Health>();
  const [error, setError] = useState<unknown>(undefined);
  const load = useCallback(
    (signal: AbortSignal) =>
      readHealth(client, nowMs(), signal).then(
        (read) => {
          setHealth(read);
          setError(undefined);
        },
        (cause: unknown) => signal.aborted || setError(cause)
      ),
    [client, nowMs]
  );
  useEffect(() => {
    const controller = new AbortController();
    const ask = (): void => void load(controller.signal);
    ask();
    const timer = window.setInterval(ask, refreshMs);
    return () => {
      window.clearInterval(timer);
      controller.abort();
    };
  }, [load]);

  if (error !== undefined) {
    return <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>;
  }
  return health === undefined ? <SkeletonRows rows={4} /> : <HealthTables health={health} nowMs={nowMs()} />;
}

function HealthTables({ health, nowMs }: { readonly health: Health; readonly nowMs: number }): ReactElement {
  const { status, arrivals, senders, sendersError } = health;
  const ago = (unixSeconds: number): string => formatAgo(unixSeconds * 1000, nowMs);
  const held = status === undefined ? 0 : status.store.headSpans + status.store.blockSpans;
  return (
    <div className={styles.root} data-testid="vivace-health">
      {status === undefined && (
        <Notice title="This server is not Vivace">
          It answers Tempo&apos;s query API; what arrives there and what is refused is in its own metrics.
        </Notice>
      )}
      {status?.store.problems.map((problem) => (
        <WarningBanner key={problem}>{problem}</WarningBanner>
      ))}
      {status !== undefined && (
        <p>
          Vivace {status.version} holds {count(held)} spans.{status.store.ready ? '' : ` ${status.store.message}`}
        </p>
      )}
      <table className={styles.table}>
        <caption>Who sent spans in the last {sendersMinutes} minutes</caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Spans</th>
          </tr>
        </thead>
        <tbody>
          {senders.map(({ service, spans }) => (
            <tr key={service}>
              <th scope="row">{service}</th>
              <td>{count(spans)}</td>
            </tr>
          ))}
          {senders.length === 0 && (
            <tr>
              <td colSpan={2}>{sendersError === '' ? 'Nobody.' : `Not known: ${sendersError}`}</td>
            </tr>
          )}
        </tbody>
      </table>
      {arrivals !== undefined && (
        <>
          <table className={styles.table}>
            <caption>What came in since the server&apos;s start, {ago(arrivals.sinceSeconds)}</caption>
            <thead>
              <tr>
                <th scope="col">Door</th>
                <th scope="col">Requests</th>
                <th scope="col">Spans</th>
                <th scope="col">MiB</th>
                <th scope="col">Left out</th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {arrivals.doors.map((door) => (
                <tr key={door.door}>
                  <th scope="row">{door.door}</th>
                  <td>{count(door.requests)}</td>
                  <td>{count(door.spans)}</td>
                  <td>{(door.bytes / 2 ** 20).toFixed(1)}</td>
                  <td title={door.rejectedReason}>
                    {count(door.rejectedSpans)}
                    {door.rejectedReason !== '' && <small> {door.rejectedReason}</small>}
                  </td>
                  <td>{ago(door.lastSeconds)}</td>
                </tr>
              ))}
              {arrivals.doors.length === 0 && (
                <tr>
                  <td colSpan={6}>Nothing. Point an OTLP exporter to port 4317 (gRPC) or 4318 (HTTP).</td>
                </tr>
              )}
            </tbody>
          </table>
          <table className={styles.table}>
            <caption>What was refused</caption>
            <thead>
              <tr>
                <th scope="col">Door</th>
                <th scope="col">Why</th>
                <th scope="col">Requests</th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {arrivals.refusals.map((refusal) => (
                <tr key={`${refusal.door} ${refusal.code} ${refusal.message}`}>
                  <th scope="row">{refusal.door}</th>
                  <td>
                    <code>{refusal.code}</code> {refusal.message}
                  </td>
                  <td>{count(refusal.count)}</td>
                  <td>{ago(refusal.lastSeconds)}</td>
                </tr>
              ))}
              {arrivals.refusals.length === 0 && (
                <tr>
                  <td colSpan={4}>Nothing.</td>
                </tr>
              )}
            </tbody>
          </table>
        </>
      )}
    </div>
  );
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', gap: 16 }),
  table: css({
    borderCollapse: 'collapse',
    fontVariantNumeric: 'tabular-nums',
    maxWidth: 900,
    '& caption': { textAlign: 'left', fontWeight: 600, padding: '4px 0' },
    '& th, & td': { textAlign: 'left', padding: '3px 14px 3px 0', fontWeight: 400, verticalAlign: 'top' },
    '& thead th': { color: 'var(--v-text-muted)' },
    '& small': { color: 'var(--v-text-muted)' },
  }),
};
