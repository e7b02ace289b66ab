/**
 * Names and values of attributes. Without a filter they come from schemas and dictionaries alone, no row is read; with one, from the
 * spans that match it.
 */
import { CodedError } from '../../base/coded-error.ts';
import type {
  Answer,
  AttributeNameScope,
  AttributeNamesRequest,
  AttributeValuesRequest,
  TimeRange,
} from '../../store/trace-store.ts';
import { AttributeNameSets, AttributeValueSet } from '../../store/attribute-sets.ts';
import { parseAttribute } from '../../traceql/attributes.ts';
import type { OwnField, Query } from '../../traceql/ast.ts';
import { fieldsOf } from '../../traceql/conditions.ts';
import type { Static } from '../../traceql/static.ts';
import type { CodedColumn, ColumnKey, ValueDictionary } from '../row-set.ts';
import { decodeEvents, decodeKeyValues, decodeLinks } from '../../wire/otlp-protobuf.ts';
import { answer } from './answer.ts';
import { Progress, SourceRater } from './candidates.ts';
import { columnsOfField, columnsToEvaluate, rawColumnKey } from './field-columns.ts';
import type { RawColumn } from './field-columns.ts';
import { RowSetCache, TraceReader } from './fragments.ts';
import { staticOfEntry } from './match-rows.ts';
import { rawValues } from './raw-values.ts';
import { overlaps, windowNanos } from './prune.ts';
import { consumeSpans } from './matching-spans.ts';
import { NameConsumer, ValueConsumer } from './span-values.ts';
import { placesOf } from './view.ts';
import type { Source, StoreView } from './view.ts';
import type { ViewBlock } from './view-block.ts';

export async function attributeNamesView(
  view: StoreView,
  request: AttributeNamesRequest
): Promise<Answer<ReadonlyMap<AttributeNameScope, readonly string[]>>> {
  const progress = new Progress(view, request.signal);
  const reader = new TraceReader('all', progress.poll);
  let names = new AttributeNameSets();
  await progress.within(async () => {
    if (request.filter === undefined) {
      await addAllNames(view, request.range, progress, names);
    } else {
      const consumer = new NameConsumer(request.filter);
      const cache = new RowSetCache(columnsFor(request.filter, rawColumns.map(rawColumnKey)));
      await consumeSpans({ view, filter: request.filter, range: request.range, progress, cache, reader }, consumer);
      names = consumer.names;
    }
  });
  return answer(view, progress, reader, names.sorted());
}

export async function attributeValuesView(
  view: StoreView,
  request: AttributeValuesRequest
): Promise<Answer<readonly Static[]>> {
  const field = parseAttribute(request.attribute);
  if (field === undefined) {
    throw new CodedError('invalid_argument', `not an attribute: ${request.attribute}`);
  }
  const progress = new Progress(view, request.signal);
  const reader = new TraceReader(columnsFor(request.filter, columnsToEvaluate([field])), progress.poll);
  let values = new AttributeValueSet();
  await progress.within(async () => {
    if (request.filter === undefined && isInDictionaries(field)) {
      for await (const source of sourcesInRange(view, request.range, progress)) {
        await progress.point();
        await addValuesOfSource(source, field, values);
      }
    } else {
      const consumer = new ValueConsumer(field, request.filter);
      const cache = reader.scanCache;
      await consumeSpans({ view, filter: request.filter, range: request.range, progress, cache, reader }, consumer);
      values = consumer.values;
    }
  });
  const all = values.sorted();
  const result = answer<readonly Static[]>(view, progress, reader, all.slice(0, request.limit));
  return all.length <= request.limit
    ? result
    : {
        ...result,
        partial: true,
        warnings: [...result.warnings, `${all.length} values, the first ${request.limit} are listed`],
      };
}

/** Whether the values of a field can be read off dictionaries, without a look at rows. */
function isInDictionaries(field: OwnField): boolean {
  const { wholeTrace, fixed } = columnsOfField(field);
  return !wholeTrace && fixed === undefined && !(field.kind === 'intrinsic' && field.name === 'event:timeSinceStart');
}

/** What the filter needs, and more. */
function columnsFor(filter: Query | undefined, more: readonly ColumnKey[] | 'all'): readonly ColumnKey[] | 'all' {
  const columns = filter === undefined ? [] : columnsToEvaluate(fieldsOf(filter));
  return columns === 'all' || more === 'all' ? 'all' : [...columns, ...more];
}

async function* sourcesInRange(view: StoreView, range: TimeRange, progress: Progress): AsyncGenerator<Source> {
  const rater = new SourceRater({ kind: 'true' }, range, progress);
  for await (const source of rater.sources(placesOf(view), view)) {
    rater.leave(source);
    if (isInRange(source, range)) {
      yield source;
    }
  }
}

/** Raw columns and where the keys inside them belong. */
const rawColumns: readonly RawColumn[] = ['events', 'links', 'span_extra', 'resource_extra', 'scope_extra'];

/** Names of a place that lies in the range as a whole are kept: of a block that has been asked before, not even the footer is read. */
async function addAllNames(
  view: StoreView,
  range: TimeRange,
  progress: Progress,
  names: AttributeNameSets
): Promise<void> {
  const rater = new SourceRater({ kind: 'true' }, range, progress);
  const places = rater.remaining(placesOf(view));
  const told = places.map((place) =>
    place.kind === 'block' && isBlockWithin(place.block, range)
      ? (view.told?.get(namesKey(place.block)) as AttributeNameSets | undefined)
      : undefined
  );
  rater.expect(
    places.filter((_, at) => told[at] === undefined),
    view
  );
  for (const [at, place] of places.entries()) {
    const known = told[at];
    if (known !== undefined) {
      names.addNames(known);
      rater.leavePlace(place);
      continue;
    }
    const facts = new AttributeNameSets();
    const sources = await rater.open(place);
    for (const source of sources) {
      rater.leave(source);
      if (isInRange(source, range)) {
        await progress.point();
        await addNamesOfSource(source, facts);
      }
    }
    names.addNames(facts);
    if (place.kind === 'block' && sources.length > 0 && isBlockWithin(place.block, range)) {
      view.told?.set(namesKey(place.block), facts, bytesPerName * facts.size + 1000);
    }
  }
}

/** A name, its place in a set. */
const bytesPerName = 150;

function namesKey({ meta }: ViewBlock): string {
  return `${meta.path} all names`;
}

/** Whether the range takes in every row group of a block. */
function isBlockWithin({ known }: ViewBlock, range: TimeRange): boolean {
  return (
    (range.startUnixNanos === undefined || known.startUnixNanos + windowNanos >= range.startUnixNanos) &&
    (range.endUnixNanos === undefined || known.endUnixNanos - windowNanos <= range.endUnixNanos)
  );
}

function isInRange(source: Source, range: TimeRange): boolean {
  const group = source.kind === 'head' ? undefined : source.reader.rowGroups[source.rowGroup];
  return group === undefined || overlaps(group.startUnixNanos, group.endUnixNanos, range, windowNanos);
}

async function addNamesOfSource(source: Source, names: AttributeNameSets): Promise<void> {
  const keys = source.kind === 'head' ? source.rowSet.columnKeys : source.reader.columnKeys;
  for (const { scope, key } of keys) {
    if (scope !== 'intrinsic') {
      names.add(scope, key);
    }
  }
  for (const column of rawColumns) {
    if (source.kind === 'row-group' && (column === 'events' || column === 'links')) {
      const found = await source.reader.readEventAttributeKeys(source.rowGroup, column);
      if (found !== undefined) {
        found.forEach((name) => names.add(column === 'events' ? 'event' : 'link', name));
        continue;
      }
    }
    await forEachEntry(source, column, (dictionary, entry) => addRawNames(column, dictionary.bytesAt(entry), names));
  }
}

function addRawNames(column: RawColumn, bytes: Uint8Array, names: AttributeNameSets): void {
  switch (column) {
    case 'events':
      decodeEvents(bytes).forEach((event) => names.addAll('event', event.attributes));
      break;
    case 'links':
      decodeLinks(bytes).forEach((link) => names.addAll('link', link.attributes));
      break;
    case 'span_extra':
      names.addAll('span', decodeKeyValues(bytes));
      break;
    case 'resource_extra':
      names.addAll('resource', decodeKeyValues(bytes));
      break;
    case 'scope_extra':
      names.addAll('instrumentation', decodeKeyValues(bytes));
      break;
  }
}

async function addValuesOfSource(source: Source, field: OwnField, values: AttributeValueSet): Promise<void> {
  const columns = columnsOfField(field);
  for (const key of columns.coded) {
    await forEachCoded(source, key, (dictionary, entry) => {
      const value = staticOfEntry(dictionary, entry);
      if (value !== undefined) {
        values.add(value);
      }
    });
  }
  // Values in `*_extra` columns are mostly second occurrences of a key, which TraceQL does not see: not listed.
  for (const column of columns.raw.filter((raw) => raw === 'events' || raw === 'links')) {
    await forEachEntry(source, column, (dictionary, entry) =>
      rawValues(column, dictionary.bytesAt(entry), field)?.forEach((value) => values.add(value))
    );
  }
}

function forEachEntry(
  source: Source,
  column: RawColumn,
  visit: (dictionary: ValueDictionary, entry: number) => void
): Promise<void> {
  return forEachCoded(source, rawColumnKey(column), visit);
}

/** Every dictionary entry that some row uses. */
async function forEachCoded(
  source: Source,
  key: CodedColumn['key'],
  visit: (dictionary: ValueDictionary, entry: number) => void
): Promise<void> {
  if (source.kind === 'row-group') {
    // A row group's dictionary holds the values of its rows and no other.
    const dictionary = await source.reader.readDictionary(source.rowGroup, key);
    for (let entry = 0; entry < (dictionary?.size ?? 0); entry++) {
      visit(dictionary as ValueDictionary, entry);
    }
    return;
  }
  // A head's dictionary may hold values of rows that were rolled back or came after the snapshot.
  const column = source.rowSet.column(key.scope, key.key, key.type);
  if (column === undefined) {
    return;
  }
  const used = new Uint8Array(column.dictionary.size + 1);
  for (const code of column.codes) {
    used[code] = 1;
  }
  for (let entry = 0; entry < column.dictionary.size; entry++) {
    if (used[entry + 1] === 1) {
      visit(column.dictionary, entry);
    }
  }
}
