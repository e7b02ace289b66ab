/** Tempo's streaming queries and Jaeger's queries over gRPC, on port 3200 beside HTTP and on 9095 alone. */
import { errorCodeOf } from '../../base/coded-error.ts';
import { errorText } from '../../api/error-response.ts';
import { errorTable, grpcStatus } from '../../api/errors.ts';
import { grpcMethodOf } from '../../api/stream/grpc.ts';
import { reportInternal, storeOf, type Runtime } from '../runtime.ts';
import {
  compressionOf,
  encodeGrpcMessage,
  encodeRetryStatus,
  frameMessage,
  isGrpc,
  parseGrpcTimeout,
  readDecodedMessage,
} from './grpc-frame.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, sendHead } from './respond.ts';
import { orAborted, pump, startCall, type Call } from './streams.ts';

const door = 'grpc-query';
/** A query of the longest text (128 KiB) and some room. */
const messageBytesMax = 2 ** 20;

/** Never throws and never rejects. */
export function handleGrpcQuery(runtime: Runtime, request: Incoming, response: Outgoing): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const call = startCall(runtime.clock, response);
  void answerGrpc(runtime, request, response, call)
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    })
    .finally(() => call.end());
}

async function answerGrpc(runtime: Runtime, request: Incoming, response: Outgoing, call: Call): Promise<void> {
  if (request.httpVersionMajor < 2 || !isGrpc(request.headers['content-type'])) {
    request.resume();
    const body = 'gRPC needs HTTP/2 and the content type application/grpc\n';
    return respond(request, response, { status: 415, contentType: 'text/plain; charset=utf-8', body }, false);
  }
  const { clock, telemetry } = runtime;
  const startMs = clock.monotonicMs();
  let route = 'grpc_unknown';
  try {
    const method = grpcMethodOf(request.url ?? '');
    route = method.name;
    await stream(runtime, method, request, response, call);
    end(response, grpcStatus.ok, '', false);
    telemetry.queried(route, 200, (clock.monotonicMs() - startMs) / 1000);
  } catch (error) {
    const { grpc, http, retryable } = errorTable[errorCodeOf(error)];
    telemetry.queried(route, http, (clock.monotonicMs() - startMs) / 1000);
    const text = errorText(error, (cause) => reportInternal(runtime, door, cause));
    end(response, grpc, text, retryable);
    request.resume();
  }
}

async function stream(
  runtime: Runtime,
  method: ReturnType<typeof grpcMethodOf>,
  request: Incoming,
  response: Outgoing,
  call: Call
): Promise<void> {
  const { gate, config, clock, build, opening } = runtime;
  const { headers } = request;
  gate.checkHost((headers[':authority'] ?? headers.host) as string | undefined);
  const tenant = gate.admit(headers, 'query');
  const store = storeOf(opening);
  const compression = compressionOf(headers['grpc-encoding'] as string | undefined);
  const timeoutMs = parseGrpcTimeout(headers['grpc-timeout'] as string | undefined);
  call.limit(config.queryTimeout, `the query took longer than ${config.queryTimeout} ms (limit query_timeout)`);
  if (timeoutMs !== undefined) {
    call.limit(timeoutMs, 'grpc: deadline exceeded');
  }
  const lease = runtime.budget.lease();
  try {
    const limits = { bytesMax: messageBytesMax, timeoutMs: config.requestTimeout };
    const { decoded } = await orAborted(readDecodedMessage(request, compression, limits, lease), call.signal);
    const messages = method.open(decoded, { tenant, signal: call.signal }, { store, clock, build });
    await pump(messages, response, call.signal, (message) => {
      begin(response);
      return frameMessage(message);
    });
  } finally {
    lease.release();
  }
}

const head = { 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity,gzip,zstd' } as const;

function begin(response: Outgoing): void {
  if (!response.headersSent) {
    sendHead(response, 200, head);
  }
}

/** The status goes in trailers also when there was no message: Node does not end a stream with its head alone. */
function end(response: Outgoing, status: number, message: string, retryable: boolean): void {
  if (response.writableEnded) {
    return;
  }
  const trailers: Record<string, string> = { 'grpc-status': String(status) };
  if (message !== '') {
    trailers['grpc-message'] = encodeGrpcMessage(message);
  }
  if (retryable) {
    trailers['grpc-status-details-bin'] = Buffer.from(encodeRetryStatus(status, message)).toString('base64');
  }
  begin(response);
  response.addTrailers(trailers);
  response.end();
}
