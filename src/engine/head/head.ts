import { assert } from '../../base/assert.ts';
import type { UnixNanos } from '../../trace/model.ts';
import type { AwakeHeads, Restable } from './awake-heads.ts';
import { HeadBuilder, type BuilderMark } from './builder.ts';
import { defaultHeadLimits, type HeadLimits } from './limits.ts';
import { rowColumns } from './rows.ts';
import { snapshotOf, type HeadSnapshot } from './snapshot.ts';
import { OtlpWalker, type Verdict } from './walk.ts';

/** A head whose requests are no more than so many bytes can rest; walking them again takes about 0.2 ms. */
const restBytesMax = 32 * 1024;

/** What a resting head knows without its columns. */
interface Rest {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly minStartUnixNanos: UnixNanos;
  readonly maxEndUnixNanos: UnixNanos;
}

/**
 * Spans of one tenant that no block holds yet. One thread writes: {@link append} adds the rows of a request, {@link commit} publishes
 * them once they are durable, {@link rollback} takes back what is not published. Readers work on {@link snapshot}s, in any thread.
 *
 * While it is small it keeps the requests as well, and can {@link rest} as nothing but these: the same requests in the same order make
 * the same columns.
 */
export class Head implements Restable {
  readonly limits: HeadLimits;
  private readonly walker: OtlpWalker | undefined;
  private readonly awake: AwakeHeads | undefined;
  /** Absent in an empty head and at rest. */
  private columns: HeadBuilder | undefined = undefined;
  private resting: Rest | undefined = undefined;
  /** Copies of the requests that made the rows; `undefined` once they are too many to rest. */
  private requests: { readonly otlp: Uint8Array; readonly row: number }[] | undefined;
  private requestBytes = 0;
  /** The number of published rows, shared. */
  private readonly committed = new Int32Array(new SharedArrayBuffer(4));
  /** Before each unpublished request, oldest first. */
  private readonly marks: BuilderMark[] = [];
  private pinned: HeadSnapshot | undefined = undefined;
  private minSequence: number | undefined = undefined;
  private maxSequence: number | undefined = undefined;

  /**
   * `walker`: shared by the heads of one thread, as its buffers grow as big as a request; without it each request gets a fresh one.
   * `awake`: shared as well, decides which small heads rest; without it none does.
   */
  constructor(limits: HeadLimits = defaultHeadLimits, walker?: OtlpWalker, awake?: AwakeHeads) {
    // A row counts its values in 16 bits.
    assert(limits.attributesMax <= 60_000, `attributesMax ${limits.attributesMax} is above 60000`);
    this.limits = limits;
    this.walker = walker;
    this.awake = awake;
    this.requests = awake === undefined ? undefined : [];
  }

  /** Rows, unpublished ones included. */
  get rowCount(): number {
    return this.columns?.rows.count ?? this.resting?.rowCount ?? 0;
  }

  /** Traces, of unpublished rows too. */
  get traceCount(): number {
    return this.columns?.traces.count ?? this.resting?.traceCount ?? 0;
  }

  get committedRowCount(): number {
    return Atomics.load(this.committed, 0);
  }

  /** Unpublished rows included. */
  get memoryBytes(): number {
    return (this.columns?.memoryBytes ?? 0) + this.requestBytes;
  }

  /** Earliest start of a row, published or not; `undefined` when there is none. */
  get minStartUnixNanos(): UnixNanos | undefined {
    if (this.resting !== undefined) {
      return this.resting.minStartUnixNanos;
    }
    const { columns } = this;
    return columns === undefined || columns.rows.count === 0
      ? undefined
      : unsigned(columns.minStartLow, columns.minStartHigh);
  }

  /** Latest end of a row, published or not; `undefined` when there is none. */
  get maxEndUnixNanos(): UnixNanos | undefined {
    if (this.resting !== undefined) {
      return this.resting.maxEndUnixNanos;
    }
    const { columns } = this;
    return columns === undefined || columns.rows.count === 0
      ? undefined
      : unsigned(columns.maxEndLow, columns.maxEndHigh);
  }

  /** Lowest and highest sequence given to {@link commit}. */
  get minWalSequence(): number | undefined {
    return this.minSequence;
  }

  get maxWalSequence(): number | undefined {
    return this.maxSequence;
  }

  /**
   * Adds the spans of an OTLP `ExportTraceServiceRequest` (protobuf) as unpublished rows.
   *
   * Errors: `invalid_argument` when the bytes are malformed, `resource_exhausted` when the head has no address space left; then
   * nothing of the request stays.
   */
  append(otlp: Uint8Array): Verdict {
    const builder = this.wake();
    const mark = builder.mark();
    try {
      const verdict = (this.walker ?? new OtlpWalker()).walk(otlp, builder, this.limits);
      if (this.rowCount > mark.row) {
        this.marks.push(mark);
        this.keepRequest(otlp, mark.row);
      }
      return verdict;
    } catch (error) {
      builder.rollback(mark);
      throw error;
    }
  }

  /**
   * Publishes the rows below `rowCount`, which the head had after some {@link append}. `walSequence`: of the record that made them
   * durable.
   */
  commit(rowCount: number, walSequence?: number): void {
    assert(
      rowCount >= this.committedRowCount && rowCount <= this.rowCount,
      `commit of ${rowCount} rows: ${this.committedRowCount} are committed, ${this.rowCount} are there`
    );
    if (walSequence !== undefined) {
      this.minSequence = Math.min(walSequence, this.minSequence ?? walSequence);
      this.maxSequence = Math.max(walSequence, this.maxSequence ?? walSequence);
    }
    if (rowCount === this.committedRowCount) {
      return;
    }
    while (this.marks.length > 0 && this.marks[0].row < rowCount) {
      this.marks.shift();
    }
    assert((this.marks[0]?.row ?? this.rowCount) === rowCount, `commit of ${rowCount} rows cuts a request`);
    this.pinned = undefined;
    Atomics.store(this.committed, 0, rowCount);
    if (this.requests !== undefined) {
      this.awake?.touch(this);
    }
  }

  /** Takes back the unpublished rows from `rowCount` on, which the head had before some {@link append}. */
  rollback(rowCount: number): void {
    if (rowCount === this.rowCount) {
      return;
    }
    const index = this.marks.findIndex((mark) => mark.row === rowCount);
    assert(index >= 0, `rollback to ${rowCount} rows: no unpublished request begins there`);
    this.wake().rollback(this.marks[index]);
    this.marks.length = index;
    while (this.requests?.at(-1) !== undefined && this.requests[this.requests.length - 1].row >= rowCount) {
      this.requestBytes -= this.requests.pop()!.otlp.length;
    }
  }

  /** The published rows, pinned. Plain data that can be posted to a worker: see `openSnapshot`. */
  snapshot(): HeadSnapshot {
    return (this.pinned ??= snapshotOf(this.wake(), this.committedRowCount));
  }

  /** Gives the columns back, snapshots aside, until they are asked for again. Does nothing while requests are unpublished. */
  rest(): void {
    const { minStartUnixNanos, maxEndUnixNanos, rowCount, traceCount } = this;
    if (
      this.requests === undefined ||
      this.marks.length > 0 ||
      minStartUnixNanos === undefined ||
      maxEndUnixNanos === undefined
    ) {
      return;
    }
    this.resting = { rowCount, traceCount, minStartUnixNanos, maxEndUnixNanos };
    this.columns = undefined;
    this.pinned = undefined;
  }

  /** The head is not used any more; snapshots stay as they are. */
  close(): void {
    this.awake?.forget(this);
  }

  /** Sanity of the indexes, for tests: throws when they disagree with the rows. Linear in the rows. */
  verify(): void {
    const { rows, traces, spanIndex } = this.wake();
    for (let row = 0; row < rows.count; row++) {
      const ordinal = rows.wordAt(row, rowColumns.trace);
      let found = spanIndex.find(ordinal, rows.wordAt(row, rowColumns.spanId), rows.wordAt(row, rowColumns.spanId, 1));
      while (found > row) {
        found = spanIndex.older(found);
      }
      assert(found === row, `row ${row} is not found by its ids`);
      assert(
        ordinal < traces.count && traces.lastRow(ordinal) >= row,
        `row ${row}: its trace ${ordinal} ends before it`
      );
    }
  }

  /** The columns, made of the requests where the head rested. */
  private wake(): HeadBuilder {
    let { columns } = this;
    if (columns === undefined) {
      columns = new HeadBuilder();
      const walker = this.walker ?? new OtlpWalker();
      for (const { otlp } of this.requests ?? []) {
        walker.walk(otlp, columns, this.limits);
      }
      const rows = this.resting?.rowCount ?? 0;
      assert(columns.rows.count === rows, `a head of ${rows} rows wakes with ${columns.rows.count}`);
      this.columns = columns;
      this.resting = undefined;
    }
    if (this.requests !== undefined) {
      this.awake?.touch(this);
    }
    return columns;
  }

  private keepRequest(otlp: Uint8Array, row: number): void {
    if (this.requests === undefined) {
      return;
    }
    this.requestBytes += otlp.length;
    if (this.requestBytes > restBytesMax) {
      this.requests = undefined;
      this.requestBytes = 0;
      this.awake?.forget(this);
    } else {
      this.requests.push({ otlp: new Uint8Array(otlp), row }); // the caller's buffer may be written to again
    }
  }
}

function unsigned(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
