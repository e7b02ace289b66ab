/** Zipkin's and Jaeger's ways to send spans over HTTP: one path each, one format, an empty 202 when the spans are durable. */
import { CodedError } from '../../base/coded-error.ts';
import { errorResponse } from '../../api/error-response.ts';
import type { IngestEncoding } from '../../store/trace-store.ts';
import { decompress, readBody, type Compression } from '../body.ts';
import { ingest, refused, reportInternal, type Runtime } from '../runtime.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, type Response } from './respond.ts';

export interface SpansDoor {
  /** For metrics and logs. */
  readonly name: string;
  readonly path: string;
  /** What a web page cannot send across origins without asking first: a body without a content type is refused. */
  readonly contentTypes: readonly string[];
  readonly encoding: IngestEncoding;
}

/** Source: zipkin.io/zipkin-api, `POST /api/v2/spans`. */
export const zipkinDoor: SpansDoor = {
  name: 'zipkin',
  path: '/api/v2/spans',
  contentTypes: ['application/json'],
  encoding: 'zipkin-json',
};

/** Source: jaegertracing.io/docs/1.76/architecture/apis, "Thrift over HTTP". */
export const jaegerHttpDoor: SpansDoor = {
  name: 'jaeger-http',
  path: '/api/traces',
  contentTypes: ['application/x-thrift', 'application/vnd.apache.thrift.binary'],
  encoding: 'jaeger-thrift',
};

/** Never throws and never rejects. */
export function handleSpansHttp(runtime: Runtime, door: SpansDoor, request: Incoming, response: Outgoing): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  void answerSpans(runtime, door, request)
    .then((answer) => respond(request, response, answer, false))
    .catch((error) => {
      reportInternal(runtime, door.name, error);
      response.destroy();
    });
}

async function answerSpans(runtime: Runtime, door: SpansDoor, request: Incoming): Promise<Response> {
  const lease = runtime.budget.lease();
  let tenant: string | undefined;
  try {
    const { config, gate } = runtime;
    const { headers } = request;
    gate.checkHost(headers.host ?? (headers[':authority'] as string | undefined));
    if ((request.url ?? '').split('?', 1)[0] !== door.path) {
      throw new CodedError('not_found', `send spans to POST ${door.path}; queries are answered on the query port`);
    }
    if (request.method !== 'POST') {
      request.resume();
      return { status: 405, contentType: textType, body: 'use POST\n', headers: { allow: 'POST' } };
    }
    const type = (headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
    if (!door.contentTypes.includes(type)) {
      throw new CodedError('unsupported', `content-type must be ${door.contentTypes.join(' or ')}`);
    }
    const compression = compressionOf(headers['content-encoding']);
    tenant = gate.admit(headers, 'ingest');
    const limits = { bytesMax: config.bodyBytesMax, timeoutMs: config.requestTimeout };
    const body = await readBody(request, headers['content-length'], limits, lease);
    const decoded = await decompress(body, compression, config.bodyBytesMax, lease);
    const { reason } = await ingest(runtime, door.name, { tenant, encoding: door.encoding, ...decoded });
    // Neither protocol has a word for spans refused one by one; a person who looks at the answer can read it.
    return { status: 202, contentType: textType, body: reason === '' ? '' : `${reason}\n` };
  } catch (error) {
    request.resume();
    refused(runtime, door.name, tenant, error);
    const response = errorResponse(error, (cause) => reportInternal(runtime, door.name, cause));
    return response.status === 401
      ? { ...response, headers: { ...response.headers, 'www-authenticate': 'Bearer' } }
      : response;
  } finally {
    lease.release();
  }
}

const textType = 'text/plain; charset=utf-8';

function compressionOf(contentEncoding: string | undefined): Compression {
  const encoding = (contentEncoding ?? '').trim().toLowerCase() || 'identity';
  if (encoding === 'identity' || encoding === 'gzip' || encoding === 'zstd') {
    return encoding;
  }
  throw new CodedError('unsupported', 'content-encoding must be identity, gzip or zstd');
}
