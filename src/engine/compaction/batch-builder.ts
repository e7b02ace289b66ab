import type { RowSet } from '../row-set.ts';
import type { Batch, BatchPart } from './merged-rows.ts';

/** One row of one row set. */
export interface RowPlace {
  readonly rowSet: RowSet;
  readonly row: number;
}

/** Rows of one row set that follow each other. */
export interface RowRun {
  readonly rowSet: RowSet;
  readonly rowStart: number;
  readonly length: number;
}

interface PartInMaking {
  readonly rowSet: RowSet;
  readonly rows: number[];
  readonly positions: number[];
}

/** Collects the rows of a batch, trace by trace. */
export class BatchBuilder {
  rowCount = 0;
  private readonly parts = new Map<RowSet, PartInMaking>();
  private readonly traceIds: Uint8Array[] = [];
  /** Position behind each trace's last row. */
  private readonly traceEnds: number[] = [];

  /** Ids come in ascending order. */
  addTrace(traceId: Uint8Array, rows: RowRun | readonly RowPlace[]): void {
    this.traceIds.push(traceId);
    if ('rowStart' in rows) {
      const part = this.partOf(rows.rowSet);
      for (let i = 0; i < rows.length; i++) {
        part.rows.push(rows.rowStart + i);
        part.positions.push(this.rowCount++);
      }
    } else {
      for (const { rowSet, row } of rows) {
        const part = this.partOf(rowSet);
        part.rows.push(row);
        part.positions.push(this.rowCount++);
      }
    }
    this.traceEnds.push(this.rowCount);
  }

  finish(): Batch {
    const traceIds = new Uint8Array(16 * this.traceIds.length);
    const traceOfRow = new Uint32Array(this.rowCount);
    this.traceIds.forEach((id, trace) => {
      traceIds.set(id, 16 * trace);
      traceOfRow.fill(trace, trace === 0 ? 0 : this.traceEnds[trace - 1], this.traceEnds[trace]);
    });
    const parts: BatchPart[] = [...this.parts.values()].map(({ rowSet, rows, positions }) => ({
      rowSet,
      rows: Uint32Array.from(rows),
      positions: Uint32Array.from(positions),
    }));
    return { rowCount: this.rowCount, parts, traceIds, traceOfRow };
  }

  private partOf(rowSet: RowSet): PartInMaking {
    let part = this.parts.get(rowSet);
    if (part === undefined) {
      part = { rowSet, rows: [], positions: [] };
      this.parts.set(rowSet, part);
    }
    return part;
  }
}
