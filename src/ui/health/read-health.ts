import type { Client } from '../../api/client.ts';
import type { ArrivalsBody } from '../../api/vivace/arrivals.ts';
import type { VivaceStatus } from '../../api/vivace/status.ts';

export const sendersMinutes = 15;

export interface Health {
  /** `undefined`: the server is not Vivace. */
  readonly status: VivaceStatus | undefined;
  /** `undefined`: the server does not tell. */
  readonly arrivals: ArrivalsBody | undefined;
  /** Services with spans in the last {@link sendersMinutes} minutes, most first. */
  readonly senders: readonly { readonly service: string; readonly spans: number }[];
  /** Why `senders` is not known; empty when it is. */
  readonly sendersError: string;
}

/** Rejects when the server does not answer at all; a part that fails is told as such. */
export async function readHealth(client: Client, nowMs: number, signal: AbortSignal): Promise<Health> {
  const endSeconds = Math.ceil(nowMs / 1000);
  const range = { startSeconds: endSeconds - sendersMinutes * 60, endSeconds };
  const [status, arrivals, senders] = await Promise.all([
    client.status(signal),
    client.arrivals(signal).catch(() => undefined),
    client.metricsInstant('{} | count_over_time() by (resource.service.name)', range, signal).then(
      ({ data }) => ({ data, error: '' }),
      (error: unknown) => ({ data: [], error: error instanceof Error ? error.message : String(error) })
    ),
  ]);
  const named = senders.data.map(({ labels, value }) => ({
    service: labels.find(([name]) => name.endsWith('service.name'))?.[1] ?? '(no service.name)',
    spans: value,
  }));
  return { status, arrivals, senders: named.sort((a, b) => b.spans - a.spans), sendersError: senders.error };
}
