/** Google Cloud Storage, through Google's client. */
import { ApiError, Storage, type Bucket as GoogleBucket, type File, type FileMetadata } from '@google-cloud/storage';
import type { ByteRange } from '../../engine/disk.ts';
import {
  isTransientStatus,
  type Bucket,
  type ObjectInfo,
  type PartUpload,
  type PutCondition,
} from '../../engine/objects/bucket.ts';
import { Calls, md5Of, type Failure } from './failures.ts';
import { keyPrefixOf, nameOfStore, type ObjectStoreOptions } from './options.ts';

/** One object is composed of so many at most. */
const partsMax = 32;
const partBytesMin = 16 * 1024 * 1024;
const partsFolder = 'parts/';

/** With Google's application default credentials; with `endpoint`, an emulator or a private address. */
export function openGcsBucket(options: ObjectStoreOptions): Bucket {
  const storage = new Storage({
    ...(options.endpoint === '' ? {} : { apiEndpoint: options.endpoint }),
    // We try again ourselves, in one way for all stores.
    retryOptions: { autoRetry: false, maxRetries: 0 },
  });
  return new GcsBucket(options, storage.bucket(options.bucket));
}

/** The client takes no signal: a call that has timed out is left to end by itself, its answer unread. */
class GcsBucket implements Bucket {
  readonly name: string;
  private readonly bucket: GoogleBucket;
  private readonly prefix: string;
  private readonly calls: Calls;

  constructor(options: ObjectStoreOptions, bucket: GoogleBucket) {
    this.name = nameOfStore(options);
    this.prefix = keyPrefixOf(options);
    this.calls = new Calls(this.name, failureOf);
    this.bucket = bucket;
  }

  get(key: string): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.calls.unlessAbsent(async () => {
      // First the generation, then that generation's bytes: never the bytes of one with the number of another.
      const [{ generation }] = await this.file(key).getMetadata();
      const [bytes] = await this.file(key, generation).download({ validation: false });
      return { bytes, version: String(generation) };
    });
  }

  getRange(key: string, { offset, length }: ByteRange): Promise<Uint8Array | undefined> {
    return this.calls.unlessAbsent(async () => {
      const [bytes] = await this.file(key).download({ start: offset, end: offset + length - 1, validation: false });
      return bytes;
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.calls.unlessAbsent(async () => infoOf(key, (await this.file(key).getMetadata())[0]));
  }

  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<string | undefined> {
    const file = this.file(key);
    const isUnmet = ({ status = 0 }: Failure): boolean => condition !== undefined && [409, 412].includes(status);
    return this.calls.runUnless(isUnmet, async () => {
      await file.save(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
        resumable: false,
        validation: false,
        // The store compares what arrives with it.
        metadata: { md5Hash: md5Of(bytes).toString('base64') },
        ...(condition === undefined
          ? {}
          : { preconditionOpts: { ifGenerationMatch: condition.kind === 'absent' ? 0 : Number(condition.version) } }),
      });
      return String(file.metadata.generation);
    });
  }

  startUpload(key: string, sizeBytes: number): Promise<PartUpload> {
    const keys: string[] = [];
    const removeParts = (): Promise<unknown> => Promise.all(keys.map((part) => this.delete(part)));
    return Promise.resolve({
      partBytes: Math.max(partBytesMin, Math.ceil(sizeBytes / partsMax)),
      putPart: async (index, bytes) => {
        const part = `${partsFolder}${key}-${index}`;
        await this.put(part, bytes);
        keys[index] = part;
      },
      complete: () =>
        this.calls.run(async () => {
          await this.bucket.combine(
            keys.map((part) => this.prefix + part),
            this.prefix + key
          );
          // What stays is found by abortUploadsBefore.
          await removeParts().catch(() => undefined);
        }),
      abort: async () => {
        await removeParts();
      },
    });
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    return this.calls.run(async () => {
      const [files] = await this.bucket.getFiles({ prefix: this.prefix + prefix, autoPaginate: true });
      return files.map((file) => infoOf(file.name.slice(this.prefix.length), file.metadata));
    });
  }

  async delete(key: string): Promise<void> {
    await this.calls.unlessAbsent(() => this.file(key).delete());
  }

  async abortUploadsBefore(unixMs: number): Promise<number> {
    const stale = (await this.list(partsFolder)).filter(({ modifiedUnixMs }) => modifiedUnixMs < unixMs);
    for (const { key } of stale) {
      await this.delete(key);
    }
    return stale.length;
  }

  close(): void {
    // The client holds nothing that outlives its requests.
  }

  private file(key: string, generation?: string | number): File {
    return this.bucket.file(this.prefix + key, generation === undefined ? {} : { generation });
  }
}

function infoOf(key: string, { size, generation, updated }: FileMetadata): ObjectInfo {
  return {
    key,
    sizeBytes: Number(size ?? 0),
    version: String(generation ?? ''),
    modifiedUnixMs: updated === undefined ? 0 : Date.parse(updated),
  };
}

function failureOf(error: Error): Failure {
  const code = error instanceof ApiError ? error.code : (error as { code?: unknown }).code;
  const status = typeof code === 'number' ? code : undefined;
  const { message } = error;
  const isOurs = /default credentials/i.test(message);
  // 400 with a hash in it: what arrived is not what was sent.
  const isGarbled = status === 400 && /md5|crc32c/i.test(message);
  return {
    status,
    text: message,
    isAbsentObject: status === 404 && !/bucket does not exist/i.test(message),
    isTransient: isGarbled || (isTransientStatus(status) && !isOurs),
  };
}
