import { utf8FromText } from '../../base/bytes.ts';
import type { ColumnKey, PlainSink, RowSet, ValueDictionary } from '../row-set.ts';
import { type ListBuilder, falseCode, trueCode } from './list-builder.ts';
import { attributeFields } from './list-schema.ts';

/** Takes one number as it is copied out of a dictionary. */
class NumberSink implements PlainSink {
  low = 0;
  high = 0;

  words(words: Int32Array, word: number): void {
    this.low = words[word];
    this.high = words[word + 1];
  }
}

/** A value of a folded key. */
interface FoldedValue {
  /** Of the row group. */
  readonly row: number;
  readonly key: number;
  readonly code: number;
}

/**
 * Fills the list `attributes` of one row group with the folded keys, row by row, keys in file order. Answers in how many of the rows each
 * of `keys` has a value. `places`: see `RowPlaces`. Time: the values of a key in the whole row set, or all rows where they are many.
 */
export function foldKeys(
  rowSet: RowSet,
  rows: Uint32Array,
  places: Uint32Array,
  keys: readonly ColumnKey[],
  list: ListBuilder
): number[] {
  const values: FoldedValue[] = [];
  const dictionaries: (ValueDictionary | undefined)[] = [];
  const counts = keys.map(({ scope, key, type }, index) => {
    const before = values.length;
    const sparse = rowSet.sparseColumn?.(scope, key, type);
    const column = sparse ?? rowSet.column(scope, key, type);
    dictionaries.push(column?.dictionary);
    if (sparse !== undefined) {
      for (let i = 0; i < sparse.rows.length; i++) {
        const place = places[sparse.rows[i]];
        if (place !== 0) {
          values.push({ row: place - 1, key: index, code: sparse.codes[i] });
        }
      }
    } else if (column !== undefined) {
      const { codes } = column;
      for (let row = 0; row < rows.length; row++) {
        if (codes[rows[row]] !== 0) {
          values.push({ row, key: index, code: codes[rows[row]] });
        }
      }
    }
    return values.length - before;
  });
  values.sort((a, b) => a.row - b.row || a.key - b.key);
  const names = keys.map(({ scope, key }) => ({ scope: utf8FromText(scope), key: utf8FromText(key) }));
  const sink = new NumberSink();
  let next = 0;
  for (let row = 0; row < rows.length; row++) {
    for (; next < values.length && values[next].row === row; next++) {
      const { key, code } = values[next];
      list.add();
      list.setBytes(attributeFields.owner, names[key].scope, 0, names[key].scope.length);
      list.setBytes(attributeFields.key, names[key].key, 0, names[key].key.length);
      setValue(list, dictionaries[key] as ValueDictionary, code - 1, sink);
    }
    list.endRow();
  }
  return counts;
}

function setValue(list: ListBuilder, dictionary: ValueDictionary, entry: number, sink: NumberSink): void {
  switch (dictionary.type) {
    case 'bool':
      list.set(attributeFields.bool, dictionary.boolAt(entry) ? trueCode : falseCode);
      return;
    case 'int':
    case 'double': {
      if (dictionary.copyWords === undefined) {
        copyNumber(dictionary, entry, sink);
      } else {
        dictionary.copyWords(entry, sink);
      }
      list.setWords(dictionary.type === 'int' ? attributeFields.int : attributeFields.double, sink.low, sink.high);
      return;
    }
    default: {
      const bytes = dictionary.bytesAt(entry);
      list.setBytes(
        dictionary.type === 'string' ? attributeFields.string : attributeFields.other,
        bytes,
        0,
        bytes.length
      );
    }
  }
}

function copyNumber(dictionary: ValueDictionary, entry: number, sink: NumberSink): void {
  const view = new DataView(new ArrayBuffer(8));
  if (dictionary.type === 'int') {
    view.setBigInt64(0, dictionary.intAt(entry), true);
  } else {
    view.setFloat64(0, dictionary.numberAt(entry), true);
  }
  sink.low = view.getInt32(0, true);
  sink.high = view.getInt32(4, true);
}
