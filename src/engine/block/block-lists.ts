import { assert } from '../../base/assert.ts';
import type { SchemaColumn } from '../parquet/metadata.ts';
import type { ChunkValues } from '../parquet/write.ts';
import type { ColumnKey, ColumnType, RowSet } from '../row-set.ts';
import { AttributeBloomBuilder, type AttributeOwner } from './attribute-bloom.ts';
import { EventWalker } from './event-lists.ts';
import { foldKeys } from './folded-writer.ts';
import { ListBuilder } from './list-builder.ts';
import { type ListName, attributeFields, listLeaves, listSchemas } from './list-schema.ts';

/** Intrinsics of a row set that stand in lists: a list for themselves and one for their attributes. */
export const eventLists = {
  events: ['events', 'event_attributes'],
  links: ['links', 'link_attributes'],
} as const satisfies Record<string, readonly [ListName, ListName]>;

/** Whether a key of a row set stands in lists instead of a column. */
export function isEventKey({ scope, key, type }: ColumnKey): boolean {
  return scope === 'intrinsic' && type === 'raw' && Object.hasOwn(eventLists, key);
}

/** The list columns of a block on their way into the file, one row group at a time. */
export class BlockLists {
  private readonly builders = new Map<ListName, ListBuilder>();
  private readonly walkers = new Map<'events' | 'links', EventWalker>();
  private readonly folded: readonly ColumnKey[];
  private readonly leafOf: readonly { readonly builder: ListBuilder; readonly field: number }[];

  /** `eventKeys`: those of {@link isEventKey}; `folded`: keys of the list `attributes`, in file order. */
  constructor(eventKeys: readonly ColumnKey[], folded: readonly ColumnKey[]) {
    this.folded = folded;
    for (const kind of ['events', 'links'] as const) {
      if (eventKeys.some(({ key }) => key === kind)) {
        const [owners, attributes] = eventLists[kind].map((name) => this.open(name));
        this.walkers.set(kind, new EventWalker(kind, owners, attributes));
      }
    }
    if (folded.length > 0) {
      this.open('attributes');
    }
    this.leafOf = [...this.builders.values()].flatMap((builder) =>
      listSchemas[builder.name].map((_, field) => ({ builder, field }))
    );
  }

  /** Leaves of all lists, in file order. */
  leaves(): SchemaColumn[] {
    return [...this.builders.values()].flatMap((builder) => listLeaves(builder.name, (field) => builder.isText[field]));
  }

  /** Takes the rows of the next row group (`places`: see `RowPlaces`); answers in how many of them each folded key has a value. */
  fill(rowSet: RowSet, rows: Uint32Array, places: Uint32Array): number[] {
    this.builders.forEach((builder) => builder.clear());
    for (const [kind, walker] of this.walkers) {
      const column = rowSet.column('intrinsic', kind, 'raw');
      for (const row of rows) {
        const code = column?.codes[row] ?? 0;
        walker.row(code === 0 ? undefined : column?.dictionary.bytesAt(code - 1));
      }
    }
    const attributes = this.builders.get('attributes');
    return attributes === undefined ? [] : foldKeys(rowSet, rows, places, this.folded, attributes);
  }

  /** Chunk of a leaf, by its position in {@link leaves}. */
  chunk(leaf: number): ChunkValues {
    const { builder, field } = this.leafOf[leaf];
    return builder.chunk(field);
  }

  /** Filters over keys and values of the lists of attributes. */
  blooms(): { list: ListName; bitset: Uint8Array }[] {
    const blooms: { list: ListName; bitset: Uint8Array }[] = [];
    const bloom = new AttributeBloomBuilder();
    for (const builder of this.builders.values()) {
      if (builder.name !== 'events' && builder.name !== 'links') {
        addAttributes(builder, bloom);
        const bitset = bloom.finish();
        if (bitset !== undefined) {
          blooms.push({ list: builder.name, bitset });
        }
      }
    }
    return blooms;
  }

  private open(name: ListName): ListBuilder {
    const builder = new ListBuilder(name);
    this.builders.set(name, builder);
    return builder;
  }
}

const soughtFields: readonly (readonly [field: number, type: ColumnType])[] = [
  [attributeFields.string, 'string'],
  [attributeFields.int, 'int'],
];

function addAttributes(builder: ListBuilder, bloom: AttributeBloomBuilder): void {
  const keys = builder.dictionaries[attributeFields.key];
  const scopes = builder.name === 'attributes' ? builder.dictionaries[attributeFields.owner] : undefined;
  assert(keys !== undefined, 'a list of attributes has keys');
  for (let element = 0; element < builder.elementCount; element++) {
    const key = keys.bytesAt(builder.codeOf(attributeFields.key, element) - 1);
    const owner =
      scopes === undefined
        ? builder.name === 'event_attributes'
          ? 'event'
          : 'link'
        : (scopes.textAt(builder.codeOf(attributeFields.owner, element) - 1) as AttributeOwner);
    const sought = soughtFields.find(([field]) => builder.codeOf(field, element) !== 0);
    if (sought === undefined) {
      bloom.add(owner, key, 'any', undefined);
    } else {
      const [field, type] = sought;
      bloom.add(owner, key, type, builder.dictionaries[field]?.bytesAt(builder.codeOf(field, element) - 1));
    }
  }
}
