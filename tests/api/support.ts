/** One-span bodies and requests that several API tests share. */
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { emptyScope, type Span } from '../../src/trace/model.ts';
import type { TestServer } from '../support/server.ts';

export function exampleTraceId(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** A root span of service `shop`, 250 ms long. */
export function exampleSpan(traceId: string, over: Partial<Span> = {}): Span {
  return {
    traceId,
    spanId: 'aaaaaaaaaaaaaaaa',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'GET /cart',
    kind: 2,
    startUnixNanos: 1_700_000_000_000_000_000n,
    endUnixNanos: 1_700_000_000_250_000_000n,
    attributes: [
      { key: 'http.method', value: { type: 'string', value: 'GET' } },
      { key: 'http.status_code', value: { type: 'int', value: 200n } },
    ],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: {
      attributes: [{ key: 'service.name', value: { type: 'string', value: 'shop' } }],
      droppedAttributesCount: 0,
      schemaUrl: '',
    },
    scope: emptyScope,
    ...over,
  };
}

export const exampleProtobuf = (traceId: string): Uint8Array => encodeTraces([exampleSpan(traceId)]);
export const exampleJson = (traceId: string): Uint8Array => encodeTracesJson([exampleSpan(traceId)]);

export function postTraces(
  server: TestServer,
  body: Uint8Array,
  contentType: string,
  headers: Readonly<Record<string, string>> = {}
): Promise<Response> {
  return fetch(`${server.urls.otlpHttp}/v1/traces`, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': contentType, ...headers },
  });
}
