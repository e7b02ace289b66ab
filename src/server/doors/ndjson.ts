/** Streams of the query API over plain HTTP: one JSON object a line, and a blank line now and then so that no proxy takes silence for death. */
import { errorCodeOf } from '../../base/coded-error.ts';
import { errorResponse } from '../../api/error-response.ts';
import { errorTable } from '../../api/errors.ts';
import { errorLine, ndjsonContentType, type StreamRoute } from '../../api/stream/ndjson.ts';
import { reportInternal, storeOf, type Runtime } from '../runtime.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, sendHead, splitUrl, withChallenge } from './respond.ts';
import { pump, startCall, waitingBytes, type Call } from './streams.ts';

const door = 'query';
/** Proxies cut connections that are silent for 30 s or more. */
const blankLineIntervalMs = 5_000;

const noBody = new Uint8Array();

const head = {
  'content-type': ndjsonContentType,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx collects an answer before it passes it on, unless told so.
  'x-accel-buffering': 'no',
} as const;

/** Never throws and never rejects. */
export function handleNdjson(runtime: Runtime, route: StreamRoute, request: Incoming, response: Outgoing): void {
  const call = startCall(runtime.clock, response);
  void answerNdjson(runtime, route, request, response, call)
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    })
    .finally(() => call.end());
}

async function answerNdjson(
  runtime: Runtime,
  route: StreamRoute,
  request: Incoming,
  response: Outgoing,
  call: Call
): Promise<void> {
  const { clock, telemetry } = runtime;
  const startMs = clock.monotonicMs();
  const ended = (status: number): void => telemetry.queried(route.name, status, (clock.monotonicMs() - startMs) / 1000);
  const onInternal = (cause: unknown): string => reportInternal(runtime, door, cause);
  let lines: AsyncIterable<string>;
  try {
    lines = open(runtime, route, request, call);
  } catch (error) {
    const refused = withChallenge(errorResponse(error, onInternal));
    ended(refused.status);
    return respond(request, response, refused, true);
  }
  // Head and a first byte at once: the client sees that the query runs, and proxies begin to pass it on.
  sendHead(response, 200, head);
  const stopBlankLines = blankLines(runtime, response);
  try {
    await pump(lines, response, call.signal, (line) => `${line}\n`);
    ended(200);
  } catch (error) {
    ended(errorTable[errorCodeOf(error)].http);
    if (errorCodeOf(error) !== 'canceled') {
      (response as { write(chunk: string): boolean }).write(`${errorLine(error, onInternal)}\n`);
    }
  } finally {
    stopBlankLines();
    response.end();
  }
}

function open(runtime: Runtime, route: StreamRoute, request: Incoming, call: Call): AsyncIterable<string> {
  const { gate, config, clock, build, opening, tails } = runtime;
  const { headers } = request;
  gate.checkHost(headers.host ?? (headers[':authority'] as string | undefined));
  const tenant = gate.admit(headers, 'query');
  const store = storeOf(opening);
  if (!route.isEndless) {
    call.limit(config.queryTimeout, `the query took longer than ${config.queryTimeout} ms (limit query_timeout)`);
  }
  const { urlPath: path, params } = splitUrl(request.url ?? '/');
  const wanted = {
    method: request.method ?? 'GET',
    body: noBody,
    path,
    params,
    accept: '',
    tenant,
    signal: call.signal,
  };
  return route.open(wanted, { store, clock, build, tails });
}

/** Writes a blank line now and every few seconds, unless something waits to be sent anyway. Answers how to stop. */
function blankLines({ clock }: Runtime, response: Outgoing): () => void {
  let cancel = (): void => undefined;
  const beat = (): void => {
    if (waitingBytes(response) === 0) {
      (response as { write(chunk: string): boolean }).write('\n');
    }
    cancel = clock.schedule(blankLineIntervalMs, beat);
  };
  beat();
  return () => cancel();
}
