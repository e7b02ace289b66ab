/** Files of OTLP spans, written whole or not at all: each appears under its name when it is complete and on the disk. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { Span } from '../../trace/model.ts';
import { encodeTracesJson } from '../../wire/otlp-json.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';

export type SpanFormat = 'otlp-json' | 'otlp-protobuf';
export type FileCompression = 'none' | 'gzip' | 'zstd';

/** Of one document: small enough for every receiver's body limit. */
const documentSpansMax = 5_000;
/** Before compression; a file holds many documents. */
const fileBytesMax = 256 * 2 ** 20;

const extensionOf: Readonly<Record<SpanFormat, string>> = { 'otlp-json': 'jsonl', 'otlp-protobuf': 'binpb' };
const compressionExtension: Readonly<Record<FileCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' };

export interface SpanFilesOptions {
  /** Must exist. */
  readonly folder: string;
  readonly format: SpanFormat;
  readonly compression: FileCompression;
}

/** JSON: one TracesData a line. Protobuf: one TracesData a file, as TracesData one after the other are one. */
export class SpanFiles {
  readonly files: string[] = [];
  private readonly options: SpanFilesOptions;
  private waiting: Span[] = [];
  private current: OpenFile | undefined;
  spans = 0;

  constructor(options: SpanFilesOptions) {
    this.options = options;
  }

  async add(spans: readonly Span[]): Promise<void> {
    this.spans += spans.length;
    for (const span of spans) {
      this.waiting.push(span);
      if (this.waiting.length === documentSpansMax) {
        await this.writeDocument();
      }
    }
  }

  async close(): Promise<void> {
    await this.writeDocument();
    await this.finishFile();
  }

  private async writeDocument(): Promise<void> {
    if (this.waiting.length === 0) {
      return;
    }
    const document = encodeDocument(this.waiting, this.options.format);
    this.waiting = [];
    this.current ??= this.openFile();
    await this.current.write(document);
    if (this.current.bytes >= fileBytesMax) {
      await this.finishFile();
    }
  }

  private openFile(): OpenFile {
    const { folder, format, compression } = this.options;
    const number = String(this.files.length + 1).padStart(5, '0');
    const file = path.join(folder, `traces-${number}.${extensionOf[format]}${compressionExtension[compression]}`);
    this.files.push(file);
    return new OpenFile(file, compression);
  }

  private async finishFile(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.finish();
  }
}

/** A document as {@link SpanFiles} writes it. */
export function encodeDocument(spans: readonly Span[], format: SpanFormat): Uint8Array {
  return format === 'otlp-protobuf'
    ? encodeTraces(spans)
    : Buffer.concat([encodeTracesJson(spans), Buffer.from('\n', 'latin1')]);
}

class OpenFile {
  bytes = 0;
  private readonly file: string;
  private readonly sink: WriteStream;
  private readonly head: NodeJS.WritableStream;

  constructor(file: string, compression: FileCompression) {
    this.file = file;
    this.sink = createWriteStream(`${file}.part`, { flags: 'w', mode: 0o600 });
    const coder = compression === 'none' ? undefined : compression === 'gzip' ? createGzip() : createZstdCompress();
    coder?.pipe(this.sink);
    this.head = coder ?? this.sink;
    // Told by write() and finish(), which wait on the same streams.
    this.sink.on('error', (error) => this.head !== this.sink && coder?.destroy(error));
    this.head.on('error', () => undefined);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    if (!this.head.write(bytes)) {
      await once(this.head, 'drain');
    }
  }

  async finish(): Promise<void> {
    this.head.end();
    await finished(this.sink);
    const handle = await open(`${this.file}.part`, 'r');
    await handle.datasync();
    await handle.close();
    await rename(`${this.file}.part`, this.file);
  }
}
