import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { startServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vivace-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `name.pem` and `name.key`; signed by `issuer` where one is given, else by itself. */
function certificate(folder: string, name: string, issuer?: string): void {
  const file = (suffix: string, of = name): string => path.join(folder, `${of}.${suffix}`);
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const by = issuer === undefined ? [] : ['-CA', file('pem', issuer), '-CAkey', file('key', issuer)];
  openssl('req', '-x509', ...key, ...subject, ...by, '-days', '2', '-out', file('pem'));
}

interface Got {
  readonly status: number;
  readonly peer: string;
}

function get(url: string, options: https.RequestOptions): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = https.get(`${url}/ready`, { agent: false, ...options }, (response) => {
      response.resume();
      const peer = (response.socket as TLSSocket).getPeerCertificate() as PeerCertificate;
      response.on('end', () => resolve({ status: response.statusCode ?? 0, peer: String(peer.subject.CN) }));
    });
    request.on('error', reject);
  });
}

/** Over HTTP/2, which every door speaks: anything but a cut connection. */
function answers(url: string, options: http2.SecureClientSessionOptions): Promise<boolean> {
  const session = http2.connect(url, options);
  return new Promise<boolean>((resolve) => {
    session.on('error', () => resolve(false));
    session.on('close', () => resolve(false));
    const stream = session.request({ ':path': '/ready' });
    stream.on('error', () => resolve(false));
    stream.on('response', () => resolve(true));
  }).finally(() => session.destroy());
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 50) {
    if (await condition()) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not within 5 s: ${what}`);
}

test('a new certificate is shown to new connections, a broken one to none; connections that are open go on', async (t) => {
  const folder = await folderOf(t);
  certificate(folder, 'first');
  certificate(folder, 'second');
  const put = (name: string): void => {
    copyFileSync(path.join(folder, `${name}.key`), path.join(folder, 'key.pem'));
    copyFileSync(path.join(folder, `${name}.pem`), path.join(folder, 'cert.pem'));
  };
  put('first');
  const server = await startServer({
    config: {
      tls_cert_file: path.join(folder, 'cert.pem'),
      tls_key_file: path.join(folder, 'key.pem'),
      reload_interval: '50ms',
    },
  });
  t.after(() => server.close());
  const anyone = { rejectUnauthorized: false };
  assert.deepEqual(await get(server.urls.query, anyone), { status: 200, peer: 'first' });
  const session = http2.connect(server.urls.query, anyone);
  t.after(() => session.destroy());
  await new Promise((resolve) => session.once('connect', resolve));
  put('second');
  await until(async () => (await get(server.urls.query, anyone)).peer === 'second', 'the new certificate');
  await writeFile(path.join(folder, 'cert.pem'), 'no certificate');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(await get(server.urls.query, anyone), { status: 200, peer: 'second' });
  const status = await new Promise((resolve) => {
    const stream = session.request({ ':path': '/ready' });
    stream.on('response', (headers) => resolve(headers[':status']));
    stream.resume();
  });
  assert.equal(status, 200);
});

test('mutual TLS: no client without a certificate of ours comes in, on any door; it counts as authentication', async (t) => {
  const folder = await folderOf(t);
  certificate(folder, 'server');
  certificate(folder, 'authority');
  certificate(folder, 'ada', 'authority');
  certificate(folder, 'mallory');
  const file = (name: string): string => path.join(folder, name);
  const server = await startServer({
    config: {
      query_address: '0.0.0.0:0',
      tls_cert_file: file('server.pem'),
      tls_key_file: file('server.key'),
      client_ca_file: file('authority.pem'),
      reload_interval: '50ms',
    },
  });
  t.after(() => server.close());
  const as = (name: string): { rejectUnauthorized: false; cert: Buffer; key: Buffer } => ({
    rejectUnauthorized: false,
    cert: readFileSync(file(`${name}.pem`)),
    key: readFileSync(file(`${name}.key`)),
  });
  for (const [door, url] of Object.entries(server.urls)) {
    assert.equal(await answers(url, { rejectUnauthorized: false }), false, door);
    assert.equal(await answers(url, as('mallory')), false, door);
    assert.equal(await answers(url, as('ada')), true, door);
  }
  // Who is trusted changes without a restart.
  copyFileSync(file('mallory.pem'), file('authority.pem'));
  await until(
    () =>
      get(server.urls.query, as('mallory')).then(
        ({ status }) => status === 200,
        () => false
      ),
    'mallory is in'
  );
  await assert.rejects(get(server.urls.query, as('ada')));
  await assert.rejects(startServer({ config: { client_ca_file: file('server.pem') } }), /needs tls_cert_file/);
});

test('one address gets so many connections; they count again when they are closed', async (t) => {
  const server = await startServer({ config: { connections_per_address_max: 3 } });
  t.after(() => server.close());
  const { port } = new URL(server.urls.query);
  const open = async (): Promise<{ socket: net.Socket; refused: boolean }> => {
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    const refused = await new Promise<boolean>((resolve) => {
      socket.once('close', () => resolve(true));
      socket.write('GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n');
      socket.once('data', () => resolve(false));
    });
    return { socket, refused };
  };
  const connections = [];
  for (let i = 0; i < 5; i++) {
    connections.push(await open());
  }
  assert.deepEqual(
    connections.map(({ refused }) => refused),
    [false, false, false, true, true]
  );
  connections.forEach(({ socket }) => socket.destroy());
  await until(async () => {
    const { socket, refused } = await open();
    socket.destroy();
    return !refused;
  }, 'a place is free again');
});

test('a secret in a file is read again when it changes; a file that is gone changes nothing, and /status says so', async (t) => {
  const folder = await folderOf(t);
  const file = path.join(folder, 'token');
  await writeFile(file, 'first-secret-token-1234\n');
  const server = await startServer({
    config: {
      tokens: [{ name: 'grafana', token_file: file, scopes: ['query', 'admin'] }],
      reload_interval: '50ms',
    },
  });
  t.after(() => server.close());
  const ask = (token: string): Promise<Response> =>
    fetch(`${server.urls.query}/status`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask('first-secret-token-1234')).status, 200);
  await writeFile(file, 'second-secret-token-1234\n');
  await until(async () => (await ask('second-secret-token-1234')).status === 200, 'the new token');
  assert.equal((await ask('first-secret-token-1234')).status, 401);
  await rm(file);
  await until(
    async () => (await (await ask('second-secret-token-1234')).text()).includes('cannot be read again'),
    'a warning'
  );
});
