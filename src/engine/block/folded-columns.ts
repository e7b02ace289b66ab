import { newCodes } from '../parquet/hybrid.ts';
import {
  sparseShare,
  type CodedColumn,
  type ColumnKey,
  type ColumnScope,
  type ColumnType,
  type SparseColumn,
  type ValueDictionary,
} from '../row-set.ts';
import { BoolDictionary } from '../parquet/values.ts';
import { ByteDictionary } from './byte-dictionary.ts';
import { columnKeyText } from './column-names.ts';
import type { ListPage, ListReader } from './list-reader.ts';
import { attributeFields } from './list-schema.ts';

const valueFields: readonly (readonly [field: number, type: ColumnType])[] = [
  [attributeFields.string, 'string'],
  [attributeFields.int, 'int'],
  [attributeFields.double, 'double'],
  [attributeFields.bool, 'bool'],
  [attributeFields.other, 'any'],
];

/** Where the values of one folded key are: parallel arrays, ascending by row. */
interface Occurrences {
  readonly key: ColumnKey;
  readonly field: number;
  readonly positions: number[];
  readonly pages: ListPage[];
  readonly elements: number[];
}

/**
 * The columns of the keys folded into a list, for some rows of a row group. The list is walked once; each column is made when it is asked
 * for and not kept, because thousands of them would fill the memory that folding saves.
 */
export class FoldedColumns {
  private readonly rowCount: number;
  private readonly occurrences = new Map<string, Occurrences>();

  /** Errors: `corrupt`. */
  constructor(list: ListReader, rows: Uint32Array) {
    this.rowCount = rows.length;
    let page: ListPage | undefined;
    let names = new Map<number, Occurrences>();
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (page === undefined || row < page.rowStart || row - page.rowStart >= page.starts.length - 1) {
        page = list.pageOfRow(row);
        names = new Map();
      }
      const inPage = row - page.rowStart;
      for (let element = page.starts[inPage]; element < page.starts[inPage + 1]; element++) {
        const found = this.occurrencesOf(page, element, names);
        if (found !== undefined) {
          found.positions.push(i);
          found.pages.push(page);
          found.elements.push(element);
        }
      }
    }
  }

  column(key: ColumnKey): CodedColumn | undefined {
    const found = this.occurrences.get(columnKeyText(key));
    if (found === undefined) {
      return undefined;
    }
    const { dictionary, codes: values } = valuesOf(found);
    const codes = newCodes(this.rowCount, found.positions.length);
    found.positions.forEach((position, i) => {
      codes[position] = values[i];
    });
    return { key: found.key, codes, dictionary };
  }

  sparseColumn(key: ColumnKey): SparseColumn | undefined {
    const found = this.occurrences.get(columnKeyText(key));
    if (found === undefined || found.positions.length * sparseShare > this.rowCount) {
      return undefined;
    }
    return { key: found.key, rows: Uint32Array.from(found.positions), ...valuesOf(found) };
  }

  /** `names`: of one page, by scope, key and type as codes. */
  private occurrencesOf(page: ListPage, element: number, names: Map<number, Occurrences>): Occurrences | undefined {
    const { fields } = page;
    const value = valueFields.find(([field]) => fields[field].codes[element] !== 0);
    if (value === undefined) {
      return undefined;
    }
    const [field, type] = value;
    const scope = fields[attributeFields.owner];
    const keys = fields[attributeFields.key];
    const scopeCount = scope.dictionary.size + 1;
    const name = (keys.codes[element] * scopeCount + scope.codes[element]) * 8 + field;
    let found = names.get(name);
    if (found === undefined) {
      const key: ColumnKey = {
        scope: scope.dictionary.textAt(scope.codes[element] - 1) as ColumnScope,
        key: keys.dictionary.textAt(keys.codes[element] - 1),
        type,
      };
      const text = columnKeyText(key);
      found = this.occurrences.get(text) ?? { key, field, positions: [], pages: [], elements: [] };
      this.occurrences.set(text, found);
      names.set(name, found);
    }
    return found;
  }
}

/** The distinct values of a key, and the code of each occurrence. */
function valuesOf({ key, field, positions, pages, elements }: Occurrences): {
  dictionary: ValueDictionary;
  codes: Uint32Array;
} {
  const codes = new Uint32Array(positions.length);
  if (key.type === 'bool') {
    const values = positions.map((_, i) => {
      const { codes: bools, dictionary } = pages[i].fields[field];
      return dictionary.boolAt(bools[elements[i]] - 1);
    });
    const distinct = [false, true].filter((value) => values.includes(value));
    values.forEach((value, i) => {
      codes[i] = 1 + distinct.indexOf(value);
    });
    return { codes, dictionary: new BoolDictionary(distinct) };
  }
  const values = new ByteDictionary(key.type, positions.length);
  for (let i = 0; i < positions.length; i++) {
    const { codes: source, dictionary } = pages[i].fields[field];
    codes[i] = values.codeOf(dictionary.bytesAt(source[elements[i]] - 1));
  }
  return { codes, dictionary: values };
}
