import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Span, Trace } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeTraceByIdResponse } from '../../src/wire/tempo.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Answer } from '../../src/store/trace-store.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { exampleSpan, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const ms = 1_000_000n;
const start = 1_700_000_000_000_000_000n;
const base = exampleTraceId(1);
const compare = exampleTraceId(2);
const damaged = exampleTraceId(3);

const text = (value: string) => ({ type: 'string', value }) as const;
const ofService = (name: string): Span['resource'] => ({
  attributes: [{ key: 'service.name', value: text(name) }],
  droppedAttributesCount: 0,
  schemaUrl: '',
});

/** A span of id `id` repeated, below `parent`, from `from` for `long` milliseconds. */
function span(traceId: string, id: string, parent: string, from: number, long: number, over: Partial<Span> = {}): Span {
  const startUnixNanos = start + BigInt(from) * ms;
  return exampleSpan(traceId, {
    spanId: id.repeat(16),
    parentSpanId: parent.repeat(16),
    name: `op ${id}`,
    startUnixNanos,
    endUnixNanos: startUnixNanos + BigInt(long) * ms,
    attributes: [],
    ...over,
  });
}

/** root a > b > c > d, and a > e. */
const baseSpans = [
  span(base, 'a', '', 0, 100, { resource: ofService('shop') }),
  span(base, 'b', 'a', 10, 50, { resource: ofService('cart') }),
  span(base, 'c', 'b', 20, 20, {
    resource: ofService('cart'),
    kind: 3,
    statusCode: 2,
    statusMessage: 'declined',
    attributes: [
      { key: 'db.rows', value: { type: 'int', value: 3n } },
      { key: 'http.response.body.size', value: { type: 'int', value: 1000n } },
      { key: 'raw', value: { type: 'bytes', value: new Uint8Array([1, 255]) } },
    ],
    events: [{ timeUnixNanos: start, name: 'retry', attributes: [], droppedAttributesCount: 0 }],
    links: [
      { traceId: compare, spanId: 'f'.repeat(16), traceState: '', attributes: [], droppedAttributesCount: 0, flags: 0 },
    ],
  }),
  span(base, 'd', 'c', 25, 5, { resource: ofService('db') }),
  span(base, 'e', 'a', 70, 10, { resource: ofService('shop') }),
];

/** The same with c right, slower and below the root, d gone, f new. */
const compareSpans = [
  span(compare, 'a', '', 0, 110, { resource: ofService('shop') }),
  span(compare, 'b', 'a', 10, 50, { resource: ofService('cart') }),
  span(compare, 'c', 'b', 20, 40, {
    resource: ofService('cart'),
    kind: 3,
    attributes: [
      { key: 'db.rows', value: { type: 'int', value: 4n } },
      { key: 'http.response.body.size', value: { type: 'int', value: 1020n } },
      { key: 'cache', value: { type: 'double', value: Number.NaN } },
    ],
  }),
  span(compare, 'e', 'a', 70, 10, { resource: ofService('shop') }),
  span(compare, 'f', 'a', 80, 1, { resource: ofService('mail'), name: 'send 123456789' }),
];

/** Says of one trace that a part of it is missing. */
class PartialStore extends MemoryStore {
  override async trace(request: Parameters<MemoryStore['trace']>[0]): Promise<Answer<Trace | undefined>> {
    const answer = await super.trace(request);
    return request.traceId === damaged ? { ...answer, partial: true, warnings: ['a block is damaged'] } : answer;
  }
}

let server: TestServer;
before(async () => {
  server = await startServer({ store: new PartialStore() });
  const spans = [...baseSpans, ...compareSpans, span(damaged, 'a', '', 0, 1)];
  await postTraces(server, encodeTraces(spans), 'application/x-protobuf');
});
after(() => server.close());

const get = (path: string, accept = 'application/json'): Promise<Response> =>
  fetch(server.urls.query + path, { headers: { accept } });

async function names(parameters: string): Promise<{ kept: string; status: string | undefined; message?: string }> {
  const answer = await get(`/api/v2/traces/${base}?${parameters}`, 'application/protobuf');
  assert.equal(answer.status, 200, parameters);
  const { trace, status, message } = decodeTraceByIdResponse(new Uint8Array(await answer.arrayBuffer()));
  const kept = trace.map(({ name }) => name.slice(-1)).sort();
  return { kept: kept.join(''), status, message };
}

const q = (query: string): string => `q=${encodeURIComponent(query)}`;

test('q keeps the spans that match, and says that the others are missing', async () => {
  assert.deepEqual(await names(q('{ status = error }')), {
    kept: 'c',
    status: 'PARTIAL',
    message: 'Trace filtered, only a subset of spans matching the filter is returned',
  });
  assert.equal((await names(q('{ resource.service.name = "cart" }'))).kept, 'bc');
  assert.equal((await names(q('{ event:name = "retry" }'))).kept, 'c');
  assert.equal((await names(q('{ name = "nothing" }'))).kept, '');
  const all = await names(q('{ }'));
  assert.deepEqual([all.kept, all.status], ['abcde', undefined], 'nothing is missing');
  assert.equal((await names('q=%20')).kept, 'abcde', 'a blank q is none');
});

test('keep_hierarchy, ancestor_depth and match_depth bring relatives', async () => {
  const error = q('{ status = error }');
  const cases: [string, string][] = [
    ['keep_hierarchy=true', 'abc'],
    ['keep_hierarchy=1&ancestor_depth=-1', 'abc'],
    ['keep_hierarchy=T&ancestor_depth=1', 'bc'],
    ['keep_hierarchy=true&ancestor_depth=0', 'c'],
    ['ancestor_depth=5', 'c'],
    ['match_depth=1', 'cd'],
    ['match_depth=-1&keep_hierarchy=true', 'abcd'],
  ];
  for (const [parameters, kept] of cases) {
    assert.equal((await names(`${error}&${parameters}`)).kept, kept, parameters);
  }
  assert.equal((await names(`${q('{ name = "op a" }')}&match_depth=1`)).kept, 'abe');
  assert.equal((await names(`${q('{ name = "op a" }')}&match_depth=2`)).kept, 'abce');
});

test('q of a trace: what is refused', async () => {
  const refused: [string, RegExp][] = [
    [q('{ status = error } | count() > 1'), /one spanset filter/],
    [q('{ } >> { }'), /one spanset filter/],
    [q('{ } | rate()'), /one spanset filter/],
    [q('{ traceDuration > 1s }'), /traceDuration is not known of a span alone/],
    [q('{ nestedSetParent < 0 }'), /nestedSetParent/],
    [q('{ status = }'), /invalid TraceQL query: parse error at line 1, col/],
    [`${q('{ }')}&match_depth=-2`, /match_depth: must be >= -1/],
    [`${q('{ }')}&match_depth=x`, /match_depth/],
    [`${q('{ }')}&keep_hierarchy=yes`, /keep_hierarchy/],
    [`${q('{ }')}&keep_hierarchy=true&ancestor_depth=-2`, /ancestor_depth/],
  ];
  for (const [parameters, pattern] of refused) {
    const answer = await get(`/api/v2/traces/${base}?${parameters}`);
    const body = await answer.text();
    assert.equal(answer.status, 400, `${parameters}: ${body}`);
    assert.match(body, pattern);
  }
  const ignored = await get(`/api/v2/traces/${base}?match_depth=x&keep_hierarchy=yes`);
  assert.equal(ignored.status, 200, 'companions of q mean nothing without it');
});

test('a trace of which a part cannot be read: PARTIAL, with the reasons in order', async () => {
  const answer = (await (await get(`/api/v2/traces/${damaged}?${q('{ name = "x" }')}`)).json()) as object;
  assert.deepEqual(answer, {
    trace: {},
    metrics: {},
    status: 'PARTIAL',
    message: 'a block is damaged; Trace filtered, only a subset of spans matching the filter is returned',
  });
});

test('for language models: hex ids, plain values; other routes send JSON', async () => {
  const accept = 'application/vnd.grafana.llm';
  const answer = await get(`/api/v2/traces/${base}?${q('{ status = error }')}`, accept);
  assert.equal(answer.headers.get('content-type'), 'application/vnd.grafana.llm+json');
  assert.deepEqual(await answer.json(), {
    trace: {
      traceId: base,
      services: [
        {
          serviceName: 'cart',
          scopes: [
            {
              spans: [
                {
                  spanId: 'cccccccccccccccc',
                  name: 'op c',
                  parentSpanId: 'bbbbbbbbbbbbbbbb',
                  kind: 'SPAN_KIND_CLIENT',
                  startTimeUnixNano: String(start + 20n * ms),
                  endTimeUnixNano: String(start + 40n * ms),
                  durationMs: 20,
                  attributes: { 'db.rows': 3, 'http.response.body.size': 1000, raw: '01ff' },
                  events: [{ name: 'retry', timeUnixNano: String(start) }],
                  links: [{ traceId: compare, spanId: 'ffffffffffffffff' }],
                  status: { code: 'STATUS_CODE_ERROR', message: 'declined' },
                },
              ],
            },
          ],
        },
      ],
    },
    status: 'PARTIAL',
    message: 'Trace filtered, only a subset of spans matching the filter is returned',
  });
  assert.deepEqual(await (await get('/api/v2/traces/ffff', accept)).json(), {});
  const values = await get('/api/v2/search/tag/resource.service.name/values', accept);
  assert.equal(values.headers.get('content-type'), 'application/vnd.grafana.llm+json');
  assert.deepEqual(((await values.json()) as { tagValues: object }).tagValues, {
    string: ['cart', 'db', 'mail', 'shop'],
  });
  for (const path of ['/api/v2/search/tags', `/api/traces/${base}`, '/api/search?q={}']) {
    assert.equal((await get(path, accept)).headers.get('content-type'), 'application/json', path);
  }
});

test('Accept is matched by substring: protobuf before JSON before language models', async () => {
  const path = `/api/v2/traces/${base}`;
  const cases: [string, string][] = [
    ['application/vnd.grafana.llm, application/json', 'application/json'],
    ['application/json, application/protobuf;q=0.1', 'application/protobuf'],
    ['text/html', 'application/json'],
    ['', 'application/json'],
  ];
  for (const [accept, expected] of cases) {
    assert.equal((await get(path, accept)).headers.get('content-type'), expected, accept);
  }
});

const diff = (body: unknown, method = 'POST'): Promise<Response> =>
  fetch(`${server.urls.query}/api/v2/traces/diff`, {
    method,
    body: method === 'GET' ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });

const pair = { base: { traceId: '1' }, compare: { traceId: '2' } };

interface PatchJson {
  stats: Record<string, unknown>;
  modified: { span: object; changes: object[] }[];
  added: object[];
  removed: object[];
  warnings: { code: string }[];
}

test('diff: a patch of spans, fields and attributes', async () => {
  const answer = await diff(pair);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  const { warnings, ...patch } = (await answer.json()) as PatchJson;
  const attribute = (key: string) => ({ type: 'attribute', scope: 'span', key });
  assert.deepEqual(patch, {
    version: 'trace-patch-v0',
    base: { traceId: base, spanCount: 5 },
    compare: { traceId: compare, spanCount: 5 },
    stats: {
      spanCountA: 5,
      spanCountB: 5,
      matchedSpans: 4,
      modifiedSpans: 1,
      addedSpans: 1,
      removedSpans: 1,
      fieldChanges: 2,
      attributeChanges: 3,
      eventChanges: 0,
      truncated: false,
    },
    modified: [
      {
        span: { path: [0, 0, 0], service: 'cart', name: 'op c', kind: 'client' },
        changes: [
          { op: 'modify', target: { type: 'field', name: 'duration_nanos' }, before: 20_000_000, after: 40_000_000 },
          { op: 'modify', target: { type: 'field', name: 'status' }, before: 'error', after: 'unset' },
          { op: 'add', target: attribute('cache'), before: null, after: 'NaN' },
          { op: 'modify', target: attribute('db.rows'), before: 3, after: 4 },
          { op: 'remove', target: attribute('raw'), before: 'Af8=', after: null },
        ],
      },
    ],
    added: [
      {
        target: { type: 'span', parentPath: [0], index: 2 },
        span: {
          path: [0, 2],
          service: 'mail',
          name: 'send 123456789',
          kind: 'server',
          duration_nanos: 1_000_000,
          status: 'unset',
        },
      },
    ],
    removed: [
      {
        target: { type: 'span', path: [0, 0, 0, 0] },
        span: {
          path: [0, 0, 0, 0],
          service: 'db',
          name: 'op d',
          kind: 'server',
          duration_nanos: 5_000_000,
          status: 'unset',
        },
      },
    ],
  });
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['high_cardinality_span_name']
  );
});

test('diff: a summary, alone or with the patch', async () => {
  const composed = (await (await diff({ ...pair, format: 'trace-summary-v0-composed' })).json()) as {
    version: string;
    summary: Record<string, unknown>;
    patch: unknown;
  };
  assert.equal(composed.version, 'trace-summary-v0-composed');
  assert.deepEqual(composed.patch, await (await diff(pair)).json());
  const summary = (await (
    await diff({ ...pair, format: 'trace-summary-v0-native' })
  ).json()) as typeof composed.summary;
  assert.deepEqual(composed.summary, summary);
  const side = { rootService: 'shop', rootName: 'op a', spanCount: 5 };
  assert.deepEqual(
    { ...summary, warnings: undefined },
    {
      version: 'trace-summary-v0-native',
      base: { traceId: base, ...side, errorSpanCount: 1, durationMs: 100, sumSpanDurationMs: 185 },
      compare: { traceId: compare, ...side, errorSpanCount: 0, durationMs: 110, sumSpanDurationMs: 211 },
      signals: {
        traceLatency: 'increased',
        sumSpanDuration: 'increased',
        errors: 'decreased',
        spanCount: 'unchanged',
        structure: 'changed',
      },
      trust: { matchedSpanRatio: 0.8, structureOverlap: 0.8 },
      stats: {
        traceLatencyDeltaMs: 10,
        sumSpanDurationDeltaMs: 26,
        spanCountDelta: 0,
        errorSpanDelta: -1,
        matchedSpans: 4,
        modifiedSpans: 1,
        addedSpans: 1,
        removedSpans: 1,
        fieldChanges: 2,
        attributeChanges: 3,
      },
      warnings: undefined,
      changedServices: ['cart', 'db', 'mail', 'shop'],
      services: [
        { ...unchanged('cart'), sumSpanDurationDeltaMs: 20, modified: 1, resolvedErrors: 1 },
        { ...unchanged('shop'), sumSpanDurationDeltaMs: 10 },
        { ...unchanged('db'), sumSpanDurationDeltaMs: -5, removed: 1 },
        { ...unchanged('mail'), sumSpanDurationDeltaMs: 1, added: 1 },
      ],
    }
  );
});

const unchanged = (name: string) => ({
  name,
  sumSpanDurationDeltaMs: 0,
  modified: 0,
  added: 0,
  removed: 0,
  newErrors: 0,
  resolvedErrors: 0,
});

test('diff: a patch above 64 KiB is left out of the composed form, and its size told', async () => {
  const wide = (traceId: string, name: string): Span[] =>
    Array.from({ length: 400 }, (_, n) =>
      exampleSpan(traceId, { spanId: (n + 1).toString(16).padStart(16, '0'), name: `${name} ${'x'.repeat(100)}` })
    );
  const [one, two] = [exampleTraceId(0xa1), exampleTraceId(0xa2)];
  await postTraces(server, encodeTraces([...wide(one, 'a'), ...wide(two, 'b')]), 'application/x-protobuf');
  const sides = { base: { traceId: one }, compare: { traceId: two } };
  const { patch, patchOmitted } = (await (await diff({ ...sides, format: 'trace-summary-v0-composed' })).json()) as {
    patch?: unknown;
    patchOmitted: { bytes: number; reason: string };
  };
  const whole = await (await diff(sides)).text();
  assert.equal(patch, undefined);
  assert.deepEqual(patchOmitted, { bytes: whole.length, reason: 'over_budget' });
});

test('diff: what is refused, and with which status', async () => {
  const refused: [unknown, number, RegExp][] = [
    ['{', 400, /invalid trace diff request body/],
    ['[]', 400, /expected an object/],
    [{ base: {}, compare: {} }, 400, /base\.traceId is required/],
    [{ base: { traceId: '1' } }, 400, /compare\.traceId is required/],
    [{ ...pair, base: { traceId: 'xyz' } }, 400, /invalid base\.traceId/],
    [{ ...pair, base: { traceId: '1', start: 9, end: 5 } }, 400, /base\.start must be before base\.end/],
    [{ ...pair, base: { traceId: '1', start: '9' } }, 400, /invalid base\.start/],
    [{ ...pair, format: 'html' }, 400, /invalid format "html"/],
    [{ ...pair, compare: { traceId: 'ffff' } }, 404, /^Not Found$/],
    [{ ...pair, compare: { traceId: '3' } }, 422, /partial traces cannot be diffed/],
    ['x'.repeat(70_000), 413, /body_bytes_max|more than/],
  ];
  for (const [body, status, pattern] of refused) {
    const answer = await diff(body);
    const found = await answer.text();
    assert.equal(answer.status, status, found);
    assert.match(found, pattern);
  }
  assert.equal((await diff(undefined, 'GET')).status, 405);
});
