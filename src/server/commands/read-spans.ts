/** Spans of files in every format this build reads, a bounded piece at a time where the format allows it. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError } from '../../base/coded-error.ts';
import type { Span } from '../../trace/model.ts';
import { decodeTraceFile } from '../../wire/detect.ts';
import { decodeTraces } from '../../wire/otlp-protobuf.ts';
import { toOtlpProtobuf, type IngestEncoding } from '../../wire/transcode.ts';

/** Decoded at a time where a file can be cut: about 100 MB of spans as objects. */
const pieceBytesMax = 8 * 2 ** 20;
/** Of a file that cannot be cut: a JSON text of more characters does not fit into a string. */
const wholeBytesMax = 500 * 2 ** 20;
const lineFeed = 0x0a;

/** Spans of one piece, or why it was refused; what follows it is read all the same. */
export type Piece =
  { readonly spans: readonly Span[]; readonly bytes: number } | { readonly refused: string; readonly bytes: number };

/**
 * Reads a file, gzip and zstd by their first bytes. `format` undefined: told apart by content.
 * Errors: the disk's; `too_large` for a document that does not fit into memory; `invalid_argument` for a damaged compression.
 */
export async function* piecesOf(file: string, format: IngestEncoding | undefined): AsyncGenerator<Piece> {
  const chunks = decompressed(file);
  if (format !== undefined && format !== 'otlp-json' && format !== 'otlp-protobuf') {
    const bytes = await wholeOf(chunks, file);
    yield decodePiece(bytes, '', (whole) => decodeTraces(toOtlpProtobuf(format, whole)));
    return;
  }
  const first = await firstPiece(chunks);
  if (looksLikeJsonLines(first)) {
    yield* jsonLines(first, chunks);
    return;
  }
  const bytes = await wholeOf(chunks, file, first);
  for (const piece of splitResourceSpans(bytes)) {
    yield decodePiece(piece, '', (part) => decodeTraceFile(part).spans);
  }
}

function decodePiece(bytes: Uint8Array, where: string, decode: (bytes: Uint8Array) => readonly Span[]): Piece {
  try {
    return { spans: decode(bytes), bytes: bytes.length };
  } catch (error) {
    if (!(error instanceof CodedError)) {
      throw error;
    }
    return { refused: `${where}${error.message}`, bytes: bytes.length };
  }
}

/** The file's bytes, decompressed. Node's zstd decoder ends after one frame, and a file may have several. */
async function* decompressed(file: string): AsyncGenerator<Uint8Array> {
  const magic = await firstBytes(file, 4);
  const { size } = await stat(file);
  if (magic[0] === 0x1f && magic[1] === 0x8b) {
    yield* named(file, createReadStream(file).pipe(createGunzip()));
    return;
  }
  const isZstd = magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528;
  if (!isZstd) {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
    return;
  }
  for (let start = 0; start < size;) {
    const source = createReadStream(file, { start });
    const decoder = createZstdDecompress();
    yield* named(file, source.pipe(decoder));
    source.destroy();
    // Zero: the decoder took nothing, which no frame explains.
    start = decoder.bytesWritten === 0 ? size : start + decoder.bytesWritten;
  }
}

async function* named(file: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw new CodedError('invalid_argument', `${file}: damaged or cut short: ${(error as Error).message}`);
  }
}

async function firstBytes(file: string, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Up to the first line feed after a few bytes, or a piece of full size. */
async function firstPiece(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < pieceBytesMax) {
    const { value, done } = await chunks.next();
    if (done) {
      break;
    }
    parts.push(value);
    bytes += value.length;
    if (value.includes(lineFeed)) {
      break;
    }
  }
  return Buffer.concat(parts);
}

/** One JSON document, whole, before the first line feed, and something behind it. */
function looksLikeJsonLines(first: Uint8Array): boolean {
  const end = first.indexOf(lineFeed);
  if (end < 0 || first[0] !== 0x7b) {
    return false;
  }
  try {
    JSON.parse(Buffer.from(first.buffer, first.byteOffset, end).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

async function* jsonLines(first: Uint8Array, chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Piece> {
  let lineNumber = 0;
  let rest: Uint8Array = first;
  for (;;) {
    const end = rest.lastIndexOf(lineFeed);
    for (const line of linesOf(rest.subarray(0, end + 1))) {
      lineNumber++;
      if (!isBlank(line)) {
        yield decodePiece(line, `line ${lineNumber}: `, (bytes) => decodeTraceFile(bytes).spans);
      }
    }
    rest = rest.subarray(end + 1);
    const { value, done } = await chunks.next();
    if (done) {
      break;
    }
    rest = Buffer.concat([rest, value]);
    if (rest.length > wholeBytesMax) {
      throw new CodedError('too_large', `line ${lineNumber + 1} has more than ${wholeBytesMax} bytes`);
    }
  }
  if (!isBlank(rest)) {
    yield decodePiece(rest, `line ${lineNumber + 1}: `, (bytes) => decodeTraceFile(bytes).spans);
  }
}

function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineFeed, start);
    yield bytes.subarray(start, end < 0 ? bytes.length : end);
    start = end < 0 ? bytes.length : end + 1;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

async function wholeOf(
  chunks: AsyncGenerator<Uint8Array>,
  file: string,
  first: Uint8Array = new Uint8Array(0)
): Promise<Uint8Array> {
  const parts = [first];
  let bytes = first.length;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > wholeBytesMax) {
      throw new CodedError('too_large', `${file}: a document of more than ${wholeBytesMax} bytes; split the file`);
    }
  }
  return Buffer.concat(parts, bytes);
}

/**
 * A TracesData in pieces that are TracesData themselves: its only field is a list (number 1), so it can be cut between any two entries.
 * Anything else comes back whole.
 */
export function splitResourceSpans(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let [start, offset] = [0, 0];
  while (offset < bytes.length) {
    const end = bytes[offset] === 0x0a ? endOfField(bytes, offset + 1) : undefined;
    if (end === undefined || end > bytes.length) {
      return [bytes];
    }
    if (end - start > pieceBytesMax && offset > start) {
      pieces.push(bytes.subarray(start, offset));
      start = offset;
    }
    offset = end;
  }
  pieces.push(bytes.subarray(start));
  return pieces;
}

/** Where a field with a length ends; `offset` is that of its length. */
function endOfField(bytes: Uint8Array, offset: number): number | undefined {
  let length = 0;
  for (let i = 0; i < 5 && offset + i < bytes.length; i++) {
    length += (bytes[offset + i] & 0x7f) * 2 ** (7 * i);
    if (bytes[offset + i] < 0x80) {
      return offset + i + 1 + length;
    }
  }
  return undefined;
}
