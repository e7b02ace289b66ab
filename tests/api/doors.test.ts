import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parse as parseYaml } from 'yaml';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { CodedError } from '../../src/base/coded-error.ts';
import { ConfigError } from '../../src/server/config.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { OpenedStore } from '../../src/server/open-store.ts';
import { opened, startServer } from '../support/server.ts';
import { exampleProtobuf, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const protobuf = 'application/x-protobuf';

/** One HTTP/2 request; many when given one session. */
function h2Request(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders
): Promise<Record<string, unknown> & { body: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let seen: Record<string, unknown> = {};
    let body = '';
    stream.on('response', (response) => (seen = { ...response }));
    stream.on('data', (chunk) => (body += String(chunk)));
    stream.on('end', () => resolve({ ...seen, body }));
    stream.on('error', reject);
    stream.end();
  });
}

/** Sends text, answers everything that came back until the end. */
async function rawExchange(url: string, chunks: readonly string[], pauseMs = 0): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  let answer = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await ended;
  return answer;
}

test('HTTP/1.1 and prior-knowledge HTTP/2 on one port, also when the preface comes in pieces', async () => {
  const server = await startServer();
  const session = http2.connect(server.urls.query);
  const answers = await Promise.all(Array.from({ length: 50 }, () => h2Request(session, { ':path': '/api/echo' })));
  assert.ok(answers.every((answer) => answer[':status'] === 200 && answer.body === 'echo'));
  session.close();
  assert.equal(await (await fetch(`${server.urls.query}/api/echo`)).text(), 'echo');

  const slow = await rawExchange(
    server.urls.query,
    ['G', 'E', 'T /api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
    20
  );
  assert.match(slow, /echo$/);

  const { hostname, port } = new URL(server.urls.query);
  const socket = net.connect(Number(port), hostname);
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  socket.write(preface.slice(0, 2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write(preface.slice(2) + '\0\0\0\x04\0\0\0\0\0');
  const first = (await new Promise<Buffer>((resolve) => socket.once('data', resolve))) as Buffer;
  assert.equal(first[3], 4, 'the server speaks HTTP/2: its first frame is SETTINGS');
  socket.destroy();
  await server.close();
});

test('rubbish on every port does no harm', async () => {
  const server = await startServer();
  const rubbish = [
    '\0\0\0\0',
    'PRI * HTTP/2.0\r\n\r\nXX',
    'GET\r\n\r\n',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  ];
  for (const url of Object.values(server.urls)) {
    for (const bytes of rubbish) {
      const { hostname, port } = new URL(url);
      await new Promise<void>((resolve) => {
        const socket = net.connect(Number(port), hostname, () => socket.end(Buffer.from(bytes, 'latin1')));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
  }
  assert.equal((await fetch(`${server.urls.query}/api/echo`)).status, 200);
  assert.equal((await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf)).status, 200);
  await server.close();
});

test('URLs that make naive parsers throw', async () => {
  const server = await startServer();
  for (const target of [
    '//',
    '*',
    'http://',
    '/api/search?q=%E0%A4%A',
    '/%',
    '/api/v2/search/tag/%/values',
    '/..%2f..%2fetc/passwd',
    '/../../etc/passwd',
  ]) {
    const answer = await rawExchange(server.urls.query, [
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    ]);
    assert.match(answer, /^HTTP\/1\.1 (200|400|404) /, target);
    assert.doesNotMatch(answer, /root:/);
  }
  await server.close();
});

test('handlers that throw: 500 with an id and without the cause, and the server lives', async () => {
  const store = new MemoryStore();
  store.search = () => {
    throw new TypeError('secret cause');
  };
  store.ingest = () => Promise.reject(new RangeError('secret cause'));
  store.status = () => {
    throw new Error('secret cause');
  };
  const server = await startServer({ store });
  const answers = [
    await fetch(`${server.urls.query}/api/search?q={}`),
    await fetch(`${server.urls.query}/ready`),
    await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 500);
    const body = await answer.text();
    assert.match(body, /internal error, see the server's log for [0-9a-f]{8}/);
    assert.doesNotMatch(body, /secret/);
  }
  assert.equal((await fetch(`${server.urls.query}/api/echo`)).status, 200);
  await server.close();
});

test('a full disk: 503 with Retry-After', async () => {
  const store = new MemoryStore();
  store.ingest = () => Promise.reject(new CodedError('unavailable', 'the disk is full'));
  const server = await startServer({ store });
  const answer = await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '1');
  await server.close();
});

test('memory for bodies is bounded over all requests, and given back', async () => {
  const store = new MemoryStore();
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const ingest = store.ingest.bind(store);
  store.ingest = async (batch) => {
    await held;
    return ingest(batch);
  };
  const server = await startServer({ store, config: { body_budget_bytes: 1000 } });
  const body = exampleProtobuf(exampleTraceId(1));
  assert.ok(body.length > 130 && body.length < 500);
  const answers = Array.from({ length: 20 }, () => postTraces(server, body, protobuf));
  await new Promise((resolve) => setTimeout(resolve, 200));
  letGo();
  const statuses = (await Promise.all(answers)).map((answer) => answer.status);
  const fits = Math.floor(1000 / body.length);
  assert.equal(statuses.filter((status) => status === 200).length, fits);
  assert.equal(statuses.filter((status) => status === 503).length, 20 - fits);
  assert.equal((await postTraces(server, body, protobuf)).status, 200, 'the memory is free again');
  await server.close();
});

test('a query ends with the client, and at the limit of the server', async () => {
  const store = new MemoryStore();
  let aborted: unknown;
  store.search = (request) =>
    new Promise((_, reject) => {
      request.signal?.addEventListener('abort', () => {
        aborted = request.signal?.reason;
        reject(request.signal?.reason as Error);
      });
    });
  const server = await startServer({ store, config: { query_timeout: '300ms' } });
  await fetch(`${server.urls.query}/api/search?q={}`, { signal: AbortSignal.timeout(50) }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((aborted as CodedError).code, 'canceled');
  const answer = await fetch(`${server.urls.query}/api/search?q={}`);
  assert.equal(answer.status, 504);
  assert.match(await answer.text(), /query_timeout/);
  await server.close();
});

test('while the store opens and replays: doors answer "retry", /ready says how far', async () => {
  let open: (store: OpenedStore) => void = () => undefined;
  const server = await startServer({ openStore: () => new Promise((resolve) => (open = resolve)) });
  const query = (urlPath: string): Promise<Response> => fetch(server.urls.query + urlPath);
  assert.match(await (await query('/ready')).text(), /^not ready: the store is being opened/);
  assert.equal((await query('/api/search?q={}')).status, 503);
  assert.equal((await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf)).status, 503);
  assert.equal((await query('/api/echo')).status, 200);

  const store = new MemoryStore();
  const status = store.status();
  store.status = () => ({ ...status, ready: false, message: 'replaying the WAL: 3 of 9 segments' });
  open(opened(store));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const replaying = await query('/ready');
  assert.equal(replaying.status, 503);
  assert.match(await replaying.text(), /3 of 9 segments/);
  store.status = () => status;
  assert.equal((await query('/ready')).status, 200);
  await server.close();
});

test('closing lets a request in flight end, and takes no new one', async () => {
  const store = new MemoryStore();
  let closedStore = false;
  const close = store.close.bind(store);
  store.close = () => {
    closedStore = true;
    return close();
  };
  const ingest = store.ingest.bind(store);
  store.ingest = async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(closedStore, false, 'the store closes last');
    return ingest(batch);
  };
  const server = await startServer({ store });
  const inFlight = postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closing = server.close();
  assert.equal((await inFlight).status, 200);
  await closing;
  assert.equal(closedStore, true);
  await assert.rejects(fetch(`${server.urls.query}/api/echo`));
});

test('own metrics count what came in', async () => {
  const server = await startServer();
  await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf);
  await postTraces(server, Uint8Array.of(1), protobuf);
  await fetch(`${server.urls.query}/api/search?q={}`);
  const metrics = await (await fetch(`${server.urls.query}/metrics`)).text();
  assert.match(metrics, /^vivace_ingest_spans_total\{protocol="otlp-http"\} 1$/m);
  assert.match(metrics, /^vivace_ingest_refused_requests_total\{protocol="otlp-http",code="invalid_argument"\} 1$/m);
  assert.match(metrics, /^vivace_query_seconds_count\{route="search",status="200"\} 1$/m);
  assert.match(metrics, /^vivace_head_spans 1$/m);
  assert.match(metrics, /^vivace_event_loop_delay_p99_seconds /m);
  await server.close();
});

const ingestToken = 'ingest-token-0123456789';
const queryToken = 'query-token-0123456789';
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

test('tokens with scopes, users with passwords', async () => {
  const server = await startServer({
    config: {
      tokens: [
        { name: 'collector', token: ingestToken, scopes: ['ingest'] },
        { name: 'grafana', token: queryToken, scopes: ['query'] },
      ],
      users: [{ username: 'ada', password: 'lovelace', scopes: ['query', 'admin'] }],
    },
  });
  const body = exampleProtobuf(exampleTraceId(1));
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await postTraces(server, body, protobuf, headers)).status;
  assert.equal(await post({}), 401);
  assert.equal(await post(bearer('wrong')), 401);
  assert.equal(await post(bearer(queryToken)), 403);
  assert.equal(await post(bearer(ingestToken)), 200);
  const query = async (urlPath: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(server.urls.query + urlPath, { headers })).status;
  assert.equal(await query('/api/search?q={}'), 401);
  assert.equal(await query('/api/search?q={}', bearer(ingestToken)), 403);
  assert.equal(await query('/api/search?q={}', bearer(queryToken)), 200);
  const basic = { authorization: `Basic ${Buffer.from('ada:lovelace').toString('base64')}` };
  assert.equal(await query('/api/search?q={}', basic), 200);
  assert.equal(await query('/metrics'), 401);
  assert.equal(await query('/status/config', bearer(queryToken)), 403);
  const shown = await (await fetch(`${server.urls.query}/status/config`, { headers: basic })).text();
  assert.match(shown, /collector/);
  assert.doesNotMatch(shown, /ingest-token|lovelace/);
  assert.equal(await query('/ready'), 200, 'probes carry no credentials');
  await server.close();
});

test('tenants: off by default; on, the header is needed, checked and separates', async () => {
  const single = await startServer();
  await postTraces(single, exampleProtobuf(exampleTraceId(1)), protobuf, { 'x-scope-orgid': 'a' });
  assert.equal((await fetch(`${single.urls.query}/api/traces/1`, { headers: { 'x-scope-orgid': 'b' } })).status, 200);
  await single.close();

  const server = await startServer({ config: { multitenancy: true, tenants_max: 2 } });
  const post = (tenant: string): Promise<Response> =>
    postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf, { 'x-scope-orgid': tenant });
  const read = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${server.urls.query}/api/traces/1`, { headers });
  assert.equal((await post('a')).status, 200);
  assert.equal((await read({ 'x-scope-orgid': 'a' })).status, 200);
  assert.equal((await read({ 'x-scope-orgid': 'b' })).status, 404);
  const missing = await read({});
  assert.equal(missing.status, 401);
  assert.equal(await missing.text(), 'no org id');
  for (const bad of ['..', '.', 'a/b', 'a||b', '|a', 'a|', 'a|..', 'x'.repeat(151), 'a b']) {
    assert.equal((await read({ 'x-scope-orgid': bad })).status, 400, bad);
    assert.equal((await post(bad)).status, 400, bad);
  }
  assert.equal((await post('a|b')).status, 400, 'spans belong to one tenant');
  assert.equal((await read({ 'x-scope-orgid': 'b|a|b' })).status, 200, 'a query may be over several');
  assert.equal((await post('b')).status, 200);
  assert.equal((await post('c')).status, 429, 'a third tenant is above tenants_max');
  await server.close();
});

test('a listener beyond loopback is refused without authentication', async () => {
  const open = { query_address: '0.0.0.0:0' };
  await assert.rejects(
    startServer({ config: open }),
    (error) => error instanceof ConfigError && /refusing to listen/.test(error.message)
  );
  const server = await startServer({ config: { ...open, insecure_no_auth: true } });
  assert.match(await (await fetch(`${server.urls.query}/status`)).text(), /answers everybody/);
  await server.close();
});

test('a port in use and unreadable certificates are one clear line', async () => {
  const server = await startServer();
  const { host } = new URL(server.urls.query);
  await assert.rejects(startServer({ config: { otlp_http_address: host } }), /cannot listen on .*: the port is in use/);
  await assert.rejects(startServer({ config: { tls_cert_file: 'a.pem' } }), /go together/);
  await assert.rejects(
    startServer({ config: { tls_cert_file: 'none.pem', tls_key_file: 'none.pem' } }),
    /TLS files: ENOENT/
  );
  await server.close();
});

test('the page: routes, hashed assets, a fresh nonce, a strict policy', async () => {
  const pageDir = await mkdtemp(path.join(os.tmpdir(), 'vivace-page-'));
  await mkdir(path.join(pageDir, 'assets'));
  await writeFile(
    path.join(pageDir, 'index.html'),
    '<meta name="csp-nonce" content="__VIVACE_CSP_NONCE__"><script src="/assets/main-ABCDEF12.js"></script>'
  );
  await writeFile(path.join(pageDir, 'assets/main-ABCDEF12.js'), 'start()');
  const server = await startServer({ pageDir });
  const nonces = new Set<string>();
  for (const route of ['/', '/search', '/trace/0123456789abcdef0123456789abcdef', '/search?q=%7B%7D']) {
    const answer = await fetch(server.urls.query + route);
    assert.equal(answer.status, 200, route);
    const policy = answer.headers.get('content-security-policy')!;
    const nonce = /'nonce-([^']+)'/.exec(policy)![1];
    assert.ok((await answer.text()).includes(`content="${nonce}"`), 'header and page agree');
    assert.match(policy, /^default-src 'none'; script-src 'self'; .*require-trusted-types-for 'script'/);
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    nonces.add(nonce);
  }
  assert.equal(nonces.size, 4);
  const asset = await fetch(`${server.urls.query}/assets/main-ABCDEF12.js`);
  assert.equal(asset.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.match(asset.headers.get('cache-control')!, /immutable/);
  assert.equal((await fetch(`${server.urls.query}/assets/other.js`)).status, 404);
  await server.close();
  await rm(pageDir, { recursive: true });
});

test('without a built page: a text that says what to do', async () => {
  const server = await startServer();
  assert.match(await (await fetch(server.urls.query)).text(), /npm run build:standalone/);
  await server.close();
});

test('a query over several tenants: each must be allowed, the option turns it off, a tail watches all', async (t) => {
  const token = 'query-token-0123456789';
  const config = {
    multitenancy: true,
    tokens: [{ name: 'g', token, scopes: ['query', 'ingest'], tenants: ['a', 'b'] }],
  };
  const server = await startServer({ config });
  t.after(() => server.close());
  const headers = (tenant: string) => ({ authorization: `Bearer ${token}`, 'x-scope-orgid': tenant });
  for (const [n, tenant] of ['a', 'b'].entries()) {
    const sent = await postTraces(server, exampleProtobuf(exampleTraceId(n + 1)), protobuf, headers(tenant));
    assert.equal(sent.status, 200);
  }
  const search = async (tenant: string): Promise<[number, number]> => {
    const query = '/api/search?q={}&start=1690000000&end=1710000000';
    const answer = await fetch(server.urls.query + query, { headers: headers(tenant) });
    return [answer.status, answer.ok ? ((await answer.json()) as { traces: unknown[] }).traces.length : 0];
  };
  assert.deepEqual(await search('a'), [200, 1]);
  assert.deepEqual(await search('a|b'), [200, 2]);
  assert.deepEqual(await search('a|c'), [403, 0]);
  const tail = await fetch(`${server.urls.query}/api/vivace/tail?q={}`, { headers: headers('a|b') });
  const lines = tail.body!.pipeThrough(new TextDecoderStream()).getReader();
  await postTraces(server, exampleProtobuf(exampleTraceId(7)), protobuf, headers('b'));
  let text = '';
  while (!text.includes(exampleTraceId(7))) {
    const { value, done } = await lines.read();
    assert.equal(done, false, text);
    text += value ?? '';
  }
  await lines.cancel();
  const off = await startServer({ config: { multitenancy: true, multi_tenant_queries: false } });
  t.after(() => off.close());
  assert.equal((await fetch(`${off.urls.query}/api/search?q={}`, { headers: { 'x-scope-orgid': 'a|b' } })).status, 400);
});

test('status pages: every endpoint listed is there, differences to the defaults, what Grafana asks of a build', async (t) => {
  const server = await startServer({ config: { retention: '3d', query_timeout: '30s' } });
  t.after(() => server.close());
  const page = async (path: string): Promise<unknown> => {
    const answer = await fetch(server.urls.query + path);
    assert.equal(answer.status, 200, path);
    return parseYaml(await answer.text());
  };
  const endpoints = (await page('/status/endpoints')) as { query: string[]; status: string[] };
  assert.ok(endpoints.query.includes('/api/v2/traces/{…}') && endpoints.query.includes('/api/overrides'));
  for (const path of endpoints.query) {
    assert.match(path, /^\/(api|jaeger|zipkin)\/[A-Za-z0-9_/{}….+-]*$/);
  }
  for (const path of endpoints.status) {
    const answer = await fetch(server.urls.query + path.replace('{tenant}', 'some-tenant'));
    assert.equal(answer.status, 200, path);
  }
  const diff = (await page('/status/config?mode=diff')) as Record<string, unknown>;
  assert.equal(diff.retention, 3 * 24 * 3_600_000);
  assert.equal('query_timeout' in diff, false);
  assert.equal(((await page('/status/config?mode=defaults')) as { retention: number }).retention, 14 * 24 * 3_600_000);
  assert.equal(((await page('/status/services')) as { store: string }).store, 'Running');
  const { version } = (await page('/api/status/buildinfo')) as { version: string };
  assert.equal(version, '3.0.0+vivace.0.0.0-test');
  assert.ok(Number(version.split('.')[0]) > 2, 'the Tempo data source streams metrics from 2.7 on');
});
