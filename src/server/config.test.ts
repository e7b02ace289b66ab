import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { readCommandLine } from './command-line.ts';
import { flagOf, options, printableConfig, resolveConfig, type Config } from './config.ts';

const fromFile = (text: string): Config =>
  resolveConfig({ flags: {}, variables: {}, file: parse(text), fileName: 'v.yaml' });

test('defaults: loopback, typed', () => {
  const config = fromFile('');
  assert.deepEqual(config.queryAddress, { host: '127.0.0.1', port: 3200 });
  assert.equal(config.bodyBytesMax, 64 * 2 ** 20);
  assert.equal(config.retention, 14 * 86_400_000);
  assert.equal(config.insecureNoAuth, false);
  assert.deepEqual(config.allowedHosts, []);
});

test('flags win over variables, variables over the file, the file over defaults', () => {
  const file = { data_dir: 'file', retention: '1d', demo_rate: 2, storage: 'memory' };
  const variables = { VIVACE_DATA_DIR: 'variable', VIVACE_RETENTION: '2d', VIVACE_DEMO_RATE: '' };
  const config = resolveConfig({ flags: { dataDir: 'flag' }, variables, file, fileName: 'v.yaml' });
  assert.equal(config.dataDir, 'flag');
  assert.equal(config.retention, 2 * 86_400_000);
  assert.equal(config.demoRate, 2, 'an empty variable is none');
  assert.equal(config.storage, 'memory');
});

test('values as they are written', () => {
  const config = fromFile(
    'query_address: "[::1]:99"\notlp_grpc_address: off\nbody_bytes_max: 1.5KiB\nretention: 0\nallowed_hosts: [a, b]\nmultitenancy: true'
  );
  assert.deepEqual(config.queryAddress, { host: '::1', port: 99 });
  assert.equal(config.otlpGrpcAddress, undefined);
  assert.equal(config.bodyBytesMax, 1536);
  assert.equal(config.retention, 0);
  assert.deepEqual(config.allowedHosts, ['a', 'b']);
  assert.deepEqual(
    resolveConfig({ flags: {}, variables: { VIVACE_ALLOWED_HOSTS: 'a, b' }, file: {}, fileName: '' }).allowedHosts,
    ['a', 'b']
  );
});

test('what is wrong is one line that names the place', () => {
  const rows: [string, RegExp][] = [
    ['query_adress: x', /v\.yaml: unknown option "query_adress", did you mean query_address\?/],
    ['zzzzzzzz: 1', /unknown option "zzzzzzzz"$/],
    ['query_address: 3200', /v\.yaml: query_address: /],
    ['query_address: localhost', /expected host:port/],
    ['query_address: "h:70000"', /expected host:port/],
    ['body_bytes_max: lots', /expected a size such as 64MiB/],
    ['request_timeout: 0s', /expected a duration/],
    ['storage: tape', /storage/],
    ['- a list', /expected keys and values/],
    ['tokens: [{name: a, token: 0123456789abcdef, scopes: [root]}]', /tokens \(0\.scopes\.0\)/],
    ['tokens: [{name: a, secret: x, scopes: [query]}]', /tokens/],
  ];
  for (const [text, pattern] of rows) {
    assert.throws(() => fromFile(text), pattern, text);
  }
});

test('secrets are not shown', () => {
  const config = fromFile(
    'tokens: [{name: a, token: token-0123456789ab, scopes: [query]}]\nusers: [{username: u, password: swordfish, scopes: [admin]}]'
  );
  const shown = JSON.stringify(printableConfig(config));
  assert.doesNotMatch(shown, /0123456789ab|swordfish/);
  assert.match(shown, /"username":"u"/);
});

test('the command line reads a file; flags win; a bad file is one line', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'vivace-config-'));
  const file = path.join(directory, 'v.yaml');
  writeFileSync(file, 'storage: memory\ndata_dir: from-file\n');
  const line = readCommandLine(['--config', file, '--data-dir', 'from-flag', '--demo'], {}, '1.2.3');
  assert.ok(line.kind === 'serve');
  assert.equal(line.config.storage, 'memory');
  assert.equal(line.config.dataDir, 'from-flag');
  assert.equal(line.config.demo, true);
  assert.throws(() => readCommandLine(['--config', path.join(directory, 'none.yaml')], {}, '1'), /none\.yaml: ENOENT/);
  writeFileSync(file, 'a: [');
  assert.throws(() => readCommandLine([], { VIVACE_CONFIG: file }, '1'), /v\.yaml: /);
  rmSync(directory, { recursive: true });
});

test('--help names every option with its reason and default', (t) => {
  let help = '';
  t.mock.method(process.stdout, 'write', (text: string) => {
    help += text;
    return true;
  });
  assert.deepEqual(readCommandLine(['--help'], {}, '1.2.3'), { kind: 'exit', code: 0 });
  t.mock.restoreAll();
  for (const name of Object.keys(options)) {
    assert.ok(help.includes(flagOf(name)), name);
  }
  assert.match(help, /default: 127\.0\.0\.1:4317/);
  assert.equal(
    Object.values(options).every((option) => option.reason.length > 10),
    true
  );
});
