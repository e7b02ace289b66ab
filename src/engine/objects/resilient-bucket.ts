import type { ByteRange } from '../disk.ts';
import type { Attempts } from './attempts.ts';
import { BucketError, type Bucket, type ObjectInfo, type PartUpload, type PutCondition } from './bucket.ts';

/** A bucket each of whose calls is tried as {@link Attempts} says. A body that ends early counts as a failure. */
export class ResilientBucket implements Bucket {
  readonly name: string;
  private readonly bucket: Bucket;
  private readonly attempts: Attempts;

  constructor(bucket: Bucket, attempts: Attempts) {
    this.name = bucket.name;
    this.bucket = bucket;
    this.attempts = attempts;
  }

  get(key: string): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.attempts.run(0, (signal) => this.bucket.get(key, signal));
  }

  getRange(key: string, range: ByteRange): Promise<Uint8Array | undefined> {
    return this.attempts.run(range.length, async (signal) => {
      const bytes = await this.bucket.getRange(key, range, signal);
      if (bytes !== undefined && bytes.length !== range.length) {
        throw new BucketError(
          `${this.name}/${key}: asked for ${range.length} bytes from ${range.offset}, got ${bytes.length}`,
          true
        );
      }
      return bytes;
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.attempts.run(0, (signal) => this.bucket.head(key, signal));
  }

  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<string | undefined> {
    return this.attempts.run(bytes.length, (signal) => this.bucket.put(key, bytes, condition, signal));
  }

  async startUpload(key: string, sizeBytes: number): Promise<PartUpload> {
    const { attempts } = this;
    const upload = await attempts.run(0, (signal) => this.bucket.startUpload(key, sizeBytes, signal));
    return {
      partBytes: upload.partBytes,
      putPart: (index, bytes) => attempts.run(bytes.length, (signal) => upload.putPart(index, bytes, signal)),
      complete: () => attempts.run(0, (signal) => upload.complete(signal)),
      abort: () => attempts.run(0, (signal) => upload.abort(signal)),
    };
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    // A page of a listing is about a MiB.
    return this.attempts.run(2 ** 20, (signal) => this.bucket.list(prefix, signal));
  }

  delete(key: string): Promise<void> {
    return this.attempts.run(0, (signal) => this.bucket.delete(key, signal));
  }

  abortUploadsBefore(unixMs: number): Promise<number> {
    return this.attempts.run(2 ** 20, (signal) => this.bucket.abortUploadsBefore(unixMs, signal));
  }

  close(): void {
    this.bucket.close();
  }
}
