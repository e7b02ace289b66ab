import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { CodedError } from '../base/coded-error.ts';
import type { Transport, TransportResponse } from '../api/transport.ts';

/** The transport through Grafana's proxy: `baseUrl` is the instance settings' `url`. */
export function proxyTransport(baseUrl: string): Transport {
  return (request) =>
    new Promise((resolve, reject) => {
      if (request.signal?.aborted) {
        reject(abortError());
        return;
      }
      const subscription = getBackendSrv()
        .fetch<ArrayBuffer>({
          url: baseUrl + request.path,
          method: request.method,
          params: request.params,
          headers: request.headers,
          data: request.body,
          responseType: 'arraybuffer',
          // Errors belong to the query that caused them, not in a toast.
          showErrorAlert: false,
        })
        .subscribe({
          next: (response) => resolve(answerOf(response.status, response.headers, response.data)),
          error: (error: unknown) => {
            if (isFetchError(error) && error.cancelled) {
              reject(abortError());
            } else if (isFetchError(error) && error.status > 0) {
              resolve(answerOf(error.status, undefined, error.data));
            } else {
              reject(new CodedError('unavailable', `no answer from the server: ${messageOf(error)}`));
            }
          },
        });
      // Unsubscribing is what makes Grafana abort the request.
      request.signal?.addEventListener('abort', () => {
        subscription.unsubscribe();
        reject(abortError());
      });
    });
}

function answerOf(status: number, headers: Headers | undefined, data: unknown): TransportResponse {
  const contentType = headers?.get('content-type') ?? '';
  return { status, contentType: contentType.split(';')[0].trim().toLowerCase(), body: bytesOf(data) };
}

/** Grafana hands over bytes as asked, but builds text or an object of its own for some failures. */
function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer || Object.prototype.toString.call(data) === '[object ArrayBuffer]') {
    return new Uint8Array(data as ArrayBuffer);
  }
  const message = typeof data === 'object' && data !== null && 'message' in data ? data.message : undefined;
  const text = typeof data === 'string' ? data : typeof message === 'string' ? message : JSON.stringify(data ?? '');
  return new TextEncoder().encode(text);
}

function messageOf(error: unknown): string {
  if (isFetchError(error)) {
    return error.statusText ?? error.message ?? 'the request failed';
  }
  return error instanceof Error ? error.message : String(error);
}

function abortError(): DOMException {
  return new DOMException('The request was cancelled.', 'AbortError');
}
