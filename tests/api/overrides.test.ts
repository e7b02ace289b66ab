import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { startProcess, startServer, type TestServer } from '../support/server.ts';
import { exampleProtobuf, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const protobuf = 'application/x-protobuf';
const orgId = (tenant: string): Record<string, string> => ({ 'x-scope-orgid': tenant });

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vivace-overrides-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 20) {
    if (await condition()) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`not within 5 s: ${what}`);
}

function overrides(
  server: TestServer,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
  search = ''
) {
  return fetch(`${server.urls.query}/api/overrides${search}`, {
    method,
    headers: { ...orgId('blue'), ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('the overrides file limits single tenants, is read again when it changes, and keeps its last good version', async (t) => {
  const file = path.join(await folderOf(t), 'overrides.yaml');
  await writeFile(
    file,
    'overrides:\n  "*": { ingestion: { max_body_bytes: 1KiB } }\n  blue: { ingestion: { max_body_bytes: 20 } }\n'
  );
  const server = await startServer({
    config: { multitenancy: true, overrides_file: file, reload_interval: '50ms' },
  });
  t.after(() => server.close());
  const post = async (tenant: string): Promise<number> =>
    (await postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf, orgId(tenant))).status;
  assert.deepEqual([await post('blue'), await post('red')], [413, 200]);
  await writeFile(file, 'overrides:\n  blue: { ingestion: { max_body_bytes: 1MiB } }\n');
  await until(async () => (await post('blue')) === 200, 'the new limit');
  await writeFile(file, 'overrides:\n  blue: { ingestion: { max_bodybytes: 1MiB } }\n');
  const status = async (page: string): Promise<string> => (await fetch(`${server.urls.query}/status${page}`)).text();
  await until(async () => (await status('')).includes('last good version'), 'a problem in /status');
  assert.equal(await post('blue'), 200);
  assert.match(await status('/runtime_config'), /blue:\n\s+ingestion:\n\s+max_body_bytes: 1048576/);
  assert.match(await status('/overrides/blue'), /max_body_bytes: 1048576/);
  await writeFile(file, 'overrides: {}\n');
  await until(async () => !(await status('')).includes('last good version'), 'the problem is gone');
});

test('a wrong overrides file ends the start', async (t) => {
  const file = path.join(await folderOf(t), 'overrides.yaml');
  await writeFile(file, 'overrides:\n  blue: { ingestion: { rate_limit_bytes: lots } }\n');
  await assert.rejects(
    startServer({ config: { overrides_file: file } }),
    /blue\.ingestion\.rate_limit_bytes: expected a size/
  );
});

test('a rate in bytes: what comes too fast is told to come later, the others are not', async (t) => {
  const file = path.join(await folderOf(t), 'overrides.yaml');
  await writeFile(file, 'overrides:\n  blue: { ingestion: { rate_limit_bytes: 300 } }\n');
  const server = await startServer({ config: { multitenancy: true, overrides_file: file } });
  t.after(() => server.close());
  const post = (tenant: string): Promise<Response> =>
    postTraces(server, exampleProtobuf(exampleTraceId(1)), protobuf, orgId(tenant));
  const answers = [];
  for (let i = 0; i < 6; i++) {
    answers.push(await post('blue'));
  }
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(answers[0].status, 200);
  assert.ok(refused.length > 0);
  assert.ok(refused[0].headers.get('retry-after'));
  assert.match(await refused[0].text(), /RATE_LIMITED/);
  assert.equal((await post('red')).status, 200);
  await until(async () => (await post('blue')).status === 200, 'the bucket fills again');
});

test('query limits: range and number at once', async (t) => {
  const file = path.join(await folderOf(t), 'overrides.yaml');
  const read = '{ max_search_duration: 1h, max_metrics_duration: 2h }';
  await writeFile(file, `overrides:\n  blue: { read: ${read} }\n`);
  const server = await startServer({ config: { multitenancy: true, overrides_file: file } });
  t.after(() => server.close());
  const get = async (tenant: string, query: string): Promise<[number, string]> => {
    const answer = await fetch(server.urls.query + query, { headers: orgId(tenant) });
    return [answer.status, await answer.text()];
  };
  assert.equal((await get('blue', '/api/search?q={}&start=1700000000&end=1700003600'))[0], 200);
  const [status, text] = await get('blue', '/api/search?q={}&start=1700000000&end=1700003601');
  assert.equal(status, 400);
  assert.match(text, /exceeds 1h0m0s/);
  const metrics = '/api/metrics/query_range?q={}|rate()&step=60';
  assert.equal((await get('blue', `${metrics}&start=1700000000&end=1700007000`))[0], 200);
  assert.equal((await get('blue', `${metrics}&start=1700000000&end=1700009000`))[0], 400);
  assert.equal((await get('red', '/api/search?q={}&start=1700000000&end=1800000000'))[0], 200);
  assert.equal(
    (await get('red|blue', '/api/search?q={}&start=1700000000&end=1800000000'))[0],
    400,
    'the strictest holds'
  );
});

test('/api/overrides: versions, merge patches, and only what tightens', async (t) => {
  const off = await startServer();
  assert.equal((await overrides(off, 'GET')).status, 404);
  await off.close();

  const server = await startServer({ config: { multitenancy: true, user_overrides: true, ingest_rate_bytes: 1000 } });
  t.after(() => server.close());
  const entry = { ingestion: { rate_limit_bytes: 500 }, metrics_generator: { processors: ['span-metrics'] } };
  assert.equal((await overrides(server, 'GET')).status, 404);
  assert.equal((await overrides(server, 'POST', entry)).status, 428);
  assert.equal((await overrides(server, 'POST', entry, { 'if-match': '7' })).status, 412);
  const posted = await overrides(server, 'POST', entry, { 'if-match': '0' });
  assert.equal(posted.status, 200, await posted.clone().text());
  assert.match(posted.headers.get('warning') ?? '', /metrics_generator: kept/);
  const first = posted.headers.get('etag') ?? '';
  const got = await overrides(server, 'GET');
  assert.equal(got.headers.get('etag'), first);
  assert.deepEqual(await got.json(), entry);
  const merged = (await (await overrides(server, 'GET', undefined, {}, '?scope=merged')).json()) as typeof entry;
  assert.equal(merged.ingestion.rate_limit_bytes, 500);
  assert.equal((await overrides(server, 'GET', undefined, {}, '?scope=both')).status, 400);

  const patched = await overrides(server, 'PATCH', { metrics_generator: null, read: { query_timeout: '1s' } });
  assert.deepEqual(await patched.json(), { ingestion: { rate_limit_bytes: 500 }, read: { query_timeout: '1s' } });
  const second = patched.headers.get('etag') ?? '';
  assert.notEqual(second, first);
  assert.equal((await overrides(server, 'POST', {}, { 'if-match': first })).status, 412);

  const bad: [body: unknown, says: RegExp][] = [
    [{ ingestion: { rate_limit_bytes: 2000 } }, /ingestion\.rate_limit_bytes: a tenant may only tighten/],
    [{ ingestion: { rate_limit_bytes: 0 } }, /only tighten/],
    [{ ingestion: { rate: 1 } }, /ingestion: Unrecognized key/],
    [{ nonsense: 1 }, /Unrecognized key/],
    ['[]', /no JSON object/],
    ['{', /no JSON object/],
    ['{"__proto__": {"read": 1}, "forwarders": 7}', /./],
  ];
  for (const [body, says] of bad) {
    const answer = await overrides(server, 'POST', body, { 'if-match': second });
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(await answer.text(), says);
  }
  assert.equal((await overrides(server, 'POST', 'x'.repeat(70_000), { 'if-match': second })).status, 413);
  assert.equal((await overrides(server, 'PATCH', {}, { origin: 'http://evil.example' })).status, 403);
  assert.equal((await overrides(server, 'PUT', {})).status, 405);

  assert.equal((await overrides(server, 'DELETE')).status, 428);
  assert.equal((await overrides(server, 'DELETE', undefined, { 'if-match': first })).status, 412);
  assert.equal((await overrides(server, 'DELETE', undefined, { 'if-match': `"${second}"` })).status, 200);
  assert.equal((await overrides(server, 'GET')).status, 404);
  assert.equal((await overrides(server, 'DELETE', undefined, { 'if-match': second })).status, 404);
  const again = await overrides(server, 'POST', {}, { 'if-match': '0' });
  assert.ok(BigInt(again.headers.get('etag') ?? '0') > BigInt(second), 'a version is never given twice');
});

test('what a tenant has set is there after a crash, and nobody else changes it', async (t) => {
  const folder = await folderOf(t);
  const args = ['--data-dir', path.join(folder, 'data'), '--multitenancy', '--user-overrides'];
  const first = await startProcess(args);
  t.after(() => first.kill());
  const posted = await overrides(first, 'POST', { read: { query_timeout: '2s' } }, { 'if-match': '0' });
  assert.equal(posted.status, 200, await posted.text());
  await first.kill();
  const second = await startProcess(args);
  t.after(() => second.kill());
  const got = await overrides(second, 'GET');
  assert.deepEqual(
    [got.headers.get('etag'), await got.json()],
    [posted.headers.get('etag'), { read: { query_timeout: '2s' } }]
  );
  assert.equal((await overrides(second, 'GET', undefined, orgId('red'))).status, 404);
  await second.close();
});
