import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import type { ByteRange } from '../disk.ts';
import { messageOf } from '../os-error.ts';
import type { Bucket } from './bucket.ts';
import { pageBytes, type PageCache } from './page-cache.ts';

/** Missing pages with at most so many others between them are one request. */
const gapPagesMax = 2;
/** Longer runs are several requests at the same time. */
const runPagesMax = 64;
/** The end of a block has its footer and the blooms of its last row group: who asks for the one soon asks for the others. */
const tailPages = 2;
/** Smaller objects come whole. */
const wholePagesMax = 4;

/** Pages from `start` to before `end`. */
export interface PageRun {
  readonly start: number;
  readonly end: number;
}

/** Which pages a read of these ranges takes, ascending: those it needs, and those that are cheaper now than later. */
export function planPages(ranges: readonly ByteRange[], sizeBytes: number): number[] {
  const count = Math.ceil(sizeBytes / pageBytes);
  const pages = new Set<number>();
  for (const { offset, length } of ranges) {
    for (let page = Math.floor(offset / pageBytes); page * pageBytes < offset + length; page++) {
      pages.add(page);
    }
  }
  const from = count <= wholePagesMax ? 0 : pages.has(count - 1) ? count - tailPages : count;
  for (let page = from; page < count; page++) {
    pages.add(page);
  }
  return [...pages].sort((a, b) => a - b);
}

/** As few requests as are sensible for these pages, which ascend. */
export function planRuns(pages: readonly number[]): PageRun[] {
  const runs: { start: number; end: number }[] = [];
  for (const page of pages) {
    const run = runs.at(-1);
    if (run !== undefined && page - run.end <= gapPagesMax && page - run.start < runPagesMax) {
      run.end = page + 1;
    } else {
      runs.push({ start: page, end: page + 1 });
    }
  }
  return runs;
}

/** Reads ranges of remote objects by pages: from the cache, from a request under way, or from the bucket, all at the same time. */
export class RemoteReads {
  fetchedBytes = 0;
  private readonly bucket: Bucket;
  private readonly cache: PageCache;
  private readonly underWay = new Map<string, Promise<Uint8Array>>();

  constructor(bucket: Bucket, cache: PageCache) {
    this.bucket = bucket;
    this.cache = cache;
  }

  /** Errors: `corrupt` when there is no such object, `unavailable` when the bucket does not answer; both name the file. */
  async read(object: string, sizeBytes: number, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    for (const { offset, length } of ranges) {
      if (offset < 0 || offset + length > sizeBytes) {
        throw new CorruptionError(object, offset, `${length} bytes`, `an end at ${sizeBytes}`);
      }
    }
    const pages = this.pages(object, sizeBytes, planPages(ranges, sizeBytes));
    return Promise.all(ranges.map((range) => assembled(range, pages)));
  }

  /** Each page as a promise; what is not there is asked for in as few requests as are sensible. */
  private pages(object: string, sizeBytes: number, wanted: readonly number[]): Map<number, Promise<Uint8Array>> {
    const pages = new Map<number, Promise<Uint8Array>>();
    const fresh = new Map<number, PromiseWithResolvers<Uint8Array>>();
    for (const page of wanted) {
      const key = `${object} ${page}`;
      let promise = this.underWay.get(key);
      if (promise === undefined) {
        const deferred = Promise.withResolvers<Uint8Array>();
        promise = deferred.promise;
        // Nobody may be waiting for a page that was read ahead.
        promise.catch(() => undefined);
        fresh.set(page, deferred);
        this.underWay.set(key, promise);
      }
      pages.set(page, promise);
    }
    void this.load(object, sizeBytes, fresh).finally(() => {
      for (const page of fresh.keys()) {
        this.underWay.delete(`${object} ${page}`);
      }
    });
    return pages;
  }

  private async load(
    object: string,
    sizeBytes: number,
    fresh: ReadonlyMap<number, PromiseWithResolvers<Uint8Array>>
  ): Promise<void> {
    const missing: number[] = [];
    await Promise.all(
      [...fresh].map(async ([page, deferred]) => {
        const bytes = await this.cache.read(object, page);
        if (bytes === undefined) {
          missing.push(page);
        } else {
          deferred.resolve(bytes);
        }
      })
    );
    missing.sort((a, b) => a - b);
    await Promise.all(planRuns(missing).map((run) => this.fetch(object, sizeBytes, run, fresh)));
  }

  private async fetch(
    object: string,
    sizeBytes: number,
    run: PageRun,
    fresh: ReadonlyMap<number, PromiseWithResolvers<Uint8Array>>
  ): Promise<void> {
    const offset = run.start * pageBytes;
    const length = Math.min(run.end * pageBytes, sizeBytes) - offset;
    let failure: CodedError | undefined;
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.bucket.getRange(object, { offset, length });
      if (bytes === undefined) {
        failure = new CorruptionError(object, 0, `an object of ${sizeBytes} bytes in ${this.bucket.name}`, 'none');
      }
    } catch (error) {
      failure = new CodedError('unavailable', messageOf(error), { file: object });
    }
    this.fetchedBytes += bytes?.length ?? 0;
    const writes: Promise<void>[] = [];
    for (let page = run.start; page < run.end; page++) {
      const start = (page - run.start) * pageBytes;
      const part = bytes?.subarray(start, start + pageBytes);
      if (part === undefined) {
        fresh.get(page)?.reject(failure);
      } else {
        fresh.get(page)?.resolve(part);
        writes.push(this.cache.write(object, page, part));
      }
    }
    // Until then who asks gets the page from here.
    await Promise.all(writes);
  }
}

async function assembled(
  { offset, length }: ByteRange,
  pages: ReadonlyMap<number, Promise<Uint8Array>>
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = offset; at < offset + length;) {
    const page = Math.floor(at / pageBytes);
    const part = (await pages.get(page))?.subarray(at - page * pageBytes, offset + length - page * pageBytes);
    bytes.set(part ?? [], at - offset);
    at = (page + 1) * pageBytes;
  }
  return bytes;
}
