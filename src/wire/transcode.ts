import { decodeJaegerJson } from './jaeger-json.ts';
import { decodeJaegerProtobuf } from './jaeger-protobuf.ts';
import { decodeJaegerThrift } from './jaeger-thrift.ts';
import { decodeTracesJson } from './otlp-json.ts';
import { encodeTraces } from './otlp-protobuf.ts';
import { decodeZipkinJson } from './zipkin-json.ts';

/** How an ingest body is encoded on the wire, before compression. */
export type IngestEncoding =
  'otlp-protobuf' | 'otlp-json' | 'zipkin-json' | 'jaeger-json' | 'jaeger-thrift' | 'jaeger-protobuf';

/**
 * The same spans as an OTLP ExportTraceServiceRequest. OTLP protobuf is passed through unread.
 * Errors: `invalid_argument`: the body is not what `encoding` says.
 */
export function toOtlpProtobuf(encoding: IngestEncoding, bytes: Uint8Array): Uint8Array {
  switch (encoding) {
    case 'otlp-protobuf':
      return bytes;
    case 'otlp-json':
      return encodeTraces(decodeTracesJson(bytes));
    case 'zipkin-json':
      return encodeTraces(decodeZipkinJson(bytes));
    case 'jaeger-json':
      return encodeTraces(decodeJaegerJson(bytes));
    case 'jaeger-thrift':
      return encodeTraces(decodeJaegerThrift(bytes));
    case 'jaeger-protobuf':
      return encodeTraces(decodeJaegerProtobuf(bytes));
  }
}
