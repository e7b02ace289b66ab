/** Port 3200: query API, status pages and the standalone page. */
import { CodedError } from '../../base/coded-error.ts';
import { answer, routeOf, type Route } from '../../api/answer.ts';
import { errorResponse } from '../../api/error-response.ts';
import { streamRouteOf } from '../../api/stream/ndjson.ts';
import type { ApiContext } from '../../api/exchange.ts';
import type { TraceStore } from '../../store/trace-store.ts';
import { mcpOptions } from '../mcp.ts';
import { reportInternal, storeOf, type Runtime } from '../runtime.ts';
import { readBody } from '../body.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { handleLogs, logsPath } from './logs.ts';
import { handleOverrides, overridesPath } from './overrides.ts';
import type { Page } from './page.ts';
import { handleGrpcQuery } from './grpc-query.ts';
import { handleNdjson } from './ndjson.ts';
import { respond, splitUrl, withChallenge, type Response } from './respond.ts';
import { statusPage } from './status-pages.ts';

const door = 'query';

/** Never throws and never rejects. */
export function handleQuery(runtime: Runtime, page: Page, request: Incoming, response: Outgoing): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  if (String(request.headers['content-type'] ?? '').startsWith('application/grpc')) {
    handleGrpcQuery(runtime, request, response);
    return;
  }
  const { urlPath } = splitUrl(request.url ?? '/');
  if (urlPath === overridesPath) {
    handleOverrides(runtime, request, response);
    return;
  }
  if (urlPath === logsPath) {
    handleLogs(runtime, request, response);
    return;
  }
  if ((routeOf(urlPath)?.bodyBytesMax ?? 0) === 0) {
    request.resume();
  }
  const stream = streamRouteOf(urlPath);
  if (stream) {
    handleNdjson(runtime, stream, request, response);
    return;
  }
  const canceled = new AbortController();
  response.once('close', () => {
    // Not `writableFinished`: over HTTP/2 it is true also of a response that was cut short.
    if (!response.writableEnded) {
      canceled.abort(new CodedError('canceled', 'the client went away'));
    }
  });
  void answerQuery(runtime, page, request, canceled)
    .catch((error) => withChallenge(errorResponse(error, (cause) => reportInternal(runtime, door, cause))))
    .then((result) => respond(request, response, result, true))
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    });
}

async function answerQuery(
  runtime: Runtime,
  page: Page,
  request: Incoming,
  canceled: AbortController
): Promise<Response> {
  const { urlPath, params } = splitUrl(request.url ?? '/');
  runtime.gate.checkHost(request.headers.host ?? (request.headers[':authority'] as string | undefined));
  const route = routeOf(urlPath);
  if (route) {
    return answerApi(runtime, route, request, urlPath, params, canceled);
  }
  const status = await statusPage(runtime, urlPath, params, request.headers);
  const found = status ?? (/^\/(api|jaeger|zipkin)\//.test(urlPath) ? undefined : page.answer(urlPath));
  if (!found) {
    throw new CodedError('not_found', 'there is nothing at this path');
  }
  return found;
}

async function answerApi(
  runtime: Runtime,
  route: Route,
  request: Incoming,
  path: string,
  params: URLSearchParams,
  canceled: AbortController
): Promise<Response> {
  const { clock, gate, config, telemetry } = runtime;
  const startMs = clock.monotonicMs();
  let status = 500;
  const stopTimer = clock.schedule(config.queryTimeout, () =>
    canceled.abort(
      new CodedError('deadline_exceeded', `the query took longer than ${config.queryTimeout} ms (limit query_timeout)`)
    )
  );
  try {
    // Health checks of load balancers and of Grafana's form carry no tenant, and learn nothing of one.
    const tenant = route.needsStore ? gate.admit(request.headers, 'query') : '';
    const context: ApiContext = {
      store: route.needsStore ? storeOf(runtime.opening) : noStore,
      clock,
      build: runtime.build,
      arrivals: runtime.arrivals,
      openTraces: runtime.openTraces,
      mcp: route.name === 'mcp' ? mcpOptions(config, telemetry) : undefined,
    };
    const apiRequest = {
      method: request.method ?? 'GET',
      body: await bodyOf(runtime, route, request),
      path,
      params,
      accept: String(request.headers.accept ?? ''),
      tenant,
      signal: canceled.signal,
    };
    const work = answer(route, apiRequest, context, (cause) => reportInternal(runtime, door, cause));
    const result = await Promise.race([work, rejectOnAbort(canceled.signal)]);
    status = result.status;
    return result;
  } catch (error) {
    request.resume();
    const refused = withChallenge(errorResponse(error, (cause) => reportInternal(runtime, door, cause)));
    status = refused.status;
    return refused;
  } finally {
    stopTimer();
    telemetry.queried(route.name, status, (clock.monotonicMs() - startMs) / 1000);
  }
}

const noBody = new Uint8Array();

/** As {@link readBody}, for the few routes that take one. It is small: the lease ends with the reading. */
async function bodyOf({ budget, config }: Runtime, route: Route, request: Incoming): Promise<Uint8Array> {
  if (route.bodyBytesMax === 0 || request.method === 'GET' || request.method === 'HEAD') {
    request.resume();
    return noBody;
  }
  const limits = { bytesMax: route.bodyBytesMax, timeoutMs: config.requestTimeout };
  const lease = budget.lease();
  try {
    return await readBody(request, request.headers['content-length'], limits, lease);
  } finally {
    lease.release();
  }
}

/** For routes that never ask it. */
const noStore = undefined as unknown as TraceStore;

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
