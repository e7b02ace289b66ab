/** Spans over gRPC, OTLP's and Jaeger's: one unary method a door, straight on node:http2. Every other method is UNIMPLEMENTED. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { CodedError } from '../../base/coded-error.ts';
import { errorText } from '../../api/error-response.ts';
import { errorTable, grpcStatus } from '../../api/errors.ts';
import type { IngestEncoding, IngestResult } from '../../store/trace-store.ts';
import { encodeExportResponse } from '../../wire/otlp-protobuf.ts';
import type { Compression } from '../body.ts';
import { ingest, refused, reportInternal, type Runtime } from '../runtime.ts';
import {
  compressionOf,
  encodeGrpcMessage,
  encodeRetryStatus,
  frameMessage,
  isGrpc,
  parseGrpcTimeout,
  readDecodedMessage,
} from './grpc-frame.ts';

export interface GrpcSpansDoor {
  /** For metrics and logs. */
  readonly name: string;
  readonly path: string;
  readonly encoding: IngestEncoding;
  readonly encodeAnswer: (result: IngestResult) => Uint8Array;
}

export const otlpGrpcDoor: GrpcSpansDoor = {
  name: 'otlp-grpc',
  path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  encoding: 'otlp-protobuf',
  encodeAnswer: ({ rejectedSpans, reason }) => encodeExportResponse(rejectedSpans, reason),
};

/** Its answer has no fields. Source: jaeger-idl, `proto/api_v2/collector.proto`. */
export const jaegerGrpcDoor: GrpcSpansDoor = {
  name: 'jaeger-grpc',
  path: '/jaeger.api_v2.CollectorService/PostSpans',
  encoding: 'jaeger-protobuf',
  encodeAnswer: () => new Uint8Array(),
};

/** Never throws and never rejects. */
export function handleGrpcStream(
  runtime: Runtime,
  door: GrpcSpansDoor,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders
): void {
  stream.on('error', () => undefined);
  void answerGrpc(runtime, door, stream, headers).catch((error) => {
    reportInternal(runtime, door.name, error);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
}

async function answerGrpc(
  runtime: Runtime,
  door: GrpcSpansDoor,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders
): Promise<void> {
  if (!isGrpc(headers['content-type'])) {
    stream.respond({ ':status': 415, 'content-type': 'text/plain' });
    stream.end(`this port speaks gRPC (${door.name})\n`);
    return;
  }
  const lease = runtime.budget.lease();
  let tenant: string | undefined;
  try {
    if (headers[':path'] !== door.path) {
      endWith(stream, grpcStatus.unimplemented, `unknown method ${headers[':path'] ?? ''}`);
      return;
    }
    runtime.gate.checkHost(headers[':authority']);
    tenant = runtime.gate.admit(headers, 'ingest');
    const compression = compressionOf(headers['grpc-encoding'] as string | undefined);
    const timeoutMs = parseGrpcTimeout(headers['grpc-timeout'] as string | undefined);
    const work = exportSpans(runtime, door, stream, tenant, compression, lease);
    const result = await withinDeadline(work, timeoutMs);
    succeed(stream, door.encodeAnswer(result));
  } catch (error) {
    const code = refused(runtime, door.name, tenant, error);
    const { grpc, retryable } = errorTable[code];
    endWith(
      stream,
      grpc,
      errorText(error, (cause) => reportInternal(runtime, door.name, cause)),
      retryable
    );
  } finally {
    lease.release();
  }
}

async function exportSpans(
  runtime: Runtime,
  door: GrpcSpansDoor,
  stream: ServerHttp2Stream,
  tenant: string,
  compression: Compression,
  lease: ReturnType<Runtime['budget']['lease']>
) {
  const { bodyBytesMax, requestTimeout } = runtime.config;
  const limits = { bytesMax: bodyBytesMax, timeoutMs: requestTimeout };
  const decoded = await readDecodedMessage(stream, compression, limits, lease);
  return ingest(runtime, door.name, { tenant, encoding: door.encoding, ...decoded });
}

/** The work goes on when the deadline passes: spans on their way to the disk are stored, the client will only not hear of it. */
async function withinDeadline<T>(work: Promise<T>, timeoutMs: number | undefined): Promise<T> {
  if (timeoutMs === undefined) {
    return work;
  }
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    // setTimeout takes 31 bits; a longer deadline is none.
    timer = setTimeout(
      () => reject(new CodedError('deadline_exceeded', 'grpc: deadline exceeded')),
      Math.min(timeoutMs, 2 ** 31 - 1)
    );
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

const responseHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,gzip,zstd',
} as const;

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) {
    return;
  }
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(grpcStatus.ok) }));
  stream.end(frameMessage(message));
}

/** A status without a message ("trailers only"). */
function endWith(stream: ServerHttp2Stream, status: number, message: string, retryable = false): void {
  if (stream.destroyed || stream.headersSent) {
    return;
  }
  const trailers: Record<string, string> = {
    'grpc-status': String(status),
    'grpc-message': encodeGrpcMessage(message),
  };
  if (retryable) {
    trailers['grpc-status-details-bin'] = Buffer.from(encodeRetryStatus(status, message)).toString('base64');
  }
  stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
  // What the client still sends of a refused call is thrown away, but not for long.
  stream.resume();
  stream.setTimeout(1_000, () => stream.close(constants.NGHTTP2_NO_ERROR));
}
