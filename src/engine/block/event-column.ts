import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import type { CodedColumn, ColumnKey, ValueDictionary } from '../row-set.ts';
import { newCodes } from '../parquet/hybrid.ts';
import { encodeEventLists } from './event-lists.ts';
import type { ListPage, ListReader } from './list-reader.ts';
import { attributeFields } from './list-schema.ts';

/** The two lists that events, or links, stand in. */
export interface EventLists {
  readonly kind: 'events' | 'links';
  readonly owners: ListReader;
  readonly attributes: ListReader;
}

/** Events (or links) of rows as the raw column of a row set: an entry for each row that has some, encoded when it is asked for. */
export function eventColumn(key: ColumnKey, lists: EventLists, rows: Uint32Array): CodedColumn | undefined {
  const withEvents: number[] = [];
  const codes = newCodes(rows.length, rows.length);
  let page: ListPage | undefined;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (page === undefined || row < page.rowStart || row - page.rowStart >= page.starts.length - 1) {
      page = lists.owners.pageOfRow(row);
    }
    const inPage = row - page.rowStart;
    if (page.starts[inPage] < page.starts[inPage + 1]) {
      codes[i] = withEvents.push(row);
    }
  }
  return withEvents.length === 0
    ? undefined
    : { key, codes, dictionary: new EventDictionary(lists, Uint32Array.from(withEvents)) };
}

/** Entry e is the fields of row `rows[e]`. Two rows may say the same. */
class EventDictionary implements ValueDictionary {
  readonly type = 'raw';
  private readonly lists: EventLists;
  private readonly rows: Uint32Array;

  constructor(lists: EventLists, rows: Uint32Array) {
    this.lists = lists;
    this.rows = rows;
  }

  get size(): number {
    return this.rows.length;
  }

  bytesAt(entry: number): Uint8Array {
    const { kind, owners, attributes } = this.lists;
    const row = this.rows[entry];
    return encodeEventLists(kind, sliceOf(owners.pageOfRow(row), row), sliceOf(attributes.pageOfRow(row), row));
  }

  mayHaveAttribute(key: Uint8Array): boolean {
    const keys = this.lists.attributes.dictionaryOf(attributeFields.key);
    for (let entry = 0; entry < (keys?.size ?? 0); entry++) {
      if (equalBytes(keys!.bytesAt(entry), key)) {
        return true;
      }
    }
    return keys === undefined;
  }

  textAt(): string {
    return refuse('text');
  }

  intAt(): bigint {
    return refuse('int');
  }

  numberAt(): number {
    return refuse('number');
  }

  boolAt(): boolean {
    return refuse('bool');
  }
}

function sliceOf({ fields, starts, rowStart }: ListPage, row: number): Parameters<typeof encodeEventLists>[1] {
  return { fields, start: starts[row - rowStart], end: starts[row - rowStart + 1] };
}

function refuse(asked: string): never {
  assert(false, `a dictionary of type raw has no ${asked} entries`);
}
