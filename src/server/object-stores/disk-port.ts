/**
 * Blocks that lie in a bucket, as worker threads read them: one thread, the main one, has the cache, the connections and the circuit
 * breaker; the others ask it through a port.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ByteRange, Disk, WritableFile } from '../../engine/disk.ts';
import { blockReadsAhead } from '../../engine/objects/object-disk.ts';
import { tenantsDirectory } from '../../engine/open-store.ts';
import { errorOfPlain, plainOfError, type PlainError } from '../worker-messages.ts';

type Request = { readonly id: number; readonly path: string } & (
  | { readonly kind: 'read'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'size' }
  | { readonly kind: 'distrust' }
);

type Answer =
  | { readonly id: number; readonly result: unknown; readonly error?: undefined }
  | { readonly id: number; readonly error: PlainError };

/** Answers what a {@link PortDisk} at the other end asks. The port does not keep the process alive. */
export function serveDisk(port: MessagePort, disk: Disk): void {
  port.on('message', (request: Request) => {
    answerOf(disk, request).then(
      (result) => port.postMessage({ id: request.id, result } satisfies Answer, transferables(result)),
      (error: unknown) => port.postMessage({ id: request.id, error: plainOfError(error) } satisfies Answer)
    );
  });
  port.unref();
}

function answerOf(disk: Disk, request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'read':
      return disk.readRanges(request.path, request.ranges);
    case 'size':
      return disk.sizeOf(request.path);
    case 'distrust':
      return disk.distrust?.(request.path) ?? Promise.resolve(false);
  }
}

/** Buffers move instead of being copied: what a disk answers belongs to who asked. Parts of one buffer move with it, once. */
function transferables(result: unknown): ArrayBuffer[] {
  const buffers = Array.isArray(result) ? (result as Uint8Array<ArrayBuffer>[]).map(({ buffer }) => buffer) : [];
  return [...new Set(buffers)];
}

/** Reads blocks through a port; everything else, and all writing, is the thread's own disk. */
export class PortDisk implements Disk {
  readonly readsAhead = blockReadsAhead;
  private readonly files: Disk;
  private readonly port: MessagePort;
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private nextId = 1;

  constructor(files: Disk, port: MessagePort) {
    this.files = files;
    this.port = port;
    port.on('message', (answer: Answer) => this.settle(answer));
    port.unref();
  }

  readRanges(path: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    return isBlock(path)
      ? this.ask<Uint8Array[]>({ id: this.nextId++, path, kind: 'read', ranges })
      : this.files.readRanges(path, ranges);
  }

  sizeOf(path: string): Promise<number | undefined> {
    return isBlock(path)
      ? this.ask<number | undefined>({ id: this.nextId++, path, kind: 'size' })
      : this.files.sizeOf(path);
  }

  distrust(path: string): Promise<boolean> {
    return this.ask<boolean>({ id: this.nextId++, path, kind: 'distrust' });
  }

  list(directory: string): Promise<string[]> {
    return this.files.list(directory);
  }

  openForWrite(path: string, options?: { truncate?: boolean; preallocateBytes?: number }): Promise<WritableFile> {
    return this.files.openForWrite(path, options);
  }

  rename(from: string, to: string): Promise<void> {
    return this.files.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.files.remove(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.files.makeDirectory(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.files.syncDirectory(path);
  }

  freeBytes(): Promise<number> {
    return this.files.freeBytes();
  }

  private ask<T>(request: Request): Promise<T> {
    const deferred = Promise.withResolvers<unknown>();
    this.waiting.set(request.id, deferred);
    this.port.postMessage(request);
    // The kind of the question decides the answer's type.
    return deferred.promise as Promise<T>;
  }

  private settle(answer: Answer): void {
    const deferred = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.error === undefined) {
      deferred?.resolve(answer.result);
    } else {
      deferred?.reject(errorOfPlain(answer.error));
    }
  }
}

function isBlock(path: string): boolean {
  return path.startsWith(`${tenantsDirectory}/`);
}
