import { config, getBackendSrv } from '@grafana/runtime';
import type { StreamSink, StreamTransport } from '../api/stream-client.ts';
import type { TransportRequest } from '../api/transport.ts';

/**
 * Answers as they come, through Grafana's proxy: by `BackendSrv.chunked()`, which Grafana has from 11.6 on, else by the browser's
 * `fetch`. The proxy passes bytes on every 200 ms. Aborting the request's signal closes the connection, which ends the server's work.
 */
export function proxyStreamTransport(baseUrl: string): StreamTransport {
  return (request, sink) => {
    // Neither `chunked` nor `fetch` knows that Grafana may run below a path.
    const url = (baseUrl.startsWith('/') ? (config.appSubUrl ?? '') : '') + baseUrl + request.path;
    // A method of the real service uses `this`: called on the service, not taken from it.
    return typeof getBackendSrv().chunked === 'function' ? chunked(url, request, sink) : fetched(url, request, sink);
  };
}

function chunked(url: string, { method, params, headers, signal }: TransportRequest, sink: StreamSink): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortError());
      return;
    }
    let begun = false;
    const subscription = getBackendSrv()
      .chunked({ url, method, params, headers, showErrorAlert: false })
      .subscribe({
        next: ({ status, headers: answered, data }) => {
          try {
            if (!begun) {
              begun = true;
              sink.begin(status, contentTypeOf(answered));
            }
            if (data !== undefined) {
              sink.bytes(data);
            }
          } catch (error) {
            // Whatever is wrong with these bytes, more of them will not help.
            subscription?.unsubscribe();
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        error: (error: unknown) => reject(error instanceof Error ? error : new Error(messageOf(error))),
        complete: resolve,
      });
    signal?.addEventListener(
      'abort',
      () => {
        subscription.unsubscribe();
        reject(abortError());
      },
      { once: true }
    );
  });
}

async function fetched(
  url: string,
  { method, params, headers, signal }: TransportRequest,
  sink: StreamSink
): Promise<void> {
  const query = new URLSearchParams(params).toString();
  const orgId = config.bootData?.user?.orgId;
  const answer = await fetch(query === '' ? url : `${url}?${query}`, {
    method,
    credentials: 'same-origin',
    headers: { ...headers, ...(orgId === undefined ? {} : { 'X-Grafana-Org-Id': String(orgId) }) },
    signal,
  });
  sink.begin(answer.status, contentTypeOf(answer.headers));
  const reader = answer.body?.getReader();
  try {
    for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
      sink.bytes(piece.value);
    }
  } finally {
    // Also after an error of the sink: an answer that nobody reads goes on at the server.
    await reader?.cancel().catch(() => undefined);
  }
}

function contentTypeOf(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
}

function messageOf(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'statusText' in error ? error.statusText : undefined;
  return typeof text === 'string' && text !== '' ? text : 'the request failed';
}

function abortError(): DOMException {
  return new DOMException('The request was cancelled.', 'AbortError');
}
