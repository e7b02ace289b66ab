import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Finding } from '../../src/server/commands/verify.ts';
import { ingestSpans, spansIn, temporaryFolder, traceSpans, vivace, withEngine } from './support.ts';

const traces = 12;
const tenants = ['single-tenant', 'Blue.Team'];
const expected = Array.from({ length: traces }, (_, n) => traceSpans(n))
  .flat()
  .map(({ traceId, spanId }) => `${traceId}/${spanId}`)
  .sort();

/** Two tenants, each with two blocks and a head that only the log has. */
async function fillStore(dataDir: string): Promise<void> {
  await withEngine(dataDir, async (engine) => {
    for (let n = 0; n < traces; n++) {
      for (const tenant of tenants) {
        await ingestSpans(engine, traceSpans(n), tenant);
      }
      if (n === 3 || n === 7) {
        await engine.flush();
      }
    }
  });
}

function filesOf(dataDir: string, wanted: RegExp): string[] {
  return readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .filter((file) => wanted.test(file))
    .sort();
}

function flip(dataDir: string, file: string, offset: number): void {
  const bytes = readFileSync(path.join(dataDir, file));
  bytes[offset] ^= 0x04;
  writeFileSync(path.join(dataDir, file), bytes);
}

async function allSpans(dataDir: string): Promise<string[][]> {
  return withEngine(dataDir, (engine) => Promise.all(tenants.map((tenant) => spansIn(engine, traces, tenant))));
}

test('verify: a sound store is sound; each damaged file is named with place, expectation and finding', async (t) => {
  const dataDir = await temporaryFolder(t);
  await fillStore(dataDir);
  const sound = await vivace('verify', '--data-dir', dataDir);
  assert.deepEqual([sound.code, sound.stderr], [0, '']);
  assert.match(sound.stdout, /^4 blocks with 48 spans, \d+ WAL records, .* all sound\n$/);

  const [block, missing] = filesOf(dataDir, /\.parquet$/);
  const [segment] = filesOf(dataDir, /^wal\//);
  flip(dataDir, block, 1000);
  rmSync(path.join(dataDir, missing));
  // In the body of the first record, behind the segment's header and the record's.
  flip(dataDir, segment, 64 + 64 + 200);
  const damaged = await vivace('verify', '--data-dir', dataDir, '--json');
  assert.equal(damaged.code, 1, damaged.stderr);
  const { findings } = JSON.parse(damaged.stdout) as { findings: Finding[] };
  assert.deepEqual([...new Set(findings.map(({ file }) => file))].sort(), [block, missing, segment].sort());
  assert.ok(findings.every(({ offset, expected: wanted, found }) => offset >= 0 && wanted !== '' && found !== ''));
  const told = await vivace('verify', '--data-dir', dataDir);
  assert.match(told.stdout, new RegExp(`${segment}: at byte 64: expected a record that its CRC-32C proves`));
  assert.match(told.stdout, /places are damaged\n$/);
});

for (const [how, breakManifest] of [
  ['gone', (dataDir: string) => filesOf(dataDir, /^manifest/).forEach((file) => rmSync(path.join(dataDir, file)))],
  ['damaged', (dataDir: string) => flip(dataDir, 'manifest.json', 90)],
] as const) {
  test(`salvage: a manifest that is ${how} is made anew, and every span is there once`, async (t) => {
    const dataDir = await temporaryFolder(t);
    await fillStore(dataDir);
    const sound = await vivace('salvage', '--data-dir', dataDir);
    assert.match(sound.stdout, /nothing to salvage/);
    breakManifest(dataDir);
    const before = filesOf(dataDir, /./);
    const dry = await vivace('salvage', '--data-dir', dataDir);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /single-tenant: 2 blocks with 24 spans\nBlue\.Team: 2 blocks with 24 spans\n/);
    assert.match(dry.stderr, /nothing was changed/);
    assert.deepEqual(filesOf(dataDir, /./), before);
    const done = await vivace('salvage', '--data-dir', dataDir, '--apply');
    assert.equal(done.code, 0, done.stderr);
    assert.equal(
      filesOf(dataDir, /^quarantine\/salvaged-manifest/).length,
      before.filter((file) => /^manifest/.test(file)).length
    );
    assert.deepEqual(await allSpans(dataDir), [expected, expected]);
    const verified = await vivace('verify', '--data-dir', dataDir);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });
}

test('salvage: without a log too; a broken block is left out and said so; quarantine comes back when asked', async (t) => {
  const dataDir = await temporaryFolder(t);
  await withEngine(dataDir, async (engine) => {
    for (let n = 0; n < traces; n++) {
      await ingestSpans(engine, traceSpans(n));
      if (n % 4 === 3) {
        await engine.flush();
      }
    }
  });
  const [broken, aside] = filesOf(dataDir, /\.parquet$/);
  writeFileSync(path.join(dataDir, broken), readFileSync(path.join(dataDir, broken)).subarray(0, 500));
  renameSync(path.join(dataDir, aside), path.join(dataDir, 'quarantine', aside.replaceAll('/', '~')));
  filesOf(dataDir, /^(manifest|wal\/)/).forEach((file) => rmSync(path.join(dataDir, file)));
  const dry = await vivace('salvage', '--data-dir', dataDir);
  assert.match(dry.stdout, /single-tenant: 1 blocks/);
  assert.match(dry.stderr, /is left out: .*expected the end of a Parquet file/);
  const done = await vivace('salvage', '--data-dir', dataDir, '--apply', '--with-quarantine');
  assert.match(done.stdout, /single-tenant: 2 blocks/);
  assert.deepEqual(
    await withEngine(dataDir, (engine) => spansIn(engine, traces)),
    Array.from({ length: 8 }, (_, n) => traceSpans(n + 4))
      .flat()
      .map(({ traceId, spanId }) => `${traceId}/${spanId}`)
      .sort()
  );
});

test('a folder in use is left alone; inspect looks at its blocks all the same', async (t) => {
  const dataDir = await temporaryFolder(t);
  await fillStore(dataDir);
  const [block] = filesOf(dataDir, /\.parquet$/);
  await withEngine(dataDir, async () => {
    for (const command of ['verify', 'salvage']) {
      const { code, stderr } = await vivace(command, '--data-dir', dataDir);
      assert.equal(code, 1);
      assert.match(stderr, /in use by another vivace process/);
    }
    const inspected = await vivace('inspect', path.join(dataDir, block));
    assert.equal(inspected.code, 0, inspected.stderr);
    assert.match(inspected.stdout, /\n12 spans of 4 traces in 1 row groups\n/);
    assert.match(inspected.stdout, /\ncolumn +type +encodings/);
    assert.match(inspected.stdout, /\n\S*http\.method +TEXT /);
  });
  const json = await vivace('inspect', path.join(dataDir, block), '--json');
  assert.equal((JSON.parse(json.stdout) as { meta: { spans: number } }).meta.spans, 12);
  const none = await vivace('inspect', path.join(dataDir, 'manifest.json'));
  assert.equal(none.code, 1);
  assert.equal(none.stderr.trim().split('\n').length, 1);
});

test('verify takes a sound block with a thousand distinct names, whose texts have bloom filters, for sound', async (t) => {
  const dataDir = await temporaryFolder(t);
  await withEngine(dataDir, async (engine) => {
    await ingestSpans(engine, Array.from({ length: 1500 }, (_, n) => traceSpans(n, 1)).flat());
    await engine.flush();
  });
  const { code, stdout } = await vivace('verify', '--data-dir', dataDir);
  assert.equal(code, 0, stdout);
});
