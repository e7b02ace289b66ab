import { CorruptionError } from '../../base/coded-error.ts';
import { type ListFieldReader } from '../parquet/list-field-reader.ts';
import { pageOfRow } from '../parquet/chunk-reader.ts';
import type { ReadListField } from './event-lists.ts';

/** One page of a list, all fields together. */
export interface ListPage {
  /** First row of the page in the row group. */
  readonly rowStart: number;
  /** Elements of row i of the page: [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  readonly fields: readonly ReadListField[];
}

/** A list of a row group. Pages are decoded on first use and kept; methods throw `corrupt` then. */
export class ListReader {
  private readonly file: string;
  private readonly fields: readonly ListFieldReader[];
  private readonly pages: (ListPage | undefined)[] = [];

  /** `fields`: of one list, in the order of its schema. */
  constructor(file: string, fields: readonly ListFieldReader[]) {
    this.file = file;
    this.fields = fields;
  }

  get pageCount(): number {
    return this.fields[0].rowStarts.length - 1;
  }

  /** The page that holds a row. */
  pageOfRow(row: number): ListPage {
    return this.page(pageOfRow(this.fields[0].rowStarts, row));
  }

  page(index: number): ListPage {
    return (this.pages[index] ??= this.decode(index));
  }

  private decode(index: number): ListPage {
    const [first] = this.fields;
    const rowStart = first.rowStarts[index];
    const pages = this.fields.map((field) => field.page(index));
    const { starts } = pages[0];
    // Each field says where rows begin; what they say was compared with checksums, but a faulty writer must not mix up values.
    const agree = pages.every(
      (page, i) =>
        page.starts.length === starts.length &&
        page.starts.every((start, row) => start === starts[row]) &&
        this.fields[i].rowStarts[index] === rowStart
    );
    if (!agree) {
      throw new CorruptionError(this.file, 0, 'fields of one list with the same elements', `others in page ${index}`);
    }
    return { rowStart, starts, fields: pages };
  }
}
