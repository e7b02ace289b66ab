/** DuckDB as the oracle: an independent reader of Parquet sees in our files what we wrote. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { seededRandom } from '../../src/base/random.ts';
import { physicalNames } from '../../src/engine/block/column-names.ts';
import { randomSpans } from '../../src/engine/head/testing.ts';
import type { ColumnKey, RowSet } from '../../src/engine/row-set.ts';
import { hexFromBytes } from '../../src/trace/ids.ts';
import { type Attribute, type Span, attributeOf, durationNanosOf, serviceNameOf } from '../../src/trace/model.ts';
import { type BlockFile, blockOf, readerOf } from './blocks.ts';

type Row = Record<string, unknown>;

let directory: string;
let connection: DuckDBConnection;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vivace-format-'));
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});

after(() => {
  connection.closeSync();
  rmSync(directory, { recursive: true });
});

async function rowsOf(block: BlockFile, sql: string): Promise<Row[]> {
  const file = join(directory, 'block.parquet');
  writeFileSync(file, block.bytes);
  return (await connection.runAndReadAll(sql.replaceAll('block.parquet', file))).getRowObjectsJS();
}

/** What DuckDB can compute of a column too: values, distinct values, and a sum or the sum of lengths. */
function sumsOf(rowSets: readonly RowSet[], { scope, key, type }: ColumnKey): unknown[] {
  let present = 0;
  const distinct = new Set<string>();
  let sum = 0n;
  for (const rowSet of rowSets) {
    const column = rowSet.column(scope, key, type);
    for (const code of column?.codes ?? []) {
      if (code === 0 || column === undefined) {
        continue;
      }
      present++;
      const { dictionary } = column;
      if (type === 'int') {
        sum += dictionary.intAt(code - 1);
        distinct.add(String(dictionary.intAt(code - 1)));
      } else if (type === 'bool') {
        sum += dictionary.boolAt(code - 1) ? 1n : 0n;
        distinct.add(String(dictionary.boolAt(code - 1)));
      } else if (type === 'double') {
        sum += dictionary.numberAt(code - 1) > 1 ? 1n : 0n;
        distinct.add(String(dictionary.numberAt(code - 1)));
      } else {
        sum += BigInt(dictionary.bytesAt(code - 1).length);
        distinct.add(hexFromBytes(dictionary.bytesAt(code - 1)));
      }
    }
  }
  return [present, distinct.size, sum];
}

const sumSql: Record<ColumnKey['type'], (column: string) => string> = {
  int: (column) => `sum(${column}::hugeint)`,
  bool: (column) => `count(*) FILTER (${column})`,
  double: (column) => `count(*) FILTER (${column} > 1 AND NOT isnan(${column}))`,
  string: (column) => `sum(strlen(${column}))`,
  any: (column) => `sum(octet_length(${column}))`,
  raw: (column) => `sum(octet_length(${column}))`,
};

test('DuckDB sees the same counts, distinct values and sums in every column', async () => {
  const seed = 77;
  const spans = randomSpans(seededRandom(seed), 1500);
  const block = await blockOf(spans, { rowsMin: 500, pageSizes: { rowsStep: 64, bytesWanted: 256 } });
  const reader = await readerOf(block);
  const rowSets = await Promise.all(reader.rowGroups.map((_, group) => reader.readRowGroup(group, 'all')));
  const keys = reader.columnKeys.filter(({ key, type }) => type !== 'raw' || (key !== 'events' && key !== 'links'));
  const names = physicalNames(keys);
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`);
  const columns = keys.map(
    (key, i) =>
      `[count(${quoted[i]})::hugeint, count(DISTINCT ${quoted[i]})::hugeint, coalesce(${sumSql[key.type](quoted[i])}, 0)::hugeint] AS c${i}`
  );
  const [row] = await rowsOf(block, `SELECT ${columns.join(', ')} FROM 'block.parquet'`);
  keys.forEach((key, i) => {
    assert.deepEqual(
      (row[`c${i}`] as unknown[]).map(String),
      sumsOf(rowSets, key).map(String),
      `seed ${seed}: ${quoted[i]}`
    );
  });

  const [fixed] = await rowsOf(
    block,
    `SELECT count(*) AS rows, count(DISTINCT trace_id) AS traces, count(*) FILTER (parent_span_id IS NOT NULL OR parent_index > 0) AS parents, sum(kind) AS kinds,
      sum(status_code) AS codes, sum(start_unix_nano)::varchar AS starts, sum(duration_nano)::varchar AS durations,
      count(trace_duration_nano) AS summaries, sum(trace_span_count) AS summarySpans, sum(trace_error_count) AS summaryErrors
    FROM 'block.parquet'`
  );
  const sum = (of: (span: Span) => bigint): bigint => spans.reduce((total, span) => total + of(span), 0n);
  const traces = new Set(spans.map((span) => span.traceId)).size;
  assert.deepEqual(
    Object.fromEntries(Object.entries(fixed).map(([key, value]) => [key, String(value)])),
    {
      rows: '1500',
      traces: `${traces}`,
      parents: `${spans.filter((span) => span.parentSpanId !== '').length}`,
      kinds: `${sum((span) => BigInt(span.kind))}`,
      codes: `${sum((span) => BigInt(span.statusCode))}`,
      starts: `${sum((span) => span.startUnixNanos)}`,
      durations: `${sum((span) => BigInt.asIntN(64, durationNanosOf(span)))}`,
      summaries: `${traces}`,
      summarySpans: '1500',
      summaryErrors: `${spans.filter((span) => span.statusCode === 2).length}`,
    },
    `seed ${seed}`
  );
});

/** The parent of every span, as docs/format/block.md has it. */
const parentSql = `coalesce(parent_span_id, list(span_id) OVER (PARTITION BY trace_id ORDER BY start_unix_nano, span_id
  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)[parent_index])`;

test('parents come back through parent_index, or as they are where it has none', async () => {
  const seed = 5;
  const spans = [...shop(seed), ...randomSpans(seededRandom(seed), 400)];
  const rows = await rowsOf(
    await blockOf(spans, 100),
    `SELECT lower(hex(trace_id) || hex(span_id) || coalesce(hex(${parentSql}), '')) AS ids FROM 'block.parquet'`
  );
  assert.deepEqual(
    rows.map(({ ids }) => ids).sort(),
    spans.map(({ traceId, spanId, parentSpanId }) => traceId + spanId + parentSpanId).sort(),
    `seed ${seed}`
  );
  const [{ stored }] = await rowsOf(
    await blockOf(shop(seed), 100),
    `SELECT count(parent_span_id) AS stored FROM 'block.parquet'`
  );
  assert.equal(Number(stored), 0, 'no parent of a whole trace is stored twice');
});

test('events, links and their typed attributes are lists for DuckDB', async () => {
  const seed = 31;
  const spans = randomSpans(seededRandom(seed), 600);
  const block = await blockOf(spans, 200);
  for (const [list, owner, of] of [
    ['event_attributes', 'event', (span: Span) => span.events],
    ['link_attributes', 'link', (span: Span) => span.links],
  ] as const) {
    const rows = await rowsOf(
      block,
      `SELECT a.* FROM (SELECT lower(hex(span_id)) AS span_id, unnest(${list}) AS a FROM 'block.parquet')`
    );
    const expected = spans.flatMap((span) =>
      of(span).flatMap(({ attributes }, i) =>
        attributes.map(({ key, value }) => {
          const shown =
            value.type === 'string' || value.type === 'int' || value.type === 'bool' ? String(value.value) : value.type;
          return `${i + 1} ${key} ${shown}`;
        })
      )
    );
    const found = rows.map((row) => {
      const value = row.string ?? row.int ?? row.bool;
      const shown = value ?? (row.double === null ? 'other' : 'double');
      return `${String(row[owner])} ${String(row.key)} ${String(shown)}`;
    });
    const others = /(?<= )(array|kvlist|bytes|empty)$/;
    // The client's own decoder takes a byte order mark off.
    const plain = (texts: string[]): string[] =>
      texts.map((text) => text.replace('\ufeff', '').replace(others, 'other')).sort();
    assert.deepEqual(plain(found), plain(expected), `seed ${seed}`);
  }
  const [row] = await rowsOf(
    block,
    `SELECT sum(len(events)) AS events, sum(len(links)) AS links, sum(list_sum(list_transform(events, e -> len(e.name)))) AS names,
      sum(list_sum(list_transform(events, e -> e.time_unix_nano::hugeint)))::varchar AS times FROM 'block.parquet'`
  );
  const events = spans.flatMap((span) => span.events);
  assert.deepEqual([row.events, row.links, row.names].map(Number), [
    events.length,
    spans.flatMap((span) => span.links).length,
    events.reduce((sum, { name }) => sum + name.length, 0),
  ]);
  assert.equal(row.times, String(events.reduce((sum, { timeUnixNanos }) => sum + timeUnixNanos, 0n)));
});

const attributeText = (span: Span, key: string): unknown => {
  const value = attributeOf(span.attributes, key);
  return value?.type === 'string' || value?.type === 'int' ? value.value : undefined;
};

test('the examples of docs/format/block.md run and answer what the spans say', async () => {
  const examples = [
    ...readFileSync(new URL('../../docs/format/block.md', import.meta.url), 'utf8').matchAll(/```sql\n([^`]+)```/g),
  ].map(([, sql]) => sql);
  assert.equal(examples.length, 4);
  const spans = shop(9);
  const block = await blockOf(spans, 100);

  const slowest = await rowsOf(block, examples[0]);
  const checkout = spans.filter((span) => serviceNameOf(span.resource) === 'checkout');
  const names = new Set(checkout.map((span) => span.name));
  assert.equal(slowest.length, Math.min(10, names.size));
  for (const row of slowest) {
    const same = checkout.filter((span) => span.name === row.name);
    assert.equal(Number(row.spans), same.length);
    assert.equal(Number(row.max_ms), Math.max(...same.map((span) => Number(durationNanosOf(span)))) / 1e6);
  }

  const trace = await rowsOf(block, examples[1]);
  const expected = spans.filter((span) => span.traceId === '0af7651916cd43dd8448eb211c80319c');
  assert.deepEqual(
    new Set(trace.map((row) => `${String(row.span_id)} ${String(row.parent_span_id ?? '')} ${String(row.name)}`)),
    new Set(expected.map((span) => `${span.spanId} ${span.parentSpanId} ${span.name}`))
  );

  const failing = await rowsOf(block, examples[2]);
  const errors = spans.filter((span) => span.statusCode === 2).length;
  assert.equal(
    failing.reduce((total, row) => total + Number(row.errors), 0),
    errors
  );
  assert.ok(failing.every((row) => row.service === 'frontend'));

  const exceptions = await rowsOf(block, examples[3]);
  const typeOf = (attributes: readonly Attribute[]): string => {
    const value = attributeOf(attributes, 'exception.type');
    return value?.type === 'string' ? value.value : '';
  };
  const thrown = spans.flatMap((span) =>
    span.events.map((event) => `${serviceNameOf(span.resource)} ${typeOf(event.attributes)}`)
  );
  assert.deepEqual(
    Object.fromEntries(exceptions.map((row) => [`${String(row.service)} ${String(row.type)}`, Number(row.times)])),
    Object.fromEntries([...new Set(thrown)].map((text) => [text, thrown.filter((other) => other === text).length]))
  );
});

test('values of every attribute come out as they went in', async () => {
  const spans = shop(12);
  const rows = await rowsOf(
    await blockOf(spans, 100),
    `SELECT lower(hex(span_id)) AS id, "span.http.route" AS route, "span.http.response.status_code" AS code FROM 'block.parquet'`
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const span of spans) {
    assert.equal(byId.get(span.spanId)?.route, attributeText(span, 'http.route'));
    assert.equal(byId.get(span.spanId)?.code, attributeText(span, 'http.response.status_code'));
  }
});

test('DuckDB shows columns of UUIDs as the texts that were sent', async () => {
  const [template] = shop(1);
  const uuidOf = (i: number): string => `0123abcd-89ab-4def-8123-${(7919 * i).toString(16).padStart(12, '0')}`;
  const spans = Array.from({ length: 2000 }, (_, i): Span => ({
    ...template,
    traceId: (i + 1).toString(16).padStart(32, '0'),
    attributes: [{ key: 'id', value: { type: 'string', value: uuidOf(i) } }],
  }));
  const block = await blockOf(spans, 5000);
  const rows = await rowsOf(block, `SELECT typeof("span.id") AS type, "span.id"::varchar AS id FROM 'block.parquet'`);
  assert.equal(rows[0].type, 'UUID');
  assert.deepEqual(rows.map(({ id }) => id).sort(), spans.map((_, i) => uuidOf(i)).sort());
  const found = await rowsOf(block, `SELECT trace_id FROM 'block.parquet' WHERE "span.id" = '${uuidOf(77)}'`);
  assert.equal(found.length, 1);
});

test('folded keys are a list for DuckDB', async () => {
  const seed = 8;
  const spans = randomSpans(seededRandom(seed), 200);
  const block = await blockOf(spans, { rowsMin: 50, columnChunksMax: 0 });
  const rows = await rowsOf(
    block,
    `SELECT a.key AS key, a.string AS value FROM (SELECT unnest(attributes) AS a FROM 'block.parquet')
      WHERE a.scope = 'span' AND a.string IS NOT NULL`
  );
  const firsts = spans.flatMap(({ attributes }) =>
    attributes.filter(({ key }, i) => attributes.findIndex((other) => other.key === key) === i)
  );
  assert.deepEqual(
    rows.map(({ key, value }) => `${String(key)} ${String(value)}`.replace('\ufeff', '')).sort(),
    firsts
      .flatMap(({ key, value }) => (value.type === 'string' ? [`${key} ${value.value}`.replace('\ufeff', '')] : []))
      .sort(),
    `seed ${seed}`
  );
});

test('DuckDB finds in our bloom filters what is there, and misses what is not', async () => {
  const [template] = shop(1);
  const spans = Array.from({ length: 3000 }, (_, i): Span => ({
    ...template,
    traceId: (i + 1).toString(16).padStart(32, '0'),
    attributes: [
      { key: 'text', value: { type: 'string', value: `needle ${i >> 1} in a haystack of some length` } },
      { key: 'number', value: { type: 'int', value: BigInt(i >> 1) * 7_919n - 1000n } },
    ],
  }));
  const block = await blockOf(spans, 5000);
  const excluded = async (column: string, value: string): Promise<boolean> => {
    const sql = `SELECT bloom_filter_excludes AS excluded FROM parquet_bloom_probe('block.parquet', '${column}', ${value})`;
    return (await rowsOf(block, sql))[0].excluded === true;
  };
  let missed = 0;
  for (let i = 0; i < 40; i++) {
    assert.equal(await excluded('span.text', `'needle ${i * 37} in a haystack of some length'`), false);
    assert.equal(await excluded('span.number', `${i * 37 * 7_919 - 1000}::BIGINT`), false);
    missed += (await excluded('span.text', `'noodle ${i * 37} in a haystack of some length'`)) ? 1 : 0;
    missed += (await excluded('span.number', `${i * 37 * 7_919 - 999}::BIGINT`)) ? 1 : 0;
  }
  assert.ok(missed > 70, `${missed} of 80`);
});

/** A small shop: a frontend calls checkout, now and then something fails. */
function shop(seed: number): Span[] {
  const random = seededRandom(seed);
  const spans: Span[] = [];
  for (let trace = 0; trace < 60; trace++) {
    const traceId = trace === 30 ? '0af7651916cd43dd8448eb211c80319c' : hexFromBytes(random.fill(new Uint8Array(16)));
    const spanIds = Array.from({ length: 2 + random.below(5) }, () => hexFromBytes(random.fill(new Uint8Array(8))));
    spanIds.forEach((spanId, i) => {
      const start = 1_700_000_000_000_000_000n + BigInt(trace * 1_000_000 + i * 1000);
      const service = i === 0 ? 'frontend' : random.pick(['checkout', 'payment']);
      spans.push({
        traceId,
        spanId,
        parentSpanId: i === 0 ? '' : spanIds[random.below(i)],
        traceState: '',
        flags: 1,
        name: i === 0 ? `GET /${trace % 4}` : `call ${random.below(12)}`,
        kind: i === 0 ? 2 : 3,
        startUnixNanos: start,
        endUnixNanos: start + BigInt(random.below(1_000_000)),
        attributes: [
          { key: 'http.route', value: { type: 'string', value: `/item/${random.below(9)}` } },
          { key: 'http.response.status_code', value: { type: 'int', value: random.pick([200n, 404n, 500n]) } },
        ],
        droppedAttributesCount: 0,
        events:
          random.below(6) === 0
            ? [
                {
                  name: 'exception',
                  timeUnixNanos: start,
                  attributes: [
                    { key: 'exception.type', value: { type: 'string', value: random.pick(['Timeout', 'OutOfStock']) } },
                    { key: 'exception.escaped', value: { type: 'bool', value: false } },
                  ],
                  droppedAttributesCount: 0,
                },
              ]
            : [],
        droppedEventsCount: 0,
        links: [],
        droppedLinksCount: 0,
        statusCode: random.below(10) === 0 ? 2 : 0,
        statusMessage: '',
        resource: {
          attributes: [{ key: 'service.name', value: { type: 'string', value: service } }],
          droppedAttributesCount: 0,
          schemaUrl: '',
        },
        scope: { name: 'shop', version: '1', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
      });
    });
  }
  return spans;
}
