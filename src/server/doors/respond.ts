/** Answers over HTTP/1.1 and HTTP/2 alike. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Incoming, Outgoing } from './listen.ts';

const gzipAsync = promisify(gzip);

/** Below this gzip saves less than a packet. */
const gzipBytesMin = 1024;

export interface Response {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The path as it came, and the parameters. Not `new URL()`, which throws on what clients may send. */
export function splitUrl(url: string): { urlPath: string; params: URLSearchParams } {
  const mark = url.indexOf('?');
  return mark === -1
    ? { urlPath: url, params: new URLSearchParams() }
    : { urlPath: url.slice(0, mark), params: new URLSearchParams(url.slice(mark + 1)) };
}

/** A 401 says how to do better. */
export function withChallenge(response: Response): Response {
  return response.status === 401
    ? { ...response, headers: { ...response.headers, 'www-authenticate': 'Bearer, Basic' } }
    : response;
}

/** `writeHead`, whose types differ between HTTP/1.1 and HTTP/2 in what nobody here uses. */
export function sendHead(response: Outgoing, status: number, headers: Readonly<Record<string, string | number>>): void {
  (response as { writeHead(status: number, headers: object): unknown }).writeHead(status, headers);
}

/** Sends the answer, gzipped when the client takes it and `compress` is set. */
export async function respond(
  request: Incoming,
  response: Outgoing,
  answer: Response,
  compress: boolean
): Promise<void> {
  let body: Uint8Array = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const headers: Record<string, string | number> = {
    'content-type': answer.contentType,
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  };
  if (compress) {
    headers.vary = 'accept-encoding';
    if (body.length >= gzipBytesMin && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
      // Level 1: most of the saving at a fifth of the time.
      body = await gzipAsync(body, { level: 1 });
      headers['content-encoding'] = 'gzip';
    }
  }
  headers['content-length'] = body.length;
  if (response.destroyed || response.writableEnded) {
    return;
  }
  if (request.httpVersionMajor === 1 && !request.complete) {
    // The rest of a body we did not want must not be taken for the next request.
    headers.connection = 'close';
  }
  sendHead(response, answer.status, headers);
  if (request.method === 'HEAD') {
    response.end();
  } else {
    response.end(body);
  }
}
