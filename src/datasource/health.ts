import type { TestDataSourceResponse } from '@grafana/data';
import type { Transport } from '../api/transport.ts';
import type { VivaceStatus } from '../api/vivace/status.ts';
import { requestBuildInfo, requestSearch } from './tempo-requests.ts';

/** One sentence or two about a Vivace server: version, what it holds, what is wrong. */
export function describeStatus(status: VivaceStatus): string {
  const { store } = status;
  const spans = (store.headSpans + store.blockSpans).toLocaleString('en');
  const problems = store.problems.length === 0 ? '' : ` Problems: ${store.problems.join(' ')}`;
  const state = store.ready ? `It holds ${spans} spans.` : `It is starting: ${store.message}`;
  const metrics = status.capabilities.includes('tempo.metrics') ? '' : ' It is too old for TraceQL metrics.';
  return `Connected to Vivace ${status.version}. ${state}${metrics}${problems}`;
}

/** A server that is not Vivace: its build, and whether it answers a search. */
export async function testTempo(transport: Transport): Promise<TestDataSourceResponse> {
  const { signal } = new AbortController();
  const { version } = await requestBuildInfo(transport, signal);
  const endSeconds = Math.ceil(Date.now() / 1000);
  const lastMinute = { startSeconds: endSeconds - 60, endSeconds };
  await requestSearch(transport, { ...lastMinute, traceql: '{}', limit: 1, spansPerSpanset: 1 }, signal);
  return {
    status: 'success',
    message: `Connected to a server with Tempo's query API, version ${version || 'unknown'}. It is not Vivace; what only Vivace offers is left out.`,
  };
}
