/** Every build opens the files of every format version (reliability R10). */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { BlockMeta } from '../../src/engine/block/format.ts';
import { canonicalSpan } from '../../src/trace/canonical.ts';
import { readerOf, spansOfBlock } from './blocks.ts';

const golden = new URL('golden/', import.meta.url);

for (const version of readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const folder = new URL(`${version.name}/`, golden);
  const files = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
  test(`golden files of ${version.name}`, async (t) => {
    assert.ok(files.length > 0);
    for (const file of files) {
      await t.test(file, async () => {
        const text = (extension: string): string =>
          readFileSync(new URL(file.replace('parquet', extension), folder), 'utf8');
        const meta = JSON.parse(text('meta.json')) as BlockMeta;
        const reader = await readerOf({ meta, bytes: readFileSync(new URL(file, folder)) });
        const spans = await spansOfBlock(reader);
        assert.equal(spans.length, meta.spans);
        assert.equal(spans.map(canonicalSpan).sort().join('\n') + '\n', text('spans.txt'));
      });
    }
  });
}
