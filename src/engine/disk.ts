/**
 * The disk as the engine sees it. Three implementations: Node's (`src/server/node-disk.ts`), an in-memory one with crash simulation
 * (`src/engine/sim-disk.ts`) and, over it, fault injection. Paths are relative to the store's root, with `/`.
 *
 * Durability contract: bytes of a file are durable after its `datasync`; the *name* of a created, renamed or removed file is
 * durable after `syncDirectory` of its folder. Everything else may or may not survive a crash, in any order.
 *
 * Errors: every method rejects with the operating system's error; `code` is kept (ENOSPC, EIO, ENOENT, …).
 */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface WritableFile {
  /** Writes `buffers` one after the other from `offset`; resolves when all bytes have been written (not: are durable). */
  write(offset: number, buffers: readonly Uint8Array[]): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /** One plan, one call: the implementation coalesces neighbours and reads in parallel. Answers in order. A range beyond the end is an error. */
  readRanges(path: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]>;
  /** `undefined` when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(directory: string): Promise<string[]>;
  /** Opens for writing, creating the file when absent. `preallocateBytes` reserves zeroed space for a new file. */
  openForWrite(path: string, options?: { truncate?: boolean; preallocateBytes?: number }): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  /** No error when absent. */
  remove(path: string): Promise<void>;
  /** With parents; no error when present. */
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  freeBytes(): Promise<number>;
  /** Where every read is a round trip: how many it is worth to have under way. */
  readonly readsAhead?: number;
  /** Where a file's bytes may be copies: they were found damaged. Answers whether reading again may bring others. */
  distrust?(path: string): Promise<boolean>;
}
