import type { ByteRange } from '../disk.ts';
import { BucketError, type Bucket, type ObjectInfo, type PartUpload, type PutCondition } from './bucket.ts';

export type BucketOpKind = 'get' | 'getRange' | 'head' | 'put' | 'part' | 'complete' | 'list' | 'delete';

export interface BucketOp {
  /** Counts from 0 over the life of the bucket's view. */
  readonly index: number;
  readonly kind: BucketOpKind;
  readonly key: string;
}

/** What a call does instead of succeeding; `lose-answer` does it, and says that it has failed. `late` does it after all that comes next. */
export type BucketFault = 'fail' | 'lose-answer' | 'late' | 'deny' | 'truncate' | 'flip';

export interface SimBucketOptions {
  readonly fault?: (op: BucketOp) => BucketFault | undefined;
  /** Told before every call takes effect: the place to take an image of a disk beside it. */
  readonly beforeOp?: (op: BucketOp) => void;
  readonly unixMs?: () => number;
  readonly conditionalPut?: boolean;
}

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly version: string;
  readonly modifiedUnixMs: number;
}

/** What the store holds: shared by all who see it, and outliving them. */
export class SimObjects {
  readonly objects = new Map<string, StoredObject>();
  versions = 0;

  copy(): SimObjects {
    const copy = new SimObjects();
    this.objects.forEach((object, key) => copy.objects.set(key, object));
    copy.versions = this.versions;
    return copy;
  }
}

/** A process' view of a bucket in memory, with conditional put, that fails as told. */
export class SimBucket implements Bucket {
  readonly name = 'sim://bucket';
  readonly log: BucketOp[] = [];
  private readonly store: SimObjects;
  private readonly options: SimBucketOptions;
  private late: (() => void)[] = [];
  private halted = false;

  constructor(store: SimObjects, options: SimBucketOptions = {}) {
    this.store = store;
    this.options = options;
  }

  /** From now on nothing answers any more, as for a process that is gone; what was late arrives. */
  halt(): void {
    this.halted = true;
    this.arrive();
  }

  /** What was late happens now. */
  arrive(): void {
    const late = this.late;
    this.late = [];
    late.forEach((effect) => effect());
  }

  async get(key: string): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.op('get', key, () => {
      const found = this.store.objects.get(key);
      return found === undefined ? undefined : { bytes: found.bytes.slice(), version: found.version };
    });
  }

  async getRange(key: string, { offset, length }: ByteRange): Promise<Uint8Array | undefined> {
    return this.op('getRange', key, () => this.store.objects.get(key)?.bytes.slice(offset, offset + length));
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return this.op('head', key, () => {
      const found = this.store.objects.get(key);
      return found === undefined ? undefined : infoOf(key, found);
    });
  }

  async put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<string | undefined> {
    return this.op('put', key, () => {
      const found = this.store.objects.get(key);
      const holds =
        this.options.conditionalPut === false ||
        condition === undefined ||
        (condition.kind === 'absent' ? found === undefined : found?.version === condition.version);
      return holds ? this.write(key, bytes) : undefined;
    });
  }

  startUpload(key: string): Promise<PartUpload> {
    const parts: Uint8Array[] = [];
    return Promise.resolve({
      partBytes: 4096,
      putPart: (index: number, bytes: Uint8Array) =>
        this.op('part', key, () => {
          parts[index] = bytes.slice();
        }),
      complete: () =>
        this.op('complete', key, () => {
          const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
          let offset = 0;
          for (const part of parts) {
            whole.set(part, offset);
            offset += part.length;
          }
          this.write(key, whole);
        }),
      abort: () => Promise.resolve(),
    });
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    return this.op('list', prefix, () =>
      [...this.store.objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, object]) => infoOf(key, object))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
    );
  }

  async delete(key: string): Promise<void> {
    await this.op('delete', key, () => this.store.objects.delete(key));
  }

  abortUploadsBefore(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): void {
    this.halted = true;
  }

  private write(key: string, bytes: Uint8Array): string {
    const version = `v${++this.store.versions}`;
    this.store.objects.set(key, { bytes: bytes.slice(), version, modifiedUnixMs: this.options.unixMs?.() ?? 0 });
    return version;
  }

  private async op<T>(kind: BucketOpKind, key: string, effect: () => T): Promise<T> {
    await undefined;
    if (this.halted) {
      return new Promise(() => undefined);
    }
    const op: BucketOp = { index: this.log.length, kind, key };
    this.log.push(op);
    this.options.beforeOp?.(op);
    const fault = this.options.fault?.(op);
    if (fault === 'late') {
      this.late.push(effect);
    }
    if (fault === 'fail' || fault === 'late' || fault === 'deny') {
      throw new BucketError(`${this.name}: ${kind} ${key}: told to ${fault}`, fault !== 'deny');
    }
    const result = effect();
    if (fault === 'lose-answer') {
      throw new BucketError(`${this.name}: ${kind} ${key}: no answer`, true);
    }
    const bytes = kind === 'get' ? (result as { bytes: Uint8Array } | undefined)?.bytes : result;
    if (fault === 'flip' && bytes instanceof Uint8Array && bytes.length > 0) {
      bytes[bytes.length >> 1] ^= 1;
    }
    if (fault === 'truncate' && result instanceof Uint8Array) {
      return result.subarray(0, result.length >> 1) as T;
    }
    return result;
  }
}

function infoOf(key: string, { bytes, version, modifiedUnixMs }: StoredObject): ObjectInfo {
  return { key, sizeBytes: bytes.length, version, modifiedUnixMs };
}
