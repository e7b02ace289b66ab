import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import type { ByteRange, Disk, WritableFile } from '../../src/engine/disk.ts';
import { openEngine } from '../../src/engine/engine.ts';
import { inPlaceWorkers } from '../../src/engine/tasks.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { nodeCodecs } from '../../src/server/node-codecs.ts';
import { NodeDisk } from '../../src/server/node-disk.ts';
import { opened, startServer } from '../support/server.ts';
import { exampleProtobuf, exampleTraceId } from './support.ts';

/** The disk of a folder, and every path that was asked of it. */
class RecordingDisk implements Disk {
  readonly paths = new Set<string>();
  private readonly disk: Disk;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  private seen(file: string): string {
    this.paths.add(file);
    return file;
  }

  readRanges(file: string, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
    return this.disk.readRanges(this.seen(file), ranges);
  }
  sizeOf(file: string): Promise<number | undefined> {
    return this.disk.sizeOf(this.seen(file));
  }
  list(directory: string): Promise<string[]> {
    return this.disk.list(this.seen(directory));
  }
  openForWrite(file: string, options?: { truncate?: boolean; preallocateBytes?: number }): Promise<WritableFile> {
    return this.disk.openForWrite(this.seen(file), options);
  }
  rename(from: string, to: string): Promise<void> {
    return this.disk.rename(this.seen(from), this.seen(to));
  }
  remove(file: string): Promise<void> {
    return this.disk.remove(this.seen(file));
  }
  makeDirectory(directory: string): Promise<void> {
    return this.disk.makeDirectory(this.seen(directory));
  }
  syncDirectory(directory: string): Promise<void> {
    return this.disk.syncDirectory(this.seen(directory));
  }
  freeBytes(): Promise<number> {
    return this.disk.freeBytes();
  }
}

/** Names that have broken stores: traversal, separators, cases and normal forms that fold, devices, dots, control characters, length. */
const seeds = [
  '..', '.', '...', '../..', '../../etc/passwd', '..\\..\\x', '/etc/passwd', '\\\\host\\share', 'C:\\x', 'C:', 'a/b', 'a\\b',
  '%2e%2e', '%2e%2e%2fx', '%252e%252e', '..%2f', '..%5c', '.%00.', 'a\0b', '\0', 'a\nb', 'a\r\nx-scope-orgid: b', ' ', ' a', 'a ',
  'tenant', 'TENANT', 'Tenant', 'tenant.', 'tenant..', '.tenant', 'ten\u00e9', 'tene\u0301', '\u212a', 'k', 'K', '\ufb01', 'fi', 'ß', 'ss',
  'con', 'CON', 'nul', 'NUL', 'prn', 'aux', 'com1', 'lpt1', 'con.txt', 'single-tenant', 'SINGLE-TENANT', 'wal', 'tenants', 'quarantine',
  'manifest.json', 'overrides', 'lock.sock', '~', '~~', '~2e~2e', '~2E', 'a~~2', '__proto__', 'constructor', 'toString', 'hasOwnProperty',
  '*', "'", '"', '(', ')', '!', '-', '--help', '-rf', '$(id)', '`id`', ';ls', '|', 'a|b', '||', 'a||b', '', 'undefined', 'null', '0',
  'x'.repeat(150), 'X'.repeat(150), 'x'.repeat(151), '.'.repeat(150), "'".repeat(150), '../'.repeat(50), 'a'.repeat(10_000), '\u202e', '\u200b', '\ud800',
]; // prettier-ignore

function hostileNames(count: number): string[] {
  const random = seededRandom(20_251_121);
  const pick = (text: string): string => text[Math.floor(random.float() * text.length)];
  const names = new Set(seeds);
  while (names.size < count) {
    const length = 1 + Math.floor(random.float() * 12);
    const alphabet = random.float() < 0.5 ? "aAbB.!_*'()-" : 'aA./\\%~|\0:é ';
    names.add(Array.from({ length }, () => pick(alphabet)).join(''));
  }
  return [...names];
}

/** `undefined`: the client itself, or HTTP, refuses such a header. Latin-1 is what a header can carry: UTF-8 goes as its bytes. */
function ask(url: string, tenant: string, body?: Uint8Array): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve) => {
    try {
      const headers: Record<string, string> = { 'x-scope-orgid': Buffer.from(tenant, 'utf8').toString('latin1') };
      if (body !== undefined) {
        headers['content-type'] = 'application/x-protobuf';
      }
      const request = http.request(url, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
        );
      });
      request.on('error', () => resolve(undefined));
      request.end(body);
    } catch {
      resolve(undefined);
    }
  });
}

test('a thousand hostile tenant names: no file outside the data folder, no span of another tenant', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vivace-hostile-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const dataDir = path.join(folder, 'outer', 'data');
  const node = new NodeDisk(dataDir);
  await node.makeDirectory('');
  // What a store that follows links would write through.
  await symlink(folder, path.join(folder, 'outer', 'link'));
  const disk = new RecordingDisk(node);
  const engine = await openEngine({
    disk,
    clock: nodeClock(),
    random: seededRandom(1),
    codecs: nodeCodecs,
    workers: inPlaceWorkers({ disk, codecs: nodeCodecs }),
    limits: { retentionMs: 0, walSegmentBytes: 2 ** 20, tenantsMax: 2000 },
  });
  await engine.whenReady();
  const server = await startServer({
    openStore: async () => opened(engine),
    config: { multitenancy: true, user_overrides: true, tenants_max: 2000 },
  });
  t.after(() => server.close());
  await new Promise((resolve) => setTimeout(resolve, 50));

  const names = hostileNames(1000);
  const accepted = new Map<string, string>();
  for (const [n, name] of names.entries()) {
    const traceId = exampleTraceId(n + 1);
    const sent = await ask(`${server.urls.otlpHttp}/v1/traces`, name, exampleProtobuf(traceId));
    if (sent?.status === 200) {
      // HTTP takes blanks around a value away.
      accepted.set(traceId, name.trim());
    } else {
      assert.ok(
        sent === undefined || [400, 401].includes(sent.status),
        `${JSON.stringify(name)}: ${sent?.status} ${sent?.text}`
      );
    }
  }
  const allowed = (name: string): boolean => /^[0-9A-Za-z!_.*'()-]{1,150}$/.test(name) && name !== '.' && name !== '..';
  assert.deepEqual(
    [...new Set(accepted.values())].sort(),
    [...new Set(names.map((name) => name.trim()).filter(allowed))].sort(),
    'exactly the names that Tempo takes'
  );
  assert.ok(accepted.size > 300, `${accepted.size} names were accepted`);
  await engine.flush();

  for (const name of names) {
    const search = '/api/search?q={}&limit=2000&start=1690000000&end=1710000000';
    const found = await ask(server.urls.query + search, name);
    if (found?.status !== 200) {
      assert.ok(found === undefined || [400, 401].includes(found.status), `${JSON.stringify(name)}: ${found?.status}`);
      continue;
    }
    const mayBeFrom = new Set(name.trim().split('|'));
    const { traces } = JSON.parse(found.text) as { traces: { traceID: string }[] };
    for (const { traceID } of traces) {
      const owner = accepted.get(traceID.padStart(32, '0'));
      assert.ok(owner !== undefined && mayBeFrom.has(owner), `${JSON.stringify(name)} sees ${JSON.stringify(owner)}`);
    }
    const own = [...accepted.values()].filter((owner) => mayBeFrom.has(owner)).length;
    assert.equal(traces.length, own, `${JSON.stringify(name)} sees all of its own`);
    await ask(`${server.urls.query}/status/overrides/${encodeURIComponent(name)}`, name);
  }

  for (const file of disk.paths) {
    const parts = file.split('/');
    assert.ok(!path.isAbsolute(file) && parts.every((part) => /^[a-z0-9_~.-]*$/.test(part) && part !== '..'), file);
    assert.ok(
      parts.every((part) => part.length <= 255),
      file
    );
  }
  assert.deepEqual(await readdir(folder), ['outer']);
  assert.deepEqual((await readdir(path.join(folder, 'outer'))).sort(), ['data', 'link']);
  const folders = await readdir(path.join(dataDir, 'tenants'));
  assert.equal(new Set(folders.map((name) => name.toLowerCase())).size, new Set(accepted.values()).size);
});
