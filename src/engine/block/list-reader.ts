import { CorruptionError } from '../../base/coded-error.ts';
import { type ListFieldReader } from '../parquet/list-field-reader.ts';
import { pageOfRow } from '../parquet/chunk-reader.ts';
import type { ValueDictionary } from '../row-set.ts';
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

  /** The values of a field in the whole row group, where they stand in a dictionary. */
  dictionaryOf(field: number): ValueDictionary | undefined {
    return this.fields[field].dictionary();
  }

  /** The page that holds a row. */
  pageOfRow(row: number): ListPage {
    return this.page(pageOfRow(this.fields[0].rowStarts, row));
  }

  page(index: number): ListPage {
    return (this.pages[index] ??= new LazyPage(this.file, this.fields, index));
  }
}

/** Most rows have no elements, and where none of those that are looked at has, one field's levels are all that is decoded. */
class LazyPage implements ListPage {
  readonly rowStart: number;
  readonly starts: Uint32Array;
  private readonly file: string;
  private readonly readers: readonly ListFieldReader[];
  private readonly index: number;
  private decoded: readonly ReadListField[] | undefined;

  constructor(file: string, readers: readonly ListFieldReader[], index: number) {
    const [first] = readers;
    this.file = file;
    this.readers = readers;
    this.index = index;
    this.rowStart = first.rowStarts[index];
    this.starts = first.page(index).starts;
  }

  get fields(): readonly ReadListField[] {
    return (this.decoded ??= this.readers.map((reader) => {
      const page = reader.page(this.index);
      // Checksums hold, but a faulty writer must not mix up whose values are whose.
      if (reader.rowStarts[this.index] !== this.rowStart || !equalWords(page.starts, this.starts)) {
        throw new CorruptionError(
          this.file,
          0,
          'fields of one list with the same elements',
          `others in page ${this.index}`
        );
      }
      return page;
    }));
  }
}

function equalWords(a: Uint32Array, b: Uint32Array): boolean {
  let isEqual = a.length === b.length;
  for (let i = 0; i < a.length && isEqual; i++) {
    isEqual = a[i] === b[i];
  }
  return isEqual;
}
