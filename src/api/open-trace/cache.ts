/**
 * Traces that somebody looks at, as columns, for a while: their rows are asked for part by part, and a person's questions follow each
 * other closely. Spans as objects take ten times the memory of columns: they are let go once all parts are encoded.
 */
import type { Clock } from '../../base/clock.ts';
import type { SpanTable, WholeSpanTable } from '../../trace/span-table.ts';
import { tableVersion } from '../vivace/skeleton.ts';
import { decodeSpanRows, encodeSpanRows } from '../vivace/span-rows.ts';
import { OpenTrace } from './open-trace.ts';

/** Rows of a part: about a megabyte compressed. */
export const partRows = 25_000;

/** One version of a trace. */
export class CachedTrace {
  readonly version: string;
  readonly table: SpanTable;
  /** Until every part is encoded. */
  private whole: WholeSpanTable | undefined;
  private readonly parts: Uint8Array<ArrayBuffer>[] = [];
  private opened: OpenTrace | undefined;

  constructor(whole: WholeSpanTable) {
    const { spans: _, ...table } = whole;
    this.table = table;
    this.whole = whole;
    this.version = tableVersion(table);
  }

  /** The rows `[rowStart, rowEnd)`, those beyond the table left out. */
  rows(rowStart: number, rowEnd: number): Uint8Array<ArrayBuffer> {
    const { rowCount } = this.table;
    const index = rowStart / partRows;
    if (
      Number.isInteger(index) &&
      rowStart < rowCount &&
      Math.min(rowEnd, rowCount) === Math.min(rowStart + partRows, rowCount)
    ) {
      return this.part(index);
    }
    return encodeSpanRows(
      this.whole ?? this.someSpans(rowStart, Math.min(rowEnd, rowCount)),
      this.version,
      rowStart,
      rowEnd
    );
  }

  /** Every row, for questions about attributes. */
  get open(): OpenTrace {
    if (this.opened === undefined) {
      const opened = new OpenTrace(this.table);
      for (let index = 0; index * partRows < this.table.rowCount; index++) {
        opened.add(decodeSpanRows(this.part(index)));
      }
      this.opened = opened;
    }
    return this.opened;
  }

  private part(index: number): Uint8Array<ArrayBuffer> {
    const known = this.parts[index];
    if (known !== undefined || this.whole === undefined) {
      return known;
    }
    const part = encodeSpanRows(this.whole, this.version, index * partRows, (index + 1) * partRows);
    this.parts[index] = part;
    const partCount = Math.ceil(this.table.rowCount / partRows);
    if (Array.from({ length: partCount }, (_, i) => this.parts[i]).every((each) => each !== undefined)) {
      this.whole = undefined;
    }
    return part;
  }

  private someSpans(rowStart: number, rowEnd: number): WholeSpanTable {
    const spans: WholeSpanTable['spans'][number][] = [];
    for (let row = rowStart; row < rowEnd; row++) {
      spans[row] = this.open.span(row)!;
    }
    return { ...this.table, spans };
  }
}

/** Of all traces together: about 300 bytes each as columns. */
const rowsMax = 1_500_000;
/** After the last question. */
const keptMs = 60_000;

interface Entry {
  readonly trace: CachedTrace;
  usedMs: number;
}

export class OpenTraceCache {
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  /** By tenant and trace, the one used last at the end. */
  private readonly entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock;
  }

  /** `undefined` when this version is not here. */
  get(tenant: string, traceId: string, version: string): CachedTrace | undefined {
    const key = keyOf(tenant, traceId);
    this.expire();
    const entry = this.entries.get(key);
    if (entry?.trace.version !== version) {
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, { ...entry, usedMs: this.clock.monotonicMs() });
    return entry.trace;
  }

  /** Replaces another version; the least recently used go. */
  set(tenant: string, traceId: string, trace: CachedTrace): void {
    const key = keyOf(tenant, traceId);
    this.entries.delete(key);
    this.entries.set(key, { trace, usedMs: this.clock.monotonicMs() });
    this.expire();
    let rows = 0;
    for (const [other, entry] of [...this.entries].reverse()) {
      rows += entry.trace.table.rowCount;
      if (rows > rowsMax && other !== key) {
        this.entries.delete(other);
      }
    }
  }

  private expire(): void {
    const oldestMs = this.clock.monotonicMs() - keptMs;
    for (const [key, { usedMs }] of this.entries) {
      if (usedMs < oldestMs) {
        this.entries.delete(key);
      }
    }
  }
}

/** Tenants may hold any character but none of them a zero byte. */
function keyOf(tenant: string, traceId: string): string {
  return `${tenant}\0${traceId}`;
}
