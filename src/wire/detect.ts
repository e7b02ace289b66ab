import { CodedError } from '../base/coded-error.ts';
import type { Span } from '../trace/model.ts';
import { spansFromJaeger } from './jaeger-json.ts';
import { isObject, parseJsonText } from './json.ts';
import type { JsonObject } from './json.ts';
import { tracesFromJson } from './otlp-json.ts';
import { decodeTraces } from './otlp-protobuf.ts';
import { decodeTraceByIdResponse } from './tempo.ts';
import { decodeUtf8 } from './utf8.ts';
import { spansFromZipkin } from './zipkin-json.ts';

export type TraceFileFormat =
  'otlp-json' | 'otlp-protobuf' | 'tempo-json' | 'tempo-protobuf' | 'jaeger-json' | 'zipkin-json';

export interface TraceFile {
  readonly format: TraceFileFormat;
  readonly spans: readonly Span[];
}

/**
 * Spans of a file in any format that this folder reads, told apart by content: OTLP JSON (one object, a list of objects, or one
 * object a line as the collector's file exporter writes), OTLP protobuf, Tempo's answers in JSON and protobuf, Jaeger JSON, Zipkin
 * JSON. An empty list of traces is OTLP JSON.
 * Errors: `invalid_argument`, with what was found when the format is unknown.
 */
export function decodeTraceFile(bytes: Uint8Array): TraceFile {
  if (bytes.length === 0) {
    throw new CodedError('invalid_argument', 'trace file: empty');
  }
  return startsAsJson(bytes) ? decodeJsonFile(decodeUtf8(bytes)) : decodeProtobufFile(bytes);
}

/** A TracesData starts with tag 0x0a, which is also a line break: the byte after it decides. */
function startsAsJson(bytes: Uint8Array): boolean {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let at = hasMark ? 3 : 0;
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d)) {
    at++;
  }
  if (bytes[at] !== 0x7b && bytes[at] !== 0x5b) {
    return false;
  }
  // 0x0a 0x7b … may be a protobuf message of 123 bytes: then a tag of ResourceSpans follows, which no JSON has there.
  const next = bytes[at + 1];
  return at === 0 || !(next === 0x0a || next === 0x12 || next === 0x1a) || !isProtobuf(bytes);
}

function isProtobuf(bytes: Uint8Array): boolean {
  try {
    return decodeTraces(bytes).length > 0;
  } catch {
    return false;
  }
}

function decodeJsonFile(text: string): TraceFile {
  let json: unknown;
  try {
    json = parseJsonText(text, 'trace file');
  } catch (error) {
    // One document a line; each line must be whole.
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) {
      throw error;
    }
    json = lines.map((line, index) => parseJsonText(line, `trace file: line ${index + 1}`));
  }
  const documents = Array.isArray(json) ? json.flat() : [json];
  const format = documents.length === 0 ? 'otlp-json' : formatOfJson(documents[0]);
  switch (format) {
    case 'jaeger-json':
      return { format, spans: Array.isArray(json) ? json.flatMap(spansFromJaeger) : spansFromJaeger(json) };
    case 'zipkin-json':
      return { format, spans: spansFromZipkin(documents) };
    default:
      return { format, spans: documents.flatMap((document) => tracesFromJson(asOtlp(document))) };
  }
}

/** By the fields that only one format has. */
function formatOfJson(document: unknown): Exclude<TraceFileFormat, 'otlp-protobuf' | 'tempo-protobuf'> {
  if (isObject(document)) {
    if ('resourceSpans' in document) {
      return 'otlp-json';
    }
    if ('batches' in document || 'trace' in document) {
      return 'tempo-json';
    }
    if ('data' in document || ('spans' in document && ('processes' in document || 'traceID' in document))) {
      return 'jaeger-json';
    }
    if ('traceId' in document && 'id' in document) {
      return 'zipkin-json';
    }
  }
  const found = isObject(document) ? `an object with ${fieldList(document)}` : JSON.stringify(document).slice(0, 40);
  throw unknownFormat(`JSON, but found ${found}`);
}

function fieldList(document: JsonObject): string {
  const names = Object.keys(document).slice(0, 8);
  return names.length === 0 ? 'no fields' : `the fields ${names.join(', ')}`;
}

function asOtlp(document: unknown): JsonObject {
  if (!isObject(document) || !('resourceSpans' in document || 'batches' in document || 'trace' in document)) {
    throw unknownFormat('OTLP JSON followed by something else');
  }
  return document;
}

/** Tempo's v2 answer holds a TracesData in its field 1, where a TracesData holds a ResourceSpans: only one of them makes sense. */
function decodeProtobufFile(bytes: Uint8Array): TraceFile {
  let reason: unknown;
  try {
    const spans = decodeTraces(bytes);
    if (spans.length > 0) {
      return { format: 'otlp-protobuf', spans };
    }
  } catch (error) {
    reason = error;
  }
  try {
    const { trace } = decodeTraceByIdResponse(bytes);
    if (trace.length > 0) {
      return { format: 'tempo-protobuf', spans: trace };
    }
  } catch {
    // The first reading's reason says more: OTLP is what most files are.
  }
  throw unknownFormat(
    reason instanceof Error ? `not JSON, and as OTLP protobuf ${reason.message}` : 'no spans in it',
    reason
  );
}

function unknownFormat(detail: string, cause?: unknown): CodedError {
  const known = 'OTLP (JSON, protobuf), Tempo, Jaeger JSON, Zipkin JSON';
  return new CodedError('invalid_argument', `trace file: none of ${known}: ${detail}`, {}, { cause });
}
