import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from '../trace/model.ts';
import { resourceOfProcess, spanOfJaeger } from './jaeger-model.ts';
import type { JaegerLog, JaegerReference, JaegerSpan } from './jaeger-model.ts';
import { binaryType, ThriftBinaryReader } from './thrift-binary.ts';

/**
 * Jaeger's `Batch` in Thrift's binary protocol, as its clients post it to `/api/traces`: one process and its spans.
 *
 * Fields that Jaeger requires are required here too, which also bounds what a body of a given size can unfold to.
 *
 * Errors: `invalid_argument`. Source: jaeger-idl, `thrift/jaeger.thrift`; mapping of spans in `jaeger-model.ts`.
 */
export function decodeJaegerThrift(bytes: Uint8Array): Span[] {
  const reader = new ThriftBinaryReader(bytes, 'jaeger');
  let process: Resource | undefined;
  let spans: JaegerSpan[] | undefined;
  reader.struct((id, type) => {
    if (id === 1 && type === binaryType.struct) {
      process = readProcess(reader);
    } else if (id === 2 && type === binaryType.list) {
      spans = reader.structs(() => readSpan(reader));
    } else {
      return false;
    }
    return true;
  });
  if (reader.bytesLeft > 0) {
    throw reader.malformed(`${reader.bytesLeft} bytes behind the batch`);
  }
  const resource = required(reader, process, 'Batch.process');
  const scopes = new Map<string, InstrumentationScope>();
  return required(reader, spans, 'Batch.spans').map((span) => spanOfJaeger(span, resource, scopes));
}

function readProcess(reader: ThriftBinaryReader): Resource {
  let serviceName: string | undefined;
  let tags: Attribute[] = [];
  reader.struct((id, type) => {
    if (id === 1 && type === binaryType.string) {
      serviceName = reader.string();
    } else if (id === 2 && type === binaryType.list) {
      tags = reader.structs(() => readTag(reader));
    } else {
      return false;
    }
    return true;
  });
  return resourceOfProcess(required(reader, serviceName, 'Process.serviceName'), tags);
}

/** The fields of a span that are numbers, by id. */
const spanNumbers = ['', 'traceIdLow', 'traceIdHigh', 'spanId', 'parentSpanId', '', '', '', 'startTime', 'duration'];

function readSpan(reader: ThriftBinaryReader): JaegerSpan {
  const numbers = new Map<string, bigint>();
  let operationName: string | undefined;
  let flags = 0;
  let references: JaegerReference[] = [];
  let tags: Attribute[] = [];
  let logs: JaegerLog[] = [];
  reader.struct((id, type) => {
    if (type === binaryType.i64 && spanNumbers[id]) {
      numbers.set(spanNumbers[id], reader.i64());
    } else if (id === 5 && type === binaryType.string) {
      operationName = reader.string();
    } else if (id === 6 && type === binaryType.list) {
      references = reader.structs(() => readReference(reader));
    } else if (id === 7 && type === binaryType.i32) {
      flags = reader.i32() >>> 0;
    } else if (id === 10 && type === binaryType.list) {
      tags = reader.structs(() => readTag(reader));
    } else if (id === 11 && type === binaryType.list) {
      logs = reader.structs(() => readLog(reader));
    } else {
      return false;
    }
    return true;
  });
  const number = (name: string): bigint => required(reader, numbers.get(name), `Span.${name}`);
  const traceId = traceIdOf(number('traceIdHigh'), number('traceIdLow'));
  const parentSpanId = hex64(numbers.get('parentSpanId') ?? 0n);
  return {
    traceId,
    spanId: hex64(number('spanId')),
    operationName: required(reader, operationName, 'Span.operationName'),
    references: withParent(references, traceId, parentSpanId),
    parentSpanId,
    flags,
    startUnixNanos: 1000n * number('startTime'),
    durationNanos: 1000n * number('duration'),
    tags,
    logs,
    warnings: [],
  };
}

/** A parent that no reference names comes first, as Jaeger's collector puts it. */
function withParent(
  references: readonly JaegerReference[],
  traceId: string,
  spanId: string
): readonly JaegerReference[] {
  const isNamed =
    /^0*$/.test(spanId) || references.some((reference) => reference.spanId === spanId && reference.traceId === traceId);
  return isNamed ? references : [{ refType: 'CHILD_OF', traceId, spanId }, ...references];
}

function readReference(reader: ThriftBinaryReader): JaegerReference {
  let refType = 0;
  const ids: (bigint | undefined)[] = [];
  reader.struct((id, type) => {
    if (id === 1 && type === binaryType.i32) {
      refType = reader.i32();
    } else if (id >= 2 && id <= 4 && type === binaryType.i64) {
      ids[id] = reader.i64();
    } else {
      return false;
    }
    return true;
  });
  return {
    refType: refType === 0 ? 'CHILD_OF' : 'FOLLOWS_FROM',
    traceId: traceIdOf(required(reader, ids[3], 'SpanRef.traceIdHigh'), required(reader, ids[2], 'SpanRef.traceIdLow')),
    spanId: hex64(required(reader, ids[4], 'SpanRef.spanId')),
  };
}

function readLog(reader: ThriftBinaryReader): JaegerLog {
  let timestamp: bigint | undefined;
  let fields: Attribute[] = [];
  reader.struct((id, type) => {
    if (id === 1 && type === binaryType.i64) {
      timestamp = reader.i64();
    } else if (id === 2 && type === binaryType.list) {
      fields = reader.structs(() => readTag(reader));
    } else {
      return false;
    }
    return true;
  });
  return { timeUnixNanos: 1000n * required(reader, timestamp, 'Log.timestamp'), fields };
}

/** The value is the field that the declared type names; a tag without it has its type's zero. */
function readTag(reader: ThriftBinaryReader): Attribute {
  let key: string | undefined;
  let declared: number | undefined;
  const values: AnyValue[] = [
    { type: 'string', value: '' },
    { type: 'double', value: 0 },
    { type: 'bool', value: false },
    { type: 'int', value: 0n },
    { type: 'bytes', value: new Uint8Array() },
  ];
  reader.struct((id, type) => {
    if (id === 1 && type === binaryType.string) {
      key = reader.string();
    } else if (id === 2 && type === binaryType.i32) {
      declared = reader.i32();
    } else if (id === 3 && type === binaryType.string) {
      values[0] = { type: 'string', value: reader.string() };
    } else if (id === 4 && type === binaryType.double) {
      values[1] = { type: 'double', value: reader.double() };
    } else if (id === 5 && type === binaryType.bool) {
      values[2] = { type: 'bool', value: reader.bool() };
    } else if (id === 6 && type === binaryType.i64) {
      values[3] = { type: 'int', value: reader.i64() };
    } else if (id === 7 && type === binaryType.string) {
      values[4] = { type: 'bytes', value: reader.binary() };
    } else {
      return false;
    }
    return true;
  });
  const value = values[required(reader, declared, 'Tag.vType')];
  if (value === undefined) {
    throw reader.malformed(`a tag of type ${declared}`);
  }
  return { key: required(reader, key, 'Tag.key'), value };
}

function traceIdOf(high: bigint, low: bigint): string {
  return hex64(high) + hex64(low);
}

function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}

function required<T>(reader: ThriftBinaryReader, value: T | undefined, field: string): T {
  if (value === undefined) {
    throw reader.malformed(`${field} is missing`);
  }
  return value;
}
