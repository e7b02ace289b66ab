/** "Save & test": what works, what does not, and what to do about it. */
import type { TestDataSourceResponse } from '@grafana/data';
import type { Client } from '../api/client.ts';
import { readStream } from '../api/stream-client.ts';
import type { VivaceStatus } from '../api/vivace/status.ts';
import { CodedError } from '../base/coded-error.ts';
import type { Transports } from './streaming.ts';
import { requestBuildInfo, requestMetrics, requestSearch, searchParams } from './tempo-requests.ts';

interface Check {
  readonly name: string;
  /** Why not; `undefined`: it works. */
  readonly problem: string | undefined;
}

/**
 * Asks the server who it is, for one trace, for one as a stream and for one metric. Without the API it is an error; what only makes Grafana
 * slower or poorer is told with success.
 */
export async function testServer(
  client: Client,
  transports: Transports,
  nowMs: number
): Promise<TestDataSourceResponse> {
  let server: string;
  let isVivace: boolean;
  try {
    const status = await client.status();
    isVivace = status !== undefined;
    server = status === undefined ? await describeTempo(transports) : describeStatus(status);
  } catch (error) {
    return { status: 'error', message: withHint(error) };
  }
  const { signal } = new AbortController();
  const endSeconds = Math.ceil(nowMs / 1000);
  const search = { startSeconds: endSeconds - 60, endSeconds, traceql: '{}', limit: 1, spansPerSpanset: 1 };
  const metrics = { ...search, traceql: '{} | rate()', instant: false, step: '60s', exemplars: undefined };
  const checks = await Promise.all([
    check('search', () => requestSearch(transports.plain, search, signal)),
    check('metrics', () => requestMetrics(transports.plain, metrics, signal)),
    ...(isVivace ? [check('streaming', () => testStream(transports, searchParams(search), signal))] : []),
  ]);
  const [api] = checks;
  const working = checks.filter(({ problem }) => problem === undefined).map(({ name }) => name);
  const problems = checks.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [problemSentence(name, problem)]
  );
  const works = working.length === 0 ? '' : ` What works: ${working.join(', ')}.`;
  return {
    status: api.problem === undefined ? 'success' : 'error',
    message: `${server}${works}${problems.map((sentence) => ` ${sentence}`).join('')}`,
  };
}

async function check(name: string, ask: () => Promise<unknown>): Promise<Check> {
  try {
    await ask();
    return { name, problem: undefined };
  } catch (error) {
    return { name, problem: withHint(error) };
  }
}

async function testStream(transports: Transports, params: Record<string, string>, signal: AbortSignal): Promise<void> {
  const request = { method: 'GET', path: '/api/vivace/search/stream', params, signal } as const;
  const end = await readStream(transports.stream, request, () => undefined);
  if (end.kind !== 'final') {
    throw new Error(end.reason);
  }
}

function problemSentence(name: string, problem: string): string {
  switch (name) {
    case 'streaming':
      return `Streaming does not: ${problem}. Answers come in one piece; a proxy in between that holds answers back or cuts them is the usual reason.`;
    case 'metrics':
      return `Metrics do not: ${problem}. Graphs from TraceQL need a newer server, or its metrics switched on.`;
    default:
      return `Search does not: ${problem}.`;
  }
}

/** The server's words, and what to look at. */
function withHint(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  const hint = error instanceof CodedError ? hintOf(error, message) : undefined;
  return hint === undefined ? message : `${message}. ${hint}`;
}

function hintOf({ code }: CodedError, message: string): string | undefined {
  // Grafana's proxy makes 400 of the upstream's 401 in older versions.
  if (code === 'unauthenticated' || code === 'permission_denied' || /unauthori[sz]ed|forbidden/i.test(message)) {
    return 'Check the authentication below, and the permissions of its token or user';
  }
  switch (code) {
    case 'unavailable':
      return "Grafana's server must reach the URL above: check its address and port, that the server runs, and TLS";
    case 'not_found':
    case 'internal':
      return 'What answers there is no trace server: check the port and path of the URL; Vivace answers queries on 3200';
    case 'deadline_exceeded':
      return 'It took too long: raise the timeout above';
    default:
      return undefined;
  }
}

/** One sentence or two about a Vivace server: version, what it holds, what is wrong. */
export function describeStatus(status: VivaceStatus): string {
  const { store } = status;
  const spans = (store.headSpans + store.blockSpans).toLocaleString('en');
  const problems = store.problems.length === 0 ? '' : ` Problems: ${store.problems.join(' ')}`;
  const state = store.ready ? `It holds ${spans} spans.` : `It is starting: ${store.message}`;
  return `Connected to Vivace ${status.version}. ${state}${problems}`;
}

/** A server that is not Vivace: its build. */
async function describeTempo({ plain }: Transports): Promise<string> {
  const { version } = await requestBuildInfo(plain, new AbortController().signal);
  return (
    `Connected to a server with Tempo's query API, version ${version || 'unknown'}. It is not Vivace: streaming of partial results, ` +
    'the service graph from spans and what else only Vivace has are left out.'
  );
}
