import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tenantFolder, tenantOfFolder } from './tenant-folder.ts';

const none: ReadonlySet<string> = new Set();

test('every name becomes one safe folder of its own, also where case does not count, and is read back', () => {
  const folders = new Map<string, string>();
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 150 }),
    fc.string({ unit: fc.constantFrom(...'aAbB.-_~!%/\\:*\0é'), maxLength: 150 })
  );
  fc.assert(
    fc.property(name, (tenant) => {
      const folder = tenantFolder(tenant, none);
      // Three bytes a character are more than any door lets in.
      if (new TextEncoder().encode(tenant).length <= 150) {
        assert.ok(folder.length <= 255 && /^[a-z0-9_~-]+$/.test(folder), folder);
      }
      assert.equal(tenantOfFolder(folder), tenant);
      const other = folders.get(folder.toLowerCase());
      assert.ok(other === undefined || other === tenant, `${JSON.stringify(other)} and ${JSON.stringify(tenant)}`);
      folders.set(folder.toLowerCase(), tenant);
    }),
    { numRuns: 2000 }
  );
});

test('names that no tenant has are told apart; a name that is taken is not given again', () => {
  for (const folder of ['', 'A', '~4', '~4G', 'a~~2', '~~', '~~a1', '~61', `${'a'.repeat(161)}`, '..']) {
    assert.equal(tenantOfFolder(folder), folder === '~~' ? '' : undefined, folder);
  }
  assert.equal(tenantFolder('a', new Set(['a', 'a~~2'])), 'a~~3');
});
