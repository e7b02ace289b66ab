import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeTraceFile } from '../../src/wire/detect.ts';
import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { encodeZipkinJson } from '../../src/wire/zipkin-json.ts';
import { startServer } from '../support/server.ts';
import { ingestSpans, spansIn, temporaryFolder, traceIdOf, traceSpans, vivace, withEngine } from './support.ts';

const traces = 40;
const expected = Array.from({ length: traces }, (_, n) => traceSpans(n))
  .flat()
  .map(({ traceId, spanId }) => `${traceId}/${spanId}`)
  .sort();

/** Two blocks and a head; every trace is split over two of the three, and a span of each is there twice. */
async function fillStore(dataDir: string): Promise<void> {
  await withEngine(dataDir, async (engine) => {
    for (let n = 0; n < traces; n++) {
      await ingestSpans(engine, traceSpans(n).slice(0, 2));
      if (n === traces / 2) {
        await engine.flush();
      }
    }
    await engine.flush();
    await ingestSpans(engine, Array.from({ length: traces }, (_, n) => traceSpans(n).slice(1)).flat());
  });
}

for (const [format, compression] of [
  ['otlp-json', 'gzip'],
  ['otlp-protobuf', 'zstd'],
  ['otlp-protobuf', 'none'],
] as const) {
  test(`exported as ${format} (${compression}) and imported elsewhere, every span is there once`, async (t) => {
    const folder = await temporaryFolder(t);
    const [from, out, to] = ['from', 'out', 'to'].map((name) => path.join(folder, name));
    await fillStore(from);
    const exported = await vivace(
      'export',
      '--data-dir',
      from,
      '--out',
      out,
      '--format',
      format,
      '--compress',
      compression,
      '--json'
    );
    assert.equal(exported.code, 0, exported.stderr);
    const { tenants } = JSON.parse(exported.stdout) as {
      tenants: { traces: number; spans: number; files: string[] }[];
    };
    assert.deepEqual(
      tenants.map((tenant) => [tenant.traces, tenant.spans, tenant.files.length]),
      [[traces, expected.length, 1]]
    );
    // Twice: what is imported again counts once.
    for (let round = 0; round < 2; round++) {
      const imported = await vivace('import', '--data-dir', to, out);
      assert.equal(imported.code, 0, imported.stderr);
      assert.match(imported.stdout, new RegExp(`: ${expected.length} spans accepted, 0 refused\n$`));
    }
    assert.deepEqual(await withEngine(to, (engine) => spansIn(engine, traces)), expected);
  });
}

test('export chooses by TraceQL and time, over whole traces', async (t) => {
  const folder = await temporaryFolder(t);
  const from = path.join(folder, 'from');
  await fillStore(from);
  const namesOf = (lines: string): string[] =>
    [...new Set(decodeTraceFile(Buffer.from(lines)).spans.map(({ name }) => name))].sort();
  const errors = await vivace(
    'export',
    '--data-dir',
    from,
    '--out',
    '-',
    '--query',
    '{ status = error } && { name = `GET /item/5` }'
  );
  assert.equal(errors.code, 0, errors.stderr);
  assert.deepEqual(namesOf(errors.stdout), ['GET /item/5']);
  assert.equal(decodeTraceFile(Buffer.from(errors.stdout)).spans.length, 3, 'the whole trace, not only what matched');
  const some = await vivace(
    'export',
    '--data-dir',
    from,
    '--out',
    '-',
    '--start',
    '1700000003',
    '--end',
    '2023-11-14T22:13:25Z'
  );
  assert.deepEqual(namesOf(some.stdout), ['GET /item/3', 'GET /item/4']);
});

test('export refuses what cannot be meant, with exit code 2 and one line', async (t) => {
  const folder = await temporaryFolder(t);
  const from = path.join(folder, 'from');
  await fillStore(from);
  const cases: [args: string[], says: RegExp][] = [
    [['--data-dir', path.join(folder, 'nothing'), '--out', '-'], /holds no Vivace store/],
    [['--data-dir', from, '--out', from], /is not empty/],
    [['--data-dir', from, '--out', '-', '--tenant', 'other'], /no tenant "other"; there are: single-tenant/],
    [['--data-dir', from, '--out', '-', '--since', 'soon'], /expected a duration/],
    [['--data-dir', from, '--out', '-', '--query', '{} | rate()'], /metrics query/],
    [['--data-dir', from], /required option/],
  ];
  const ended = await Promise.all(cases.map(([args]) => vivace('export', ...args)));
  ended.forEach(({ code, stderr }, i) => {
    assert.equal(code, 2, stderr);
    assert.match(stderr, cases[i][1]);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
  assert.deepEqual((await readdir(folder)).sort(), ['from'], 'a wrong name makes no folder');
});

test('export copies blocks whose rows a Parquet reader finds', async (t) => {
  const folder = await temporaryFolder(t);
  const [from, out] = [path.join(folder, 'from'), path.join(folder, 'out')];
  await fillStore(from);
  const { code, stderr } = await vivace('export', '--data-dir', from, '--out', out, '--format', 'parquet');
  assert.equal(code, 0, stderr);
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const result = await connection.runAndReadAll(`SELECT count(DISTINCT (trace_id, span_id)) FROM '${out}/*.parquet'`);
  assert.equal(Number(result.getRows()[0][0]), expected.length);
});

test('import reads every format, plain and compressed, and says what it refused', async (t) => {
  const folder = await temporaryFolder(t);
  const files = path.join(folder, 'files');
  await mkdir(files);
  const write = (name: string, bytes: Uint8Array): Promise<void> => writeFile(path.join(files, name), bytes);
  await write('0.json', encodeTracesJson(traceSpans(0)));
  await write('1.binpb.gz', gzipSync(encodeTraces(traceSpans(1))));
  // Two frames, as two runs of a collector leave them.
  await write(
    '2.jsonl.zst',
    Buffer.concat(
      [2, 3].map((n) => zstdCompressSync(Buffer.concat([encodeTracesJson(traceSpans(n)), Buffer.from('\n')])))
    )
  );
  await write('4.jaeger.json', encodeJaegerJson(traceSpans(4)));
  await write('5.zipkin.json', encodeZipkinJson(traceSpans(5)));
  const lines = [traceSpans(6), traceSpans(7)].map((spans) => Buffer.from(encodeTracesJson(spans)).toString());
  await write('6.jsonl', Buffer.from(`${lines[0]}\n{"resourceSpans":7}\n\n${lines[1]}\n`));
  await write('8.txt', Buffer.from('no spans'));
  await write('9.json.gz', gzipSync(encodeTracesJson(traceSpans(9))).subarray(0, 60));
  const to = path.join(folder, 'to');
  const { code, stdout, stderr } = await vivace('import', '--data-dir', to, files, '--json');
  assert.equal(code, 1, stderr);
  const report = JSON.parse(stdout) as { files: { file: string; accepted: number; reasons: string[] }[] };
  assert.deepEqual(
    report.files.map(({ file, accepted, reasons }) => [path.basename(file), accepted, reasons.length]),
    [
      ['0.json', 3, 0],
      ['1.binpb.gz', 3, 0],
      ['2.jsonl.zst', 6, 0],
      ['4.jaeger.json', 3, 0],
      ['5.zipkin.json', 3, 0],
      ['6.jsonl', 6, 1],
      ['8.txt', 0, 1],
      ['9.json.gz', 0, 1],
    ]
  );
  assert.match(report.files[5].reasons[0], /^line 2: /);
  assert.equal((await withEngine(to, (engine) => spansIn(engine, 10))).length, 3 * 8);
});

test('import sends to a running server, as a tenant, and ends with 1 when it is not there', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'spans.json');
  await writeFile(file, encodeTracesJson(traceSpans(1)));
  const server = await startServer({ config: { multitenancy: true } });
  t.after(() => server.close());
  const sent = await vivace('import', '--url', server.urls.otlpHttp, '--tenant', 'blue', file);
  assert.equal(sent.code, 0, sent.stderr);
  const found = await fetch(`${server.urls.query}/api/traces/${traceIdOf(1)}`, {
    headers: { 'x-scope-orgid': 'blue' },
  });
  assert.equal(found.status, 200);
  const refused = await vivace('import', '--url', server.urls.otlpHttp, file);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /401.*no org id/);
});
