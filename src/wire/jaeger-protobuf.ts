import { hexFromBytes } from '../trace/ids.ts';
import { emptyResource } from '../trace/model.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from '../trace/model.ts';
import { resourceOfProcess, spanOfJaeger } from './jaeger-model.ts';
import type { JaegerLog, JaegerReference, JaegerSpan } from './jaeger-model.ts';
import { ProtobufReader } from './protobuf.ts';

/**
 * The request of `jaeger.api_v2.CollectorService/PostSpans`: a batch of spans, which name their process each or share the batch's.
 *
 * Errors: `invalid_argument`, also for ids of another length than 16 and 8 bytes. Source: jaeger-idl, `proto/api_v2/model.proto` and
 * `collector.proto`; mapping of spans in `jaeger-model.ts`.
 */
export function decodeJaegerProtobuf(bytes: Uint8Array): Span[] {
  const batches: Span[][] = [];
  const request = new ProtobufReader(bytes, 'jaeger');
  while (request.next()) {
    if (request.field === 1) {
      batches.push(readBatch(request.message()));
    } else {
      request.skip();
    }
  }
  return batches.flat();
}

interface ReadSpan {
  readonly span: JaegerSpan;
  readonly process: Resource | undefined;
}

function readBatch(batch: ProtobufReader): Span[] {
  const read: ReadSpan[] = [];
  let shared = emptyResource;
  while (batch.next()) {
    switch (batch.field) {
      case 1:
        read.push(readSpan(batch.message()));
        break;
      case 2:
        shared = readProcess(batch.message());
        break;
      default:
        batch.skip();
    }
  }
  const scopes = new Map<string, InstrumentationScope>();
  return read.map(({ span, process }) => spanOfJaeger(span, process ?? shared, scopes));
}

function readProcess(reader: ProtobufReader): Resource {
  let serviceName = '';
  const tags: Attribute[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        serviceName = reader.string();
        break;
      case 2:
        tags.push(readTag(reader.message()));
        break;
      default:
        reader.skip();
    }
  }
  return resourceOfProcess(serviceName, tags);
}

function readSpan(reader: ProtobufReader): ReadSpan {
  let traceId = '';
  let spanId = '';
  let operationName = '';
  let flags = 0;
  let startUnixNanos = 0n;
  let durationNanos = 0n;
  let process: Resource | undefined;
  const references: JaegerReference[] = [];
  const tags: Attribute[] = [];
  const logs: JaegerLog[] = [];
  const warnings: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = readId(reader, 16);
        break;
      case 2:
        spanId = readId(reader, 8);
        break;
      case 3:
        operationName = reader.string();
        break;
      case 4:
        references.push(readReference(reader.message()));
        break;
      case 5:
        flags = reader.uint32();
        break;
      case 6:
        startUnixNanos = readNanos(reader.message());
        break;
      case 7:
        durationNanos = readNanos(reader.message());
        break;
      case 8:
        tags.push(readTag(reader.message()));
        break;
      case 9:
        logs.push(readLog(reader.message()));
        break;
      case 10:
        process = readProcess(reader.message());
        break;
      case 12:
        warnings.push(reader.string());
        break;
      default:
        reader.skip();
    }
  }
  if (traceId === '' || spanId === '') {
    throw reader.malformed('a span without a trace id or span id');
  }
  const parentSpanId = '';
  return {
    span: {
      traceId,
      spanId,
      operationName,
      references,
      parentSpanId,
      flags,
      startUnixNanos,
      durationNanos,
      tags,
      logs,
      warnings,
    },
    process,
  };
}

function readReference(reader: ProtobufReader): JaegerReference {
  let traceId = '';
  let spanId = '';
  let refType = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = readId(reader, 16);
        break;
      case 2:
        spanId = readId(reader, 8);
        break;
      case 3:
        refType = reader.int32();
        break;
      default:
        reader.skip();
    }
  }
  if (traceId === '' || spanId === '') {
    throw reader.malformed('a reference without a trace id or span id');
  }
  return { refType: refType === 0 ? 'CHILD_OF' : 'FOLLOWS_FROM', traceId, spanId };
}

function readLog(reader: ProtobufReader): JaegerLog {
  let timeUnixNanos = 0n;
  const fields: Attribute[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        timeUnixNanos = readNanos(reader.message());
        break;
      case 2:
        fields.push(readTag(reader.message()));
        break;
      default:
        reader.skip();
    }
  }
  return { timeUnixNanos, fields };
}

/** google.protobuf.Timestamp and Duration: seconds and nanoseconds. */
function readNanos(reader: ProtobufReader): bigint {
  let nanos = 0n;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        nanos += 1_000_000_000n * reader.int64();
        break;
      case 2:
        nanos += BigInt(reader.int32());
        break;
      default:
        reader.skip();
    }
  }
  return nanos;
}

/** The value is the field that the declared type names; a field at its default is not on the wire. */
function readTag(reader: ProtobufReader): Attribute {
  let key = '';
  let declared = 0;
  const values: AnyValue[] = [
    { type: 'string', value: '' },
    { type: 'bool', value: false },
    { type: 'int', value: 0n },
    { type: 'double', value: 0 },
    { type: 'bytes', value: new Uint8Array() },
  ];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        key = reader.string();
        break;
      case 2:
        declared = reader.int32();
        break;
      case 3:
        values[0] = { type: 'string', value: reader.string() };
        break;
      case 4:
        values[1] = { type: 'bool', value: reader.bool() };
        break;
      case 5:
        values[2] = { type: 'int', value: reader.int64() };
        break;
      case 6:
        values[3] = { type: 'double', value: reader.double() };
        break;
      case 7:
        values[4] = { type: 'bytes', value: reader.byteView() };
        break;
      default:
        reader.skip();
    }
  }
  const value = values[declared];
  if (value === undefined) {
    throw reader.malformed(`a tag of type ${declared}`);
  }
  return { key, value };
}

function readId(reader: ProtobufReader, sizeBytes: number): string {
  const id = reader.byteView();
  if (id.length !== sizeBytes) {
    throw reader.malformed(`an id of ${id.length} bytes, expected ${sizeBytes}`);
  }
  return hexFromBytes(id);
}
