import type { RowSet } from '../row-set.ts';

/** Where each row of a row set stands among some rows of it, plus one; 0 for the others. One array serves one list of rows after the other. */
export class RowPlaces {
  private places = new Uint32Array(0);
  private rows = new Uint32Array(0);

  /** Until the next call. `rows` must not change meanwhile. */
  of(rowSet: RowSet, rows: Uint32Array): Uint32Array {
    if (this.places.length < rowSet.rowCount) {
      this.places = new Uint32Array(rowSet.rowCount);
    } else {
      for (let i = 0; i < this.rows.length; i++) {
        this.places[this.rows[i]] = 0;
      }
    }
    for (let i = 0; i < rows.length; i++) {
      this.places[rows[i]] = i + 1;
    }
    this.rows = rows as Uint32Array<ArrayBuffer>;
    return this.places;
  }
}
