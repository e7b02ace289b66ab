/** Rows of Tempo's API that no other test looks at; docs/api.md says which test stands for which row. */
import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after, before } from 'node:test';
import type { AnyValue, Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeTempo, encodeTempo } from '../fixtures/tempo-schema.ts';
import { encodeInParts } from '../../src/api/stream/split.ts';
import { queryRangeResponse } from '../../src/wire/tempo.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const second = 1_000_000_000n;
const start = 1_700_000_000n;
const range = `start=${start}&end=${start + 100n}`;
let server: TestServer;

const text = (value: string): AnyValue => ({ type: 'string', value });

/** `n` seconds after the start, 250 ms long. */
function at(n: number, traceId: string, attributes: Record<string, AnyValue>, over: Partial<Span> = {}): Span {
  const startUnixNanos = (start + BigInt(n)) * second;
  return exampleSpan(traceId, {
    startUnixNanos,
    endUnixNanos: startUnixNanos + second / 4n,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
    ...over,
  });
}

before(async () => {
  server = await startServer();
  const spans = [
    at(10, exampleTraceId(0xa), {
      text: text('x'),
      whole: { type: 'int', value: 7n },
      decimal: { type: 'double', value: 1 },
      flag: { type: 'bool', value: true },
      list: { type: 'array', value: [text('p'), text('q')] },
      map: { type: 'kvlist', value: [{ key: 'k', value: text('v') }] },
      raw: { type: 'bytes', value: new Uint8Array([1]) },
    }),
    at(30, exampleTraceId(0xb), { text: text('y') }),
    at(31, exampleTraceId(0xb), { text: text('z') }, { spanId: 'b'.repeat(16), parentSpanId: 'a'.repeat(16) }),
  ];
  await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
});
after(() => server.close());

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(server.urls.query + path, init);
const q = (query: string): string => `q=${encodeURIComponent(query)}&${range}`;

async function json<T>(path: string): Promise<T> {
  const answer = await get(path);
  assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}

async function refused(path: string, pattern: RegExp, status = 400): Promise<void> {
  const answer = await get(path);
  const body = await answer.text();
  assert.equal(answer.status, status, `${path}: ${body}`);
  assert.match(body, pattern);
}

interface Traces {
  traces: {
    traceID: string;
    spanSet: object;
    spanSets: { spans: object[]; matched: number; attributes?: object[] }[];
  }[];
}
interface Series {
  series: {
    labels: { key: string; value: Record<string, unknown> }[];
    samples: { value?: number; timestampMs: string }[];
    exemplars?: { labels: { key: string }[]; value: number }[];
  }[];
  status?: string;
  message?: string;
}

test('methods do not matter to queries', async () => {
  for (const method of ['GET', 'POST', 'PUT']) {
    const answer = await get(`/api/search?${q('{}')}`, { method, body: method === 'GET' ? undefined : 'ignored' });
    assert.equal(((await answer.json()) as Traces).traces.length, 2, method);
  }
  assert.equal((await globalThis.fetch(`${server.urls.query}/api/search?${q('{}')}`, { method: 'HEAD' })).status, 200);
});

test('what Tempo has removed, and a trace without id, is 404', async () => {
  await refused('/api/metrics/summary?q={}', /nothing/, 404);
  await refused('/api/traces/', /nothing/, 404);
  await refused('/api/v2/traces/', /nothing/, 404);
});

test('a long query: 120 KiB with 3,000 terms is answered, more than 128 KiB or too deep is refused at once', async () => {
  const terms = Array.from({ length: 3_000 }, (_, n) => `.text = "${String(n).padStart(4, '0')}${'-'.repeat(24)}"`);
  const wide = `{ ${terms.join(' || ')} || .text = "x" }`;
  assert.ok(wide.length > 118 * 1024 && wide.length < 128 * 1024, `${wide.length} bytes`);
  const found = await json<Traces>(`/api/search?${q(wide)}`);
  assert.deepEqual(
    found.traces.map(({ traceID }) => traceID),
    [exampleTraceId(0xa)]
  );
  const long = `{ .text = "${'x'.repeat(128 * 1024)}" }`;
  const deep = `{ ${'('.repeat(60_000)}true${')'.repeat(60_000)} }`;
  for (const [query, pattern] of [
    [long, /longer than 131072 bytes/],
    [deep, /nest/],
  ] as const) {
    await refused(`/api/search?${q(query)}`, pattern);
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await refused(`/api/search?${q(query)}`, pattern);
    const { user, system } = process.cpuUsage(cpuBefore);
    // Of both sides; the clock alone would also measure who else is on the machine.
    const spentMs = Math.min(performance.now() - startMs, (user + system) / 1000);
    assert.ok(spentMs < 50, `${spentMs} ms`);
    await refused(`/api/metrics/query_range?${q(query)}`, pattern);
  }
});

test('search: spss 0 is 3, matched counts all, spanSet is the first of spanSets, limits at their edge', async () => {
  const traces = (await json<Traces>(`/api/search?${q('{ .text != nil }')}&spss=1`)).traces;
  assert.deepEqual(
    traces.map(({ spanSets }) => [spanSets[0].spans.length, spanSets[0].matched]),
    [
      [1, 2],
      [1, 1],
    ]
  );
  assert.deepEqual(traces[0].spanSet, traces[0].spanSets[0]);
  const byDefault = await json<Traces>(`/api/search?${q('{ .text != nil }')}&spss=0&limit=262144`);
  assert.equal(byDefault.traces[0].spanSets[0].spans.length, 2);
  await refused(`/api/search?${q('{}')}&limit=262145`, /exceeds the maximum of 262144/);
  await json(`/api/search?${q('{}')}&skip_ast_transformations=all`);
});

test('search: what a spanset carries of by() and aggregates, and of arrays', async () => {
  const grouped = await json<Traces>(`/api/search?${q('{ .text != nil } | by(.text) | count() > 0')}`);
  assert.deepEqual(grouped.traces[0].spanSets[0].attributes, [
    { key: 'by(.text)', value: { stringValue: 'y' } },
    { key: 'count()', value: { intValue: '1' } },
  ]);
  const [found] = (await json<Traces>(`/api/search?${q('{ .list = "p" } | select(duration, status, .whole)')}`)).traces;
  const { attributes } = found.spanSets[0].spans[0] as { attributes: object[] };
  assert.deepEqual(attributes, [
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'p' }, { stringValue: 'q' }] } } },
    { key: 'status', value: { stringValue: 'unset' } },
    { key: 'whole', value: { intValue: '7' } },
  ]);
});

test('search: start and end take whole traces that overlap, in seconds', async () => {
  const idsIn = async (from: bigint, to: bigint): Promise<string[]> => {
    const { traces } = await json<Traces>(`/api/search?q={}&start=${start + from}&end=${start + to}`);
    return traces.map(({ traceID }) => traceID.slice(-1));
  };
  assert.deepEqual(await idsIn(31n, 40n), ['b'], 'a trace that began before');
  assert.deepEqual(await idsIn(0n, 10n), ['a'], 'a trace that begins with the end');
  assert.deepEqual(await idsIn(12n, 20n), []);
});

test('values: every type, arrays by element, what is not queryable is not listed', async () => {
  const values = async (name: string): Promise<unknown[]> =>
    (await json<{ tagValues: unknown[] }>(`/api/v2/search/tag/${name}/values?${range}`)).tagValues;
  assert.deepEqual(await values('span.whole'), [{ type: 'int', value: '7' }]);
  assert.deepEqual(await values('span.decimal'), [{ type: 'float', value: '1.0' }]);
  assert.deepEqual(await values('span.flag'), [{ type: 'bool', value: 'true' }]);
  assert.deepEqual(
    await values('.list'),
    ['p', 'q'].map((value) => ({ type: 'string', value }))
  );
  assert.deepEqual(await values('span.map'), []);
  assert.deepEqual(await values('span.raw'), []);
  assert.deepEqual(await values('traceDuration'), []);
  assert.deepEqual(
    await values('span:status'),
    ['ok', 'error', 'unset'].map((value) => ({ type: 'keyword', value }))
  );
  const limited = await json<{ tagValues: unknown[]; metrics: { additionalMetrics: object } }>(
    `/api/v2/search/tag/span.text/values?${range}&limit=1`
  );
  assert.deepEqual(limited.tagValues, [{ type: 'string', value: 'x' }]);
});

test('values: q filters leniently', async () => {
  const values = async (query: string): Promise<string> => {
    const found = await json<{ tagValues: { value: string }[] }>(`/api/v2/search/tag/span.text/values?${q(query)}`);
    return found.tagValues.map(({ value }) => value).join('');
  };
  assert.equal(await values('{ span.whole = 7 }'), 'x');
  assert.equal(await values('{ span.whole = 7 && span.text = }'), 'x', 'unfinished counts as true');
  assert.equal(await values('{ span.whole = 7'), 'x', 'braces are closed');
  assert.equal(await values('{ .whole = 7 }'), 'xyz', 'an unscoped attribute: no filter');
  assert.equal(await values('{{{'), 'xyz', 'unreadable: no filter');
  assert.equal(await values('{ span.text = "y" }'), 'y', 'the attribute itself');
  const many = Array.from({ length: 200 }, (_, n) => `span.text = "${n}"`).join(' || ');
  assert.equal(await values(`{ ${many} || span.text = "z" }`), 'z', 'any number of alternatives');
});

test('names and values are cut at 1,000,000 bytes, and say so', async () => {
  const own = await startServer();
  try {
    const spans = Array.from({ length: 110 }, (_, n) =>
      at(n, exampleTraceId(n + 1), {
        big: text(`${n} ${'v'.repeat(10_000)}`),
        [`${'k'.repeat(10_000)}${n}`]: text('x'),
      })
    );
    await postTraces(own, encodeTraces(spans), 'application/x-protobuf');
    const partial = async (path: string): Promise<number> => {
      const answer = await fetch(own.urls.query + path);
      const body = await answer.text();
      assert.ok(body.length > 900_000 && body.length < 1_100_000, `${path}: ${body.length} bytes`);
      const { metrics } = JSON.parse(body) as { metrics: { additionalMetrics: Record<string, string> } };
      return Number(metrics.additionalMetrics.partial);
    };
    assert.equal(await partial('/api/v2/search/tag/span.big/values'), 1);
    assert.equal(await partial('/api/search/tag/big/values'), 1);
    assert.equal(await partial('/api/v2/search/tags?scope=span'), 1);
    assert.equal(await partial('/api/search/tags?scope=span'), 1);
  } finally {
    await own.close();
  }
});

test('names: all six scopes with data in them, intrinsics in both spellings', async () => {
  const own = await startServer();
  try {
    const attributes = [{ key: 'k', value: text('v') }];
    const rich = at(
      1,
      exampleTraceId(1),
      { k: text('v') },
      {
        events: [{ timeUnixNanos: start * second, name: 'e', attributes, droppedAttributesCount: 0 }],
        links: [
          {
            traceId: exampleTraceId(2),
            spanId: 'f'.repeat(16),
            traceState: '',
            attributes,
            droppedAttributesCount: 0,
            flags: 0,
          },
        ],
        scope: { name: 's', version: '1', attributes, droppedAttributesCount: 0, schemaUrl: '' },
      }
    );
    await postTraces(own, encodeTraces([rich]), 'application/x-protobuf');
    const read = async (path: string): Promise<{ name: string; tags: string[] }[]> =>
      ((await (await fetch(own.urls.query + path)).json()) as { scopes: { name: string; tags: string[] }[] }).scopes;
    const scopes = await read('/api/v2/search/tags');
    const names = ['resource', 'span', 'event', 'link', 'instrumentation', 'intrinsic'];
    assert.deepEqual(scopes.map(({ name }) => name).sort(), [...names].sort());
    const intrinsics = scopes.find(({ name }) => name === 'intrinsic')!.tags;
    for (const name of [
      ...['duration', 'name', 'status', 'statusMessage', 'kind', 'rootServiceName', 'rootName', 'traceDuration'],
      ...['trace:duration', 'trace:rootName', 'trace:rootService', 'trace:id', 'span:duration', 'span:name'],
      ...['event:name', 'event:timeSinceStart', 'link:spanID', 'link:traceID'],
      ...['instrumentation:name', 'instrumentation:version'],
    ]) {
      assert.ok(intrinsics.includes(name), name);
    }
    assert.deepEqual(await read('/api/v2/search/tags?scope=none'), scopes);
    assert.deepEqual(
      (await read('/api/v2/search/tags?scope=event')).map(({ tags }) => tags),
      [['k']]
    );
    assert.equal((await read('/api/v2/search/tags?maxStaleValues=1')).length, 6, 'ignored');
  } finally {
    await own.close();
  }
});

test('metrics: q or query, times in every form, since', async () => {
  const total = async (parameters: string): Promise<number> => {
    const { series } = await json<Series>(`/api/metrics/query_range?${parameters}`);
    return series.flatMap(({ samples }) => samples).reduce((sum, { value = 0 }) => sum + value, 0);
  };
  const query = encodeURIComponent('{ } | count_over_time()');
  assert.equal(await total(`query=${query}&${range}&step=10s`), 3);
  assert.equal(await total(`q=${query}&query=nonsense&${range}`), 3, 'q wins');
  assert.equal(await total(`q=${query}&start=${start}000000000&end=${start + 100n}000000000&step=10`), 3);
  assert.equal(await total(`q=${query}&start=${start}.5&end=${start + 100n}.25&step=1.5`), 3);
  assert.equal(await total(`q=${query}&start=2023-11-14T22:13:20Z&end=2023-11-14T22:15:00Z&step=1m`), 3);
  assert.equal(await total(`q=${query}&since=15m`), 0);
  assert.equal(await total(`q=${query}&since=3650d&step=1d`), 3);
  await refused(`/api/metrics/query_range?q=${query}&start=x&end=5`, /invalid start/);
  await refused(`/api/metrics/query_range?q=${query}&since=-1h`, /invalid since/);
  await refused(`/api/metrics/query?q=${query}&start=9&end=9`, /start must be before end/);
});

test('metrics: NaN samples and empty series are left out; series come in order', async () => {
  const max = await json<Series>(`/api/metrics/query_range?${q('{ } | max_over_time(span.whole)')}&step=10`);
  assert.deepEqual(max.series[0].samples, [{ timestampMs: `${start + 10n}000`, value: 7 }]);
  const none = await json<Series>(`/api/metrics/query_range?${q('{ } | max_over_time(span.none)')}&step=10`);
  assert.deepEqual(none.series, []);
  const divided = await json<Series>(
    `/api/metrics/query_range?${q('({ } | count_over_time()) / ({ .whole = 7 } | count_over_time())')}&step=10`
  );
  assert.deepEqual(
    divided.series[0].samples.map(({ value }) => value),
    [1],
    'x / 0 is no sample'
  );
  const grouped = await json<Series>(`/api/metrics/query_range?${q('{ .text != nil } | rate() by (.text)')}`);
  assert.deepEqual(
    grouped.series.map(({ labels }) => labels),
    ['x', 'y', 'z'].map((value) => [{ key: '.text', value: { stringValue: value } }])
  );
});

test('metrics: maxSeries cuts a range query, and says so', async () => {
  const path = q('{ .text != nil } | count_over_time() by (.text)');
  const { series, status, message } = await json<Series>(`/api/metrics/query_range?${path}&maxSeries=2`);
  assert.deepEqual([series.length, status], [2, 'PARTIAL']);
  assert.match(
    message ?? '',
    /^Response exceeds maximum series limit of 2, a partial response is returned\. Warning: /
  );
  const instant = await json<Series>(`/api/metrics/query?${path}&maxSeries=2`);
  assert.deepEqual([instant.series.length, instant.status], [3, undefined]);
});

test('metrics: exemplars and maxSeries that are no numbers are passed over; limits of names and values are not', async () => {
  const path = `/api/metrics/query_range?${q('{ .text != nil } | count_over_time() by (.text)')}`;
  const whole = await json<Series>(path);
  for (const value of ['x', '-1', '1.5', '2x', '99999999999']) {
    assert.deepEqual((await json<Series>(`${path}&maxSeries=${value}&exemplars=${value}`)).series, whole.series, value);
  }
  for (const route of ['/api/v2/search/tags', '/api/v2/search/tag/span.text/values']) {
    for (const name of ['limit', 'maxStaleValues']) {
      await refused(`${route}?${name}=x`, new RegExp(`invalid ${name}`));
    }
  }
});

test('metrics: an instant rate is over the whole range', async () => {
  const { series } = await json<{ series: { value: number }[] }>(`/api/metrics/query?${q('{ } | rate()')}`);
  assert.equal(series[0].value, 3 / 100);
});

test('metrics: exemplars, asked for or by hint, at most 100, none of instants, with what the query reads', async () => {
  const exemplars = async (query: string, more = ''): Promise<NonNullable<Series['series'][0]['exemplars']>> => {
    const { series } = await json<Series>(`/api/metrics/query_range?${q(query)}&step=10${more}`);
    return series.flatMap((one) => one.exemplars ?? []);
  };
  const found = await exemplars('{ .text != nil } | rate()');
  assert.equal(found.length, 2, 'one a trace');
  assert.deepEqual(found[0].labels.map(({ key }) => key).sort(), ['.text', 'trace:id']);
  assert.equal(found[0].value, 0.1, 'the value of its series there');
  assert.equal((await exemplars('{ } | rate()', '&exemplars=1')).length, 1);
  assert.equal((await exemplars('{ } | rate() with (exemplars = false)')).length, 0);
  assert.equal((await exemplars('{ } | rate() with (exemplars = 1)')).length, 1);
  assert.equal((await exemplars('({ } | rate()) * 2')).length, 2, 'through arithmetic');
  assert.equal((await exemplars('{ } | rate()', '&exemplars=1000')).length, 2);
  const instant = await json<object>(`/api/metrics/query?${q('{ } | rate()')}&exemplars=5`);
  assert.ok(!JSON.stringify(instant).includes('exemplars'));
});

test('what the language does not have is refused: lists, in, single quotes', async () => {
  for (const query of ['{ .a = ["b"] }', '{ .a in ("b") }', "{ .a = 'b' }"]) {
    await refused(`/api/search?${q(query)}`, /^invalid TraceQL query: parse error at line 1, col \d+: /);
  }
});

test('`&&` and `||` bind alike, from the left', async () => {
  const ids = async (query: string): Promise<string> =>
    (await json<Traces>(`/api/search?${q(query)}`)).traces.map(({ traceID }) => traceID.slice(-1)).join('');
  assert.equal(await ids('{ .text = "y" || .text = "x" && .whole = 7 }'), 'a');
  assert.equal(await ids('{ .text = "y" || (.text = "x" && .whole = 7) }'), 'ba');
});

test('spans of any time are kept and found', async () => {
  const [ancient, future] = [exampleTraceId(0xe1), exampleTraceId(0xe2)];
  const years = 365n * 86_400n * second;
  const spans = [exampleSpan(ancient, { startUnixNanos: 1n, endUnixNanos: 2n })];
  const later = start * second + 60n * years;
  spans.push(exampleSpan(future, { startUnixNanos: later, endUnixNanos: later + second }));
  assert.equal((await postTraces(server, encodeTraces(spans), 'application/x-protobuf')).status, 200);
  for (const [traceId, seconds] of [
    [ancient, 0n],
    [future, later / second],
  ] as const) {
    assert.equal((await get(`/api/traces/${traceId}`)).status, 200);
    const { traces } = await json<Traces>(`/api/search?q={}&start=${seconds}&end=${seconds + 1n}`);
    assert.deepEqual(
      traces.map(({ traceID }) => traceID),
      [traceId]
    );
  }
});

test('what a client of the data source sends beside its parameters does not matter', async () => {
  const headers = {
    'x-grafana-user': 'a',
    'x-datasource-uid': 'b',
    'x-query-tags': 'Source=grafana',
    'user-agent': 'Grafana/12.0.0',
  };
  assert.equal(
    (await get(`/api/search?${q('{ nestedSetParent<0 } | select(resource.service.name)')}`, { headers })).status,
    200
  );
});

test('gRPC: parts of a message carry the metrics, only the last the status', () => {
  const series = Array.from({ length: 50 }, (_, n) => ({
    labels: [{ key: 'k', value: { stringValue: `${n} ${'x'.repeat(1000)}` } }],
    samples: [{ timestampMs: '1', value: n }],
  }));
  const body = { series, metrics: { totalJobs: 3 }, status: 'PARTIAL', message: 'cut' } as const;
  const parts = encodeInParts(queryRangeResponse, body, 'series', 10_000).map((part) =>
    decodeTempo('QueryRangeResponse', part)
  );
  assert.ok(parts.length > 4);
  assert.equal(parts.flatMap((part) => part.series as unknown[]).length, 50);
  parts.forEach((part) => assert.deepEqual(part.metrics, { totalJobs: 3 }));
  parts.slice(0, -1).forEach((part) => assert.deepEqual([part.status, part.message], [undefined, undefined]));
  assert.deepEqual([parts.at(-1)!.status, parts.at(-1)!.message], ['PARTIAL', 'cut']);
  assert.ok(encodeTempo('QueryRangeResponse', {}).length === 0);
});

test('a client that goes away during a body is forgotten, and the next one is answered', async () => {
  const { hostname, port } = new URL(server.urls.query);
  const request = http.request({ hostname, port, path: '/api/v2/traces/diff', method: 'POST' });
  request.on('error', () => undefined);
  request.write('{"base":');
  await new Promise((resolve) => setTimeout(resolve, 20));
  request.destroy();
  assert.equal((await get('/api/echo')).status, 200);
});
