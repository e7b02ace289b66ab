import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { nodeCodecs } from '../../server/node-codecs.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import { bytesFromHex, hexFromBytes } from '../../trace/ids.ts';
import type { Span } from '../../trace/model.ts';
import { randomSpans } from '../head/testing.ts';
import type { CodedColumn, ColumnKey, RowSet, ValueDictionary } from '../row-set.ts';
import type { PageSizes } from '../parquet/pages.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import { SimDisk } from '../sim-disk.ts';
import { type BlockReader, openBlock } from './block-reader.ts';
import { checkBlock } from './check-block.ts';
import { BlockWriter, type ColumnUse } from './block-writer.ts';
import type { BlockMeta } from './format.ts';
import { blockOrder, rowSetOfSpans } from './row-set-of-spans.ts';
import { writeBlock } from './write-block.ts';

const path = 'block.parquet';

interface WrittenBlock {
  readonly rowSet: RowSet;
  readonly rows: Uint32Array;
  readonly disk: SimDisk;
  readonly meta: BlockMeta;
  readonly reader: BlockReader;
}

/** A few spans make many pages. */
const smallPages = { rowsStep: 8, bytesWanted: 100 };

async function write(
  spans: readonly Span[],
  rowsMin = 50,
  rowsMax = 100,
  pageSizes?: PageSizes,
  columnChunksMax?: number
): Promise<WrittenBlock> {
  const rowSet = rowSetOfSpans(spans);
  const rows = blockOrder(rowSet);
  const disk = new SimDisk();
  const meta = await writeBlock(rowSet, rows, {
    disk,
    path,
    codecs: nodeCodecs,
    blockId: '01TEST',
    rowGroupRowsMin: rowsMin,
    rowGroupRowsMax: rowsMax,
    pageSizes,
    columnChunksMax,
  });
  return { rowSet, rows, disk, meta, reader: await openBlock(disk, meta, nodeCodecs) };
}

/** A dictionary entry as text, exact to the bit but for the payload of a NaN. */
function entryText(dictionary: ValueDictionary, entry: number): string {
  switch (dictionary.type) {
    case 'int':
      return String(dictionary.intAt(entry));
    case 'double':
      return Object.is(dictionary.numberAt(entry), -0) ? '-0' : String(dictionary.numberAt(entry));
    case 'bool':
      return String(dictionary.boolAt(entry));
    default:
      return hexFromBytes(dictionary.bytesAt(entry));
  }
}

function valuesOf(rowSet: RowSet, { scope, key, type }: ColumnKey, rows: ArrayLike<number>): (string | undefined)[] {
  const column = rowSet.column(scope, key, type);
  return Array.from(rows, (row) =>
    column === undefined || column.codes[row] === 0 ? undefined : entryText(column.dictionary, column.codes[row] - 1)
  );
}

const everyRow = (rowSet: RowSet): Uint32Array => Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row);

test('random spans come back equal: columns, spans, groups of whole traces, dictionaries', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = seededRandom(seed);
    const spans = randomSpans(random, 1 + random.below(400));
    const { rowSet, rows, meta, reader } = await write(
      spans,
      50,
      100,
      seed % 2 === 0 ? smallPages : undefined,
      random.pick([undefined, 0, 100])
    );
    assert.equal(meta.spans, spans.length, `seed ${seed}`);
    assert.equal(
      reader.rowGroups.reduce((sum, group) => sum + group.rowCount, 0),
      spans.length
    );
    assert.deepEqual(
      new Set(reader.columnKeys.map((key) => JSON.stringify([key.scope, key.key, key.type]))),
      new Set(rowSet.columnKeys.map((key) => JSON.stringify([key.scope, key.key, key.type]))),
      `seed ${seed}`
    );
    const back: Span[] = [];
    let from = 0;
    for (let group = 0; group < reader.rowGroups.length; group++) {
      const read = await reader.readRowGroup(group, 'all');
      const sourceRows = rows.subarray(from, from + read.rowCount);
      from += read.rowCount;
      for (const key of reader.columnKeys) {
        const expected = valuesOf(rowSet, key, sourceRows);
        const distinct = new Set(expected.filter((value) => value !== undefined));
        assert.deepEqual(valuesOf(read, key, everyRow(read)), expected, `seed ${seed}, ${JSON.stringify(key)}`);
        assert.equal(reader.hasColumn(group, key), distinct.size > 0);
        if (key.type === 'raw') {
          continue; // entries of events and links are as many as rows
        }
        const dictionary = await reader.readDictionary(group, key);
        const entries = Array.from({ length: dictionary?.size ?? 0 }, (_, entry) =>
          entryText(dictionary as ValueDictionary, entry)
        );
        assert.equal(entries.length, distinct.size, `seed ${seed}: entries are distinct and all used`);
        assert.deepEqual(new Set(entries), distinct);
      }
      back.push(...spansOfRows(read, everyRow(read)));
      await checkNarrow(reader, group, random);
      assert.equal(hexFromBytes(await reader.readTraceIds(group)), hexFromBytes(read.traceIds));
    }
    assert.deepEqual(back.map(canonicalSpan), spansOfRows(rowSet, rows).map(canonicalSpan), `seed ${seed}`);
    assert.deepEqual(back.map(canonicalSpan).sort(), spans.map(canonicalSpan).sort(), `seed ${seed}`);
  }
});

/** Few rows, in any order, of a row group that nothing has been decoded of yet. */
async function checkNarrow(reader: BlockReader, group: number, random: ReturnType<typeof seededRandom>): Promise<void> {
  const whole = await reader.readRowGroup(group, 'all');
  const fresh = await reader.readRowGroup(group, 'all');
  const rows = Uint32Array.from({ length: 1 + random.below(6) }, () => random.below(whole.rowCount));
  const narrow = fresh.narrow?.(rows);
  assert.ok(narrow !== undefined);
  const all = spansOfRows(whole, everyRow(whole)).map(canonicalSpan);
  assert.deepEqual(
    spansOfRows(narrow, everyRow(narrow)).map(canonicalSpan),
    Array.from(rows, (row) => all[row])
  );
  for (const key of reader.columnKeys) {
    const expected = valuesOf(whole, key, rows);
    assert.deepEqual(valuesOf(narrow, key, everyRow(narrow)), expected, JSON.stringify(key));
    assert.equal(
      narrow.column(key.scope, key.key, key.type) !== undefined,
      expected.some((value) => value !== undefined)
    );
  }
  for (let ordinal = 0; ordinal < narrow.traceCount; ordinal++) {
    assert.equal(narrow.findTrace(narrow.traceIds.subarray(16 * ordinal, 16 * ordinal + 16)), ordinal);
    assert.ok(Array.from(narrow.rowsOfTrace(ordinal)).every((row) => narrow.traceOfRow[row] === ordinal));
  }
}

test('row groups may come from row sets of their own, with columns of their own', async () => {
  const random = seededRandom(21);
  const spans = randomSpans(random, 300);
  const traceIds = [...new Set(spans.map(({ traceId }) => traceId))].sort();
  const cuts = [traceIds.slice(0, 5), traceIds.slice(5, 6), traceIds.slice(6)];
  const parts = cuts.map((ids) => rowSetOfSpans(spans.filter(({ traceId }) => ids.includes(traceId))));
  const uses = new Map<string, ColumnUse>();
  for (const key of parts.flatMap(({ columnKeys }) => columnKeys)) {
    uses.set(JSON.stringify([key.scope, key.key, key.type]), { key, rowCount: 1 });
  }
  const disk = new SimDisk();
  const options = { disk, path, codecs: nodeCodecs, blockId: '01PARTS', columns: [...uses.values()] };
  const writer = await BlockWriter.open(options);
  for (const part of parts) {
    await writer.rowGroup(part, blockOrder(part));
  }
  const meta = await writer.finish();
  const reader = await openBlock(disk, meta, nodeCodecs);
  assert.equal(reader.rowGroups.length, 3);
  assert.equal(meta.spans, spans.length);
  const back: Span[] = [];
  for (let group = 0; group < 3; group++) {
    const read = await reader.readRowGroup(group, 'all');
    back.push(...spansOfRows(read, everyRow(read)));
  }
  assert.deepEqual(back.map(canonicalSpan).sort(), spans.map(canonicalSpan).sort());
  for (const { key, rowCount } of reader.columnUses().filter((use) => use.key.type !== 'raw')) {
    const expected = parts
      .flatMap((part) => valuesOf(part, key, everyRow(part)))
      .filter((value) => value !== undefined);
    assert.equal(rowCount, expected.length, JSON.stringify(key));
  }

  const blind = await BlockWriter.open({ ...options, columns: options.columns.slice(1) });
  await assert.rejects(async () => {
    for (const part of parts) {
      await blind.rowGroup(part, blockOrder(part));
    }
  }, /unknown at open/);
  await blind.abort();
});

test('thousands of keys fold into one list, and every one of them is found', async () => {
  const random = seededRandom(17);
  const [template] = randomSpans(random, 1);
  const keyCount = 1500;
  const spans = Array.from({ length: 4000 }, (_, index): Span => ({
    ...template,
    traceId: hexFromBytes(random.fill(new Uint8Array(16))),
    spanId: hexFromBytes(random.fill(new Uint8Array(8))),
    events: [],
    links: [],
    attributes:
      index === 2000
        ? Array.from({ length: keyCount }, (_, key) => ({
            key: `key ${key}`,
            value: { type: 'int', value: BigInt(-key) },
          }))
        : [
            { key: 'often', value: { type: 'string', value: `value ${index % 7}` } },
            { key: `key ${random.below(keyCount)}`, value: { type: 'string', value: `needle ${index}` } },
          ],
  }));
  const { reader, meta } = await write(spans, 1000, 2000, undefined, 200);
  assert.ok(reader.rowGroups.length >= 3);
  const footerPerKey = meta.footerLength / keyCount;
  assert.ok(footerPerKey < 120, `${footerPerKey} bytes of footer a key`);
  const often = reader.columnKeys.find(({ key }) => key === 'often') as ColumnKey;
  const all = await Promise.all(reader.rowGroups.map((_, group) => reader.readRowGroup(group, 'all')));
  let found = 0;
  let mayBe = 0;
  for (const key of reader.columnKeys.filter((candidate) => candidate.key.startsWith('key '))) {
    for (const [group, rowSet] of all.entries()) {
      const column = rowSet.column(key.scope, key.key, key.type);
      assert.equal(reader.hasColumn(group, key), column !== undefined);
      for (let entry = 0; entry < (column?.dictionary.size ?? 0); entry++) {
        found++;
        const dictionary = (column as CodedColumn).dictionary;
        const value = key.type === 'int' ? dictionary.intAt(entry) : dictionary.bytesAt(entry);
        assert.equal(await reader.mayContain(group, key, value), true, `${key.key} in group ${group}`);
        mayBe += (await reader.mayContain(group, key, key.type === 'int' ? 77n : new TextEncoder().encode('pin')))
          ? 1
          : 0;
      }
    }
  }
  assert.equal(found, 3999 + keyCount, 'every value, once');
  assert.ok(mayBe < found / 20, `${mayBe} of ${found} values that are not there`);
  assert.ok(await reader.mayContain(0, often, new TextEncoder().encode('value 3')));
  const back = all.flatMap((rowSet) => spansOfRows(rowSet, everyRow(rowSet)));
  assert.deepEqual(back.map(canonicalSpan).sort(), spans.map(canonicalSpan).sort());
});

test('attributes of events and links are pruned by key and by value', async () => {
  const random = seededRandom(5);
  const spans = randomSpans(random, 400).map((span, index): Span => ({
    ...span,
    events: [
      {
        timeUnixNanos: 1n,
        name: 'e',
        droppedAttributesCount: 0,
        attributes: [{ key: `k${index}`, value: { type: 'string', value: `v${index}` } }],
      },
      {
        timeUnixNanos: 2n,
        name: 'e',
        droppedAttributesCount: 0,
        attributes: [{ key: 'n', value: { type: 'int', value: BigInt(index) } }],
      },
    ],
    links: [],
  }));
  const { reader } = await write(spans, 5000, 10_000);
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  let wrong = 0;
  for (let index = 0; index < 400; index++) {
    assert.ok(await reader.mayHaveEventAttribute(0, 'events', `k${index}`));
    assert.ok(await reader.mayHaveEventAttribute(0, 'events', `k${index}`, utf8(`v${index}`)));
    assert.ok(await reader.mayHaveEventAttribute(0, 'events', 'n', BigInt(index)));
    wrong += (await reader.mayHaveEventAttribute(0, 'events', `K${index}`)) ? 1 : 0;
    wrong += (await reader.mayHaveEventAttribute(0, 'events', `k${index}`, utf8(`v${index + 1}`))) ? 1 : 0;
    wrong += (await reader.mayHaveEventAttribute(0, 'events', 'n', BigInt(index + 1000))) ? 1 : 0;
    wrong += (await reader.mayHaveEventAttribute(0, 'links', `k${index}`)) ? 1 : 0;
  }
  assert.ok(wrong < 60, `${wrong} of 1600`);
});

test('a trace is found where it lies, and no other', async () => {
  const random = seededRandom(3);
  const spans = randomSpans(random, 300);
  const { reader } = await write(spans, 60, 120, smallPages);
  assert.ok(reader.rowGroups.length > 2);
  for (const traceId of new Set(spans.map((span) => span.traceId))) {
    const [place, ...more] = await reader.findTrace(bytesFromHex(traceId) as Uint8Array);
    assert.deepEqual(more, []);
    const rowSet = await reader.readRowGroup(place.rowGroup, []);
    const rows = rowSet.rowsOfTrace(place.ordinal);
    const trace = await reader.readTrace(place.rowGroup, place.ordinal, 'all');
    assert.deepEqual(
      spansOfRows(trace, everyRow(trace)).map(canonicalSpan).sort(),
      spans
        .filter((span) => span.traceId === traceId)
        .map(canonicalSpan)
        .sort()
    );
    assert.equal(rowSet.findTrace(bytesFromHex(traceId) as Uint8Array), place.ordinal);
    assert.equal(rows.length, spans.filter((span) => span.traceId === traceId).length);
    assert.ok(Array.from(rows).every((row) => rowSet.traceOfRow[row] === place.ordinal));
  }
  for (let i = 0; i < 50; i++) {
    assert.deepEqual(await reader.findTrace(random.fill(new Uint8Array(16))), []);
  }
});

test('mayContain is true for every value that is there and false for others, by dictionary, statistics or bloom', async () => {
  const random = seededRandom(11);
  // Many distinct values for the bloom, few for the dictionary, all distinct for a PLAIN column.
  const base = randomSpans(random, 4000);
  const spans = base.map((span, index): Span => ({
    ...span,
    traceId: (BigInt(1 + (index >> 2)) * 0x9e3779b97f4a7c15n).toString(16).padStart(32, 'a').slice(0, 32),
    attributes: [
      { key: 'many', value: { type: 'string', value: `many ${index >> 1}` } },
      { key: 'all', value: { type: 'int', value: BigInt(index) * 1_000_003n - 5n } },
      { key: 'few', value: { type: 'int', value: BigInt(index % 7) * 2n } },
    ],
  }));
  const { reader } = await write(spans, 10_000, 20_000);
  assert.equal(reader.rowGroups.length, 1);
  const many: ColumnKey = { scope: 'span', key: 'many', type: 'string' };
  const all: ColumnKey = { scope: 'span', key: 'all', type: 'int' };
  const few: ColumnKey = { scope: 'span', key: 'few', type: 'int' };
  let falsePositives = 0;
  for (let index = 0; index < 1000; index++) {
    assert.equal(await reader.mayContain(0, many, new TextEncoder().encode(`many ${index}`)), true);
    assert.equal(await reader.mayContain(0, all, BigInt(index) * 1_000_003n - 5n), true);
    falsePositives += (await reader.mayContain(0, all, BigInt(index) * 1_000_003n)) ? 1 : 0;
    falsePositives += (await reader.mayContain(0, many, new TextEncoder().encode(`mary ${index}`))) ? 1 : 0;
  }
  assert.ok(falsePositives < 60, `${falsePositives} false positives of 2000`);
  for (let value = -1n; value < 16n; value++) {
    assert.equal(await reader.mayContain(0, few, value), value >= 0n && value < 14n && value % 2n === 0n);
  }
  assert.equal(await reader.mayContain(0, few, 1n << 64n), false);
  assert.equal(await reader.mayContain(0, { scope: 'span', key: 'none', type: 'string' }, new Uint8Array()), false);
});

test('columns of UUIDs are stored as such, and only where all values are', async () => {
  const random = seededRandom(9);
  const uuid = (): string =>
    hexFromBytes(random.fill(new Uint8Array(16))).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const spans = randomSpans(random, 3000).map((span, index): Span => ({
    ...span,
    traceId: (BigInt(1 + (index >> 2)) << 64n).toString(16).padStart(32, '0'),
    attributes: [
      { key: 'id', value: { type: 'string', value: uuid() } },
      {
        key: 'pair',
        value: { type: 'string', value: index % 5 === 0 ? 'aaaaaaaa-0000-4000-8000-000000000000' : uuid() },
      },
      { key: 'mixed', value: { type: 'string', value: index === 77 ? uuid().toUpperCase() : uuid() } },
    ],
  }));
  const { reader, disk, meta } = await write(spans, 1000, 2000, smallPages);
  const isUuid = Object.fromEntries(reader.columnUses().map((use) => [use.key.key, use.isUuid]));
  assert.deepEqual([isUuid.id, isUuid.pair, isUuid.mixed, isUuid.name], [true, true, false, false]);
  const back: Span[] = [];
  for (let group = 0; group < reader.rowGroups.length; group++) {
    const read = await reader.readRowGroup(group, 'all');
    back.push(...spansOfRows(read, everyRow(read)));
    await checkNarrow(reader, group, random);
  }
  assert.deepEqual(back.map(canonicalSpan).sort(), spans.map(canonicalSpan).sort());
  const id: ColumnKey = { scope: 'span', key: 'id', type: 'string' };
  const sought = async (text: string): Promise<boolean> => {
    const answers = reader.rowGroups.map((_, group) => reader.mayContain(group, id, new TextEncoder().encode(text)));
    return (await Promise.all(answers)).includes(true);
  };
  for (const { attributes } of spans.slice(0, 100)) {
    const value = attributes[0].value as { value: string };
    assert.equal(await sought(value.value), true);
    assert.equal(await sought(value.value.slice(1)), false);
  }
  assert.deepEqual((await checkBlock(disk, meta, nodeCodecs)).errors, []);
});

test('keys of every kind come back exactly', async () => {
  const keys = [
    '',
    'a',
    'A',
    'a.b',
    'a"b',
    "a'b",
    'name',
    'trace_id',
    'a:int',
    'a~2',
    ' ',
    'é',
    '\u0000',
    '日本',
    'x'.repeat(300),
  ];
  const [template] = randomSpans(seededRandom(1), 1);
  const spans = keys.flatMap((key, index): Span[] => [
    {
      ...template,
      spanId: `${10 + 2 * index}`.padStart(16, '0'),
      attributes: [{ key, value: { type: 'string', value: 'v' } }],
    },
    {
      ...template,
      spanId: `${11 + 2 * index}`.padStart(16, '0'),
      attributes: [{ key, value: { type: 'int', value: 1n } }],
    },
  ]);
  const { reader } = await write(spans);
  const read = await reader.readRowGroup(0, 'all');
  assert.deepEqual(spansOfRows(read, everyRow(read)).map(canonicalSpan).sort(), spans.map(canonicalSpan).sort());
});
