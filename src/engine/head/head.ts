import { assert } from '../../base/assert.ts';
import type { UnixNanos } from '../../trace/model.ts';
import { HeadBuilder, type BuilderMark } from './builder.ts';
import { defaultHeadLimits, type HeadLimits } from './limits.ts';
import { rowColumns } from './rows.ts';
import { snapshotOf, type HeadSnapshot } from './snapshot.ts';
import { OtlpWalker, type Verdict } from './walk.ts';

/**
 * Spans of one tenant that no block holds yet. One thread writes: {@link append} adds the rows of a request, {@link commit} publishes
 * them once they are durable, {@link rollback} takes back what is not published. Readers work on {@link snapshot}s, in any thread.
 */
export class Head {
  readonly limits: HeadLimits;
  private readonly walker: OtlpWalker | undefined;
  private readonly builder = new HeadBuilder();
  /** The number of published rows, shared. */
  private readonly committed = new Int32Array(new SharedArrayBuffer(4));
  /** Before each unpublished request, oldest first. */
  private readonly marks: BuilderMark[] = [];
  private pinned: HeadSnapshot | undefined = undefined;
  private minSequence: number | undefined = undefined;
  private maxSequence: number | undefined = undefined;

  /** `walker`: shared by the heads of one thread, as its buffers grow as big as a request; without it each request gets a fresh one. */
  constructor(limits: HeadLimits = defaultHeadLimits, walker?: OtlpWalker) {
    // A row counts its values in 16 bits.
    assert(limits.attributesMax <= 60_000, `attributesMax ${limits.attributesMax} is above 60000`);
    this.limits = limits;
    this.walker = walker;
  }

  /** Rows, unpublished ones included. */
  get rowCount(): number {
    return this.builder.rows.count;
  }

  get committedRowCount(): number {
    return Atomics.load(this.committed, 0);
  }

  /** Unpublished rows included. */
  get memoryBytes(): number {
    return this.builder.memoryBytes;
  }

  /** Earliest start of a row, published or not; `undefined` when there is none. */
  get minStartUnixNanos(): UnixNanos | undefined {
    return this.rowCount === 0 ? undefined : unsigned(this.builder.minStartLow, this.builder.minStartHigh);
  }

  /** Latest end of a row, published or not; `undefined` when there is none. */
  get maxEndUnixNanos(): UnixNanos | undefined {
    return this.rowCount === 0 ? undefined : unsigned(this.builder.maxEndLow, this.builder.maxEndHigh);
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
    const mark = this.builder.mark();
    try {
      const verdict = (this.walker ?? new OtlpWalker()).walk(otlp, this.builder, this.limits);
      if (this.rowCount > mark.row) {
        this.marks.push(mark);
      }
      return verdict;
    } catch (error) {
      this.builder.rollback(mark);
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
  }

  /** Takes back the unpublished rows from `rowCount` on, which the head had before some {@link append}. */
  rollback(rowCount: number): void {
    if (rowCount === this.rowCount) {
      return;
    }
    const index = this.marks.findIndex((mark) => mark.row === rowCount);
    assert(index >= 0, `rollback to ${rowCount} rows: no unpublished request begins there`);
    this.builder.rollback(this.marks[index]);
    this.marks.length = index;
  }

  /** The published rows, pinned. Plain data that can be posted to a worker: see `openSnapshot`. */
  snapshot(): HeadSnapshot {
    return (this.pinned ??= snapshotOf(this.builder, this.committedRowCount));
  }

  /** Sanity of the indexes, for tests: throws when they disagree with the rows. Linear in the rows. */
  verify(): void {
    const { rows, traces, spanIndex } = this.builder;
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
}

function unsigned(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
