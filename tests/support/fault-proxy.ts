/**
 * A proxy between us and an object store that misbehaves as told: late, lost, refused, cut short, altered. It can also teach S3's
 * conditional put to a server that lacks it.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  /** The connection is cut before anything reaches the store. */
  | 'drop'
  /** The store does it, and the answer is lost. */
  | 'lose-answer'
  | 'error-500'
  | 'slow-down'
  /** Half of the answer's body, then the connection is cut. */
  | 'truncate'
  /** One bit of the answer's body is another. */
  | 'flip-answer'
  /** One bit of the request's body is another. */
  | 'flip-request'
  /** No answer, ever. */
  | 'hang';

export interface ProxiedRequest {
  /** Counts from 0. */
  readonly index: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** When it was there whole, as `performance.now()` tells. */
  readonly arrivedMs: number;
}

export interface FaultProxy {
  readonly url: string;
  readonly requests: readonly ProxiedRequest[];
  /** Asked for each request; replace it at any time. */
  fault: (request: ProxiedRequest) => Fault | undefined;
  latencyMs: number;
  /** As if the store were gone. */
  isDown: boolean;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly upstream: string;
  readonly latencyMs?: number;
  /** Answer `If-None-Match: *` and `If-Match` of PUTs as Amazon S3 does. Knows only objects that were put through this proxy. */
  readonly conditionalPut?: boolean;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  const etags = new Map<string, string>();
  const turns = new Map<string, Promise<void>>();
  const upstream = new URL(options.upstream);

  const forward = (incoming: IncomingMessage, body: Buffer): Promise<{ answer: IncomingMessage; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          host: upstream.hostname,
          port: upstream.port,
          method: incoming.method,
          path: incoming.url,
          // The Host header stays: it is signed.
          headers: incoming.headers,
        },
        (answer) => {
          bodyOf(answer).then((answerBody) => resolve({ answer, body: answerBody }), reject);
        }
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const seen: ProxiedRequest = {
      index: requests.length,
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      arrivedMs: performance.now(),
    };
    requests.push(seen);
    await sleep(proxy.latencyMs);
    const fault = proxy.isDown ? 'drop' : proxy.fault(seen);
    if (fault === 'hang') {
      return;
    }
    if (fault === 'drop') {
      incoming.socket.destroy();
      return;
    }
    if (fault === 'error-500' || fault === 'slow-down') {
      const [status, code] = fault === 'error-500' ? [500, 'InternalError'] : [503, 'SlowDown'];
      response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>told to</Message></Error>`);
      return;
    }
    const sent = fault === 'flip-request' ? flipped(body) : body;
    const send = (): ReturnType<typeof forward> => forward(incoming, sent);
    const { answer, body: answerBody } =
      options.conditionalPut === true && isPlainPut(incoming)
        ? await inTurn(turns, seen.url, () => conditionally(incoming, response, etags, send))
        : await send();
    if (response.writableEnded) {
      return;
    }
    if (fault === 'lose-answer') {
      incoming.socket.destroy();
      return;
    }
    const out = fault === 'flip-answer' ? flipped(answerBody) : answerBody;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === 'truncate' && out.length > 0) {
      response.write(out.subarray(0, out.length >> 1), () => incoming.socket.destroy());
      return;
    }
    response.end(incoming.method === 'HEAD' ? undefined : out);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${port}`,
    requests,
    fault: () => undefined,
    latencyMs: options.latencyMs ?? 0,
    isDown: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function isPlainPut({ method, url }: IncomingMessage): boolean {
  return method === 'PUT' && !(url ?? '').includes('partNumber=');
}

type Forwarded = { readonly answer: IncomingMessage; readonly body: Buffer };

async function conditionally(
  incoming: IncomingMessage,
  response: ServerResponse,
  etags: Map<string, string>,
  send: () => Promise<Forwarded>
): Promise<Forwarded> {
  const key = (incoming.url ?? '').split('?')[0];
  const known = etags.get(key);
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = incoming.headers;
  if ((ifNoneMatch === '*' && known !== undefined) || (ifMatch !== undefined && ifMatch !== known)) {
    response.writeHead(412, { 'content-type': 'application/xml' });
    response.end(
      '<?xml version="1.0"?><Error><Code>PreconditionFailed</Code><Message>it does not hold</Message></Error>'
    );
    return { answer: incoming, body: Buffer.alloc(0) };
  }
  const forwarded = await send();
  const { etag } = forwarded.answer.headers;
  if (forwarded.answer.statusCode === 200 && etag !== undefined) {
    etags.set(key, etag);
  }
  return forwarded;
}

/** One after the other for each key. */
async function inTurn<T>(turns: Map<string, Promise<void>>, key: string, task: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const done = before.then(task);
  turns.set(
    key,
    done.then(
      () => undefined,
      () => undefined
    )
  );
  return done;
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) {
    copy[copy.length >> 1] ^= 0x10;
  }
  return copy;
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
