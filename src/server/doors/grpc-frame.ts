/** gRPC over HTTP/2, as much as calls with one request message need. Source: grpc/doc/PROTOCOL-HTTP2.md, google/rpc/{status,error_details}.proto. */
import type { Readable } from 'node:stream';
import { CodedError } from '../../base/coded-error.ts';
import { retryAfterSeconds } from '../../api/errors.ts';
import { ProtobufWriter } from '../../wire/protobuf.ts';
import { encodeUtf8 } from '../../wire/utf8.ts';
import type { Lease } from '../admission.ts';
import { decompress, readBody, type BodyLimits, type Compression, type DecodedBody } from '../body.ts';

const prefixBytes = 5;

export interface GrpcMessage {
  readonly compressed: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The one message of a unary call: a flag byte, a length in four bytes (big-endian), the message.
 * Errors: those of `readBody`; `invalid_argument` when cut short or followed by more.
 */
export async function readUnaryMessage(stream: Readable, limits: BodyLimits, lease: Lease): Promise<GrpcMessage> {
  const body = await readBody(stream, undefined, { ...limits, bytesMax: limits.bytesMax + prefixBytes }, lease);
  if (body.length < prefixBytes) {
    throw new CodedError(
      'invalid_argument',
      `grpc: need a message prefix of ${prefixBytes} bytes, have ${body.length}`
    );
  }
  const length = new DataView(body.buffer, body.byteOffset, prefixBytes).getUint32(1);
  if (body[0] > 1) {
    throw new CodedError('invalid_argument', `grpc: message flag ${body[0]}, expected 0 or 1`);
  }
  if (body.length !== prefixBytes + length) {
    throw new CodedError(
      'invalid_argument',
      `grpc: need one message of ${length} bytes, have ${body.length - prefixBytes}`
    );
  }
  return { compressed: body[0] === 1, bytes: body.subarray(prefixBytes) };
}

/** As {@link readUnaryMessage}, decompressed. Errors: also those of `decompress`. */
export async function readDecodedMessage(
  stream: Readable,
  compression: Compression,
  limits: BodyLimits,
  lease: Lease
): Promise<DecodedBody> {
  const message = await readUnaryMessage(stream, limits, lease);
  if (message.compressed && compression === 'identity') {
    throw new CodedError('invalid_argument', 'grpc: a compressed message without a grpc-encoding');
  }
  return decompress(message.bytes, message.compressed ? compression : 'identity', limits.bytesMax, lease);
}

/** Of a `grpc-encoding` header. Errors: `unsupported`. */
export function compressionOf(encoding: string | undefined): Compression {
  if (encoding === undefined || encoding === 'identity') {
    return 'identity';
  }
  if (encoding === 'gzip' || encoding === 'zstd') {
    return encoding;
  }
  throw new CodedError(
    'unsupported',
    `grpc: message compression ${JSON.stringify(encoding.slice(0, 40))} is not supported`
  );
}

export function isGrpc(contentType: string | undefined): boolean {
  return /^application\/grpc(\+proto)?($|;)/.test(contentType ?? '');
}

/** An uncompressed message with its prefix. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(prefixBytes + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, prefixBytes);
  return frame;
}

/** Milliseconds of a `grpc-timeout` header (`500m`, `2S`); `undefined` when absent. Errors: `invalid_argument`. */
export function parseGrpcTimeout(header: string | undefined): number | undefined {
  if (header === undefined) {
    return undefined;
  }
  const match = /^(\d{1,8})([HMSmun])$/.exec(header);
  if (!match) {
    throw new CodedError('invalid_argument', 'grpc: malformed grpc-timeout');
  }
  const unitMs = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }[match[2]]!;
  return Number(match[1]) * unitMs;
}

/** `grpc-message`: percent-encoded UTF-8, printable ASCII left as it is. */
export function encodeGrpcMessage(text: string): string {
  let encoded = '';
  for (const byte of encodeUtf8(text.slice(0, 1024))) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** google.rpc.Status with a RetryInfo: without it OTLP clients take RESOURCE_EXHAUSTED for final. For `grpc-status-details-bin`. */
export function encodeRetryStatus(code: number, message: string): Uint8Array {
  const writer = new ProtobufWriter(128);
  writer.uint32(1, code);
  writer.string(2, message);
  const any = writer.begin(3);
  writer.string(1, 'type.googleapis.com/google.rpc.RetryInfo');
  const retryInfo = writer.begin(2);
  const delay = writer.begin(1);
  writer.uint32(1, retryAfterSeconds);
  writer.end(delay);
  writer.end(retryInfo);
  writer.end(any);
  return writer.finish();
}
