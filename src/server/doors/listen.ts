/** Sockets: one listener speaks HTTP/1.1 and HTTP/2 on one port, with limits on headers, streams, memory and time. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, type Server as TlsServer, type TlsOptions } from 'node:tls';
import { ConfigError } from '../config.ts';
import type { ListenAddress } from '../config-values.ts';
import type { Logger } from '../log.ts';

export type Incoming = http.IncomingMessage | http2.Http2ServerRequest;
export type Outgoing = http.ServerResponse | http2.Http2ServerResponse;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients must show a certificate that one of these has signed; empty: none is asked for. */
  readonly clientCaFile: string;
}

export interface ListenOptions {
  /** For messages: which door this is. */
  readonly door: string;
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly connectionsMax: number;
  /** Of them, from one address. */
  readonly connectionsPerAddressMax: number;
  readonly requestTimeoutMs: number;
  /** Of a request line and all headers over HTTP/1.1, where queries come in the URL. */
  readonly headerBytesMax?: number;
  readonly log: Logger;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Takes the TLS files as they are now, for connections to come. Errors: `ConfigError`, and those of before stay in force. */
  reloadTls(): void;
  /** No new connections; what is in flight may end within the time, then it is cut. */
  close(timeoutMs: number): Promise<void>;
}

const headerBytesMax = 16 * 1024;
const headersTimeoutMs = 10_000;
const idleTimeoutMs = 60_000;
/** Nothing read and nothing written: a client that does not take its answer. Longer than any query may run. */
const stalledTimeoutMs = 2 * 60_000;
/** gRPC clients keep one connection for hours; a dead one is found within this. */
const http2IdleTimeoutMs = 5 * 60_000;

const http2Options = {
  settings: {
    maxConcurrentStreams: 100,
    // 1 MiB: a body of 1,000 spans needs no window update on its way.
    initialWindowSize: 2 ** 20,
    maxHeaderListSize: headerBytesMax,
    enablePush: false,
  },
  // Megabytes of one session for headers and data not yet read.
  maxSessionMemory: 32,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
} as const satisfies http2.ServerOptions;

const http1Options = {
  maxHeaderSize: headerBytesMax,
  headersTimeout: headersTimeoutMs,
  keepAliveTimeout: idleTimeoutMs,
  connectionsCheckingInterval: 2_000,
} as const satisfies http.ServerOptions;

/** HTTP/1.1 and HTTP/2 (prior knowledge in clear text, ALPN over TLS) on one port. `handle` must not throw. */
export async function listenHttp(
  options: ListenOptions,
  handle: (request: Incoming, response: Outgoing) => void
): Promise<Listener> {
  // Node's own cut comes after ours, which answers.
  const requestTimeout = options.requestTimeoutMs + headersTimeoutMs;
  const maxHeaderSize = options.headerBytesMax ?? headerBytesMax;
  if (options.tls) {
    const secureOptions = {
      ...http2Options,
      ...http1Options,
      maxHeaderSize,
      requestTimeout,
      allowHTTP1: true,
      ...readTls(options.tls),
    };
    const server = http2.createSecureServer(secureOptions as http2.SecureServerOptions);
    server.on('request', handle);
    return start(server, [server], options);
  }
  const server = http.createServer({ ...http1Options, maxHeaderSize, requestTimeout }, handle);
  server.maxHeadersCount = 64;
  server.timeout = stalledTimeoutMs;
  const h2Server = http2.createServer(http2Options, handle);
  const acceptHttp1 = server.listeners('connection')[0] as (socket: Socket) => void;
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    routeByPreface(
      socket,
      () => acceptHttp1.call(server, socket),
      () => {
        // A socket of an HTTP/1.1 server stays half open when its client leaves, and HTTP/2 would never hear of it.
        socket.allowHalfOpen = false;
        h2Server.emit('connection', socket);
      }
    );
  });
  return start(server, [h2Server], options, server);
}

/** HTTP/2 only, as streams: what gRPC needs. */
export async function listenHttp2(
  options: ListenOptions,
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void
): Promise<Listener> {
  const server = options.tls
    ? http2.createSecureServer({ ...http2Options, ...readTls(options.tls) })
    : http2.createServer(http2Options);
  server.on('stream', onStream);
  return start(server, [server], options);
}

function readTls({ certFile, keyFile, clientCaFile }: TlsFiles): SecureContextOptions & TlsOptions {
  try {
    const own = { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' } as const;
    const asked = { ca: clientCaFile === '' ? undefined : readFileSync(clientCaFile), requestCert: true };
    return clientCaFile === '' ? own : { ...own, ...asked, rejectUnauthorized: true };
  } catch (error) {
    throw new ConfigError(`TLS files: ${(error as Error).message}`);
  }
}

function identityOf({ cert, key, ca }: SecureContextOptions): string {
  return createHash('sha256')
    .update(JSON.stringify([cert, key, ca]))
    .digest('hex');
}

const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Looks at the first bytes, gives them back and hands the socket on. A client that sends nothing is dropped. */
function routeByPreface(socket: Socket, toHttp1: () => void, toHttp2: () => void): void {
  const drop = (): void => void socket.destroy();
  socket.on('error', drop);
  socket.setTimeout(headersTimeoutMs, drop);
  // Held here and not given back before the decision: what is given back is announced again at once, without end.
  let held: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) {
      return;
    }
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const compared = Math.min(held.length, http2Preface.length);
    const isPreface = held.subarray(0, compared).equals(http2Preface.subarray(0, compared));
    if (isPreface && compared < http2Preface.length) {
      return;
    }
    socket.off('readable', onReadable).off('end', drop);
    socket.setTimeout(0, drop);
    socket.unshift(held);
    (isPreface ? toHttp2 : toHttp1)();
  };
  socket.on('end', drop);
  socket.on('readable', onReadable);
}

/** `sessionServers`: those whose HTTP/2 sessions must be told to go away at the end. */
async function start(
  server: NetServer,
  sessionServers: readonly (http2.Http2Server | http2.Http2SecureServer)[],
  options: ListenOptions,
  http1Server?: http.Server
): Promise<Listener> {
  const { address, log, door } = options;
  const sessions = new Set<http2.ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.maxConnections = options.connectionsMax;
  let tlsInForce = options.tls === undefined ? '' : identityOf(readTls(options.tls));
  const perAddress = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket);
    const from = socket.remoteAddress ?? '';
    const open = (perAddress.get(from) ?? 0) + 1;
    perAddress.set(from, open);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (perAddress.get(from) ?? 1) - 1;
      if (left === 0) {
        perAddress.delete(from);
      } else {
        perAddress.set(from, left);
      }
    });
    if (open > options.connectionsPerAddressMax) {
      socket.destroy();
    }
  });
  for (const sessionServer of sessionServers) {
    sessionServer.on('session', (session) => {
      sessions.add(session);
      session.setLocalWindowSize(8 * 2 ** 20);
      session.setTimeout(http2IdleTimeoutMs, () => session.close());
      session.once('close', () => sessions.delete(session));
      session.on('error', (error) => log.debug({ door, error }, 'HTTP/2 session ended with an error'));
    });
    sessionServer.on('sessionError', (error) => log.debug({ door, error }, 'HTTP/2 session error'));
    sessionServer.on('tlsClientError', (error: Error) => log.debug({ door, error }, 'TLS handshake failed'));
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is in use ("off" closes a door)' : error.message;
      reject(new ConfigError(`cannot listen on ${address.host}:${address.port} (${door}): ${why}`));
    });
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, resolve);
  });
  server.on('error', (error) => log.error({ door, error }, 'listener error'));
  const { port } = server.address() as AddressInfo;
  return {
    host: address.host,
    port,
    secure: options.tls !== undefined,
    reloadTls: () => {
      if (options.tls === undefined) {
        return;
      }
      const context = readTls(options.tls);
      const identity = identityOf(context);
      if (identity === tlsInForce) {
        return;
      }
      try {
        // A server keeps whatever it is given, and then refuses every client.
        createSecureContext(context);
      } catch (error) {
        throw new ConfigError(`TLS files: ${(error as Error).message}`);
      }
      (server as TlsServer).setSecureContext(context);
      tlsInForce = identity;
    },
    close: (timeoutMs) =>
      new Promise((resolve) => {
        // A kept-alive connection becomes idle when its last answer is out, which nothing announces.
        const sweep = setInterval(() => http1Server?.closeIdleConnections(), 20);
        const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), timeoutMs);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(cut);
          resolve();
        });
        sessions.forEach((session) => session.close());
      }),
  };
}
