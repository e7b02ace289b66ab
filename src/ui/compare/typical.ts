import type { Client } from '../../api/client.ts';
import type { TraceId } from '../../trace/model.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import { quoted } from '../state/value-target.ts';

const hourSeconds = 3_600;
/** Of as many peers the middle one is taken. */
const peersMax = 200;

/**
 * The trace of median duration among those with the same root service and name in the hour up to this one; `undefined` when there is
 * none but itself. Errors: CodedError of the client.
 */
export async function typicalPeer(
  client: Client,
  table: SpanTable,
  signal?: AbortSignal
): Promise<TraceId | undefined> {
  const endSeconds = Number(table.baseUnixNanos / 1_000_000_000n) + Math.ceil(table.traceNanos / 1e9) + 1;
  const service = table.services[table.service[0]];
  const name = table.names[table.name[0]];
  const { data } = await client.search({
    query: `{ trace:rootService = ${quoted(service)} && trace:rootName = ${quoted(name)} }`,
    range: { startSeconds: endSeconds - hourSeconds, endSeconds },
    limit: peersMax,
    spansPerSpanset: 1,
    signal,
  });
  const peers = data.traces
    .filter(({ traceId }) => traceId !== table.traceId)
    .sort((a, b) => a.durationMs - b.durationMs);
  return peers[Math.floor((peers.length - 1) / 2)]?.traceId;
}
