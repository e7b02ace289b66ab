/** OTLP/HTTP: `POST /v1/traces`, protobuf and JSON. Source: opentelemetry.io/docs/specs/otlp, section OTLP/HTTP. */
import { CodedError, errorCodeOf } from '../../base/coded-error.ts';
import { errorText } from '../../api/error-response.ts';
import { errorTable, retryAfterSeconds } from '../../api/errors.ts';
import type { IngestResult } from '../../store/trace-store.ts';
import { encodeExportResponse, encodeStatus } from '../../wire/otlp-protobuf.ts';
import { decompress, readBody, type Compression } from '../body.ts';
import { ingest, refused, reportInternal, type Runtime } from '../runtime.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, type Response } from './respond.ts';

type Encoding = 'otlp-protobuf' | 'otlp-json';

const door = 'otlp-http';
const contentTypeOf: Readonly<Record<Encoding, string>> = {
  'otlp-protobuf': 'application/x-protobuf',
  'otlp-json': 'application/json',
};

/** Never throws and never rejects. */
export function handleOtlpHttp(runtime: Runtime, request: Incoming, response: Outgoing): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  void answerOtlp(runtime, request)
    .then((answer) => respond(request, response, answer, false))
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    });
}

async function answerOtlp(runtime: Runtime, request: Incoming): Promise<Response> {
  // Errors before the content type is known are answered in JSON, which people read.
  let encoding: Encoding = 'otlp-json';
  const lease = runtime.budget.lease();
  let tenant: string | undefined;
  try {
    const { config, gate } = runtime;
    gate.checkHost(request.headers.host ?? (request.headers[':authority'] as string | undefined));
    if ((request.url ?? '').split('?', 1)[0] !== '/v1/traces') {
      throw new CodedError('not_found', 'send spans to POST /v1/traces; this server takes traces only');
    }
    if (request.method !== 'POST') {
      request.resume();
      return { status: 405, contentType: 'text/plain', body: 'use POST', headers: { allow: 'POST' } };
    }
    encoding = encodingOf(request.headers['content-type']);
    const compression = compressionOf(request.headers['content-encoding']);
    tenant = gate.admit(request.headers, 'ingest');
    const limits = { bytesMax: config.bodyBytesMax, timeoutMs: config.requestTimeout };
    const body = await readBody(request, request.headers['content-length'], limits, lease);
    const decoded = await decompress(body, compression, config.bodyBytesMax, lease);
    const result = await ingest(runtime, door, { tenant, encoding, ...decoded });
    return success(encoding, result);
  } catch (error) {
    request.resume();
    refused(runtime, door, tenant, error);
    return failure(runtime, encoding, error);
  } finally {
    lease.release();
  }
}

function encodingOf(contentType: string | undefined): Encoding {
  const type = (contentType ?? '').split(';', 1)[0].trim().toLowerCase();
  switch (type) {
    case 'application/x-protobuf':
    case 'application/protobuf':
      return 'otlp-protobuf';
    case 'application/json':
      return 'otlp-json';
    default:
      throw new CodedError('unsupported', 'content-type must be application/x-protobuf or application/json');
  }
}

function compressionOf(contentEncoding: string | undefined): Compression {
  const encoding = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity' || encoding === 'gzip' || encoding === 'zstd') {
    return encoding === '' ? 'identity' : encoding;
  }
  throw new CodedError('unsupported', 'content-encoding must be identity, gzip or zstd');
}

/** A warning without rejected spans is sent too: the specification has it. */
function success(encoding: Encoding, { rejectedSpans, reason }: IngestResult): Response {
  const contentType = contentTypeOf[encoding];
  if (encoding === 'otlp-protobuf') {
    return { status: 200, contentType, body: encodeExportResponse(rejectedSpans, reason) };
  }
  const isWhole = rejectedSpans === 0 && reason === '';
  const partialSuccess = isWhole ? undefined : { rejectedSpans: String(rejectedSpans), errorMessage: reason };
  return { status: 200, contentType, body: JSON.stringify({ partialSuccess }) };
}

function failure(runtime: Runtime, encoding: Encoding, error: unknown): Response {
  const { http, grpc, retryable } = errorTable[errorCodeOf(error)];
  const message = errorText(error, (cause) => reportInternal(runtime, door, cause));
  const headers: Record<string, string> = retryable ? { 'retry-after': String(retryAfterSeconds) } : {};
  if (http === 401) {
    headers['www-authenticate'] = 'Bearer';
  }
  const body = encoding === 'otlp-protobuf' ? encodeStatus(grpc, message) : JSON.stringify({ code: grpc, message });
  return { status: http, contentType: contentTypeOf[encoding], body, headers };
}
