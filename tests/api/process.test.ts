import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { flagOf, options } from '../../src/server/config.ts';
import { startProcess } from '../support/server.ts';
import { exampleProtobuf, exampleTraceId, postTraces } from './support.ts';
import { fetch } from './strict-fetch.ts';

const otherDoors = Object.keys(options).filter((name) => name.endsWith('Address') && name !== 'queryAddress');
const mainFile = path.join(import.meta.dirname, '../../src/server/main.ts');

let directory: string;
before(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'vivace-process-'));
});
after(() => rm(directory, { recursive: true, force: true }));

/** Runs to the end. */
async function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [mainFile, ...args]);
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** Output reaches us a little after the server wrote it. */
async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition() && waitedMs < 2000; waitedMs += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('version, usage errors and wrong options: exit codes, and one line that says what', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const [asked, unknown, open, notAFolder] = await Promise.all([
    run(['--version']),
    run(['--data-dri', 'x']),
    run(['--query-address', '0.0.0.0:0']),
    run([
      '--data-dir',
      mainFile,
      '--query-address',
      '127.0.0.1:0',
      ...otherDoors.flatMap((name) => [flagOf(name), 'off']),
    ]),
  ]);
  assert.deepEqual(asked, { code: 0, output: `${version}\n` });
  assert.equal(unknown.code, 2);
  assert.match(unknown.output, /did you mean --data-dir/i);
  assert.equal(open.code, 2);
  assert.match(open.output, /^vivace: refusing to listen on 0\.0\.0\.0:0 without authentication[^\n]*\n$/);
  assert.equal(notAFolder.code, 2, notAFolder.output);
  assert.match(notAFolder.output, /^vivace: data folder: /m);
});

test('the summary says where to look and where to send; SIGTERM ends in good order', async (t) => {
  const server = await startProcess(['--storage', 'memory']);
  t.after(() => server.kill());
  await until(() => server.output().includes('Look at traces'));
  assert.match(server.output(), new RegExp(`Look at traces +${server.urls.query}\n`));
  assert.match(server.output(), new RegExp(`OTLP/HTTP +${server.urls.otlpHttp}/v1/traces\n`));
  assert.equal((await postTraces(server, exampleProtobuf(exampleTraceId(1)), 'application/x-protobuf')).status, 200);
  await server.close();
  assert.equal(server.process.exitCode, 0);
});

test('a second server on the same data folder is refused; the first goes on; what was kept is there after a restart', async (t) => {
  const dataDir = path.join(directory, 'data');
  const first = await startProcess(['--data-dir', dataDir]);
  t.after(() => first.kill());
  assert.equal((await postTraces(first, exampleProtobuf(exampleTraceId(1)), 'application/x-protobuf')).status, 200);
  await assert.rejects(startProcess(['--data-dir', dataDir]), /ended with 2:[^]*in use by another vivace process/);
  assert.equal((await fetch(`${first.urls.query}/api/traces/1`)).status, 200);
  await first.close();
  assert.equal(first.process.exitCode, 0);
  const second = await startProcess(['--data-dir', dataDir]);
  t.after(() => second.kill());
  assert.equal((await fetch(`${second.urls.query}/api/traces/1`)).status, 200);
  await second.close();
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
test('TLS on every door', { skip: !hasOpenssl && 'openssl is not installed' }, async (t) => {
  const key = path.join(directory, 'key.pem');
  const cert = path.join(directory, 'cert.pem');
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
  ];
  const made = spawnSync('openssl', [
    ...request,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  const server = await startProcess(['--storage', 'memory', '--tls-key-file', key, '--tls-cert-file', cert]);
  t.after(() => server.kill());
  assert.match(server.urls.query, /^https:/);
  const ca = readFileSync(cert);
  const body = await new Promise<string>((resolve, reject) => {
    https
      .get(`${server.urls.query}/api/echo`, { ca }, (answer) => {
        answer.setEncoding('utf8');
        answer.on('data', resolve);
      })
      .on('error', reject);
  });
  assert.equal(body, 'echo');
  const { Client, credentials } = await import('@grpc/grpc-js');
  const client = new Client(new URL(server.urls.otlpGrpc).host, credentials.createSsl(ca));
  const plain = (value: Buffer): Buffer => value;
  const exportMethod = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(exportMethod, plain, plain, Buffer.from(exampleProtobuf(exampleTraceId(2))), (error) =>
      error ? reject(error) : resolve()
    );
  });
  client.close();
  await server.close();
});
