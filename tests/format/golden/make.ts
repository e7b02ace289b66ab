/**
 * Writes the golden files of the current format version: `node tests/format/golden/make.ts`. Run it when a version is born, never to
 * make a failing test pass: files of a frozen version stay as they are for ever.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { seededRandom } from '../../../src/base/random.ts';
import { formatVersion } from '../../../src/engine/block/format.ts';
import { randomSpans } from '../../../src/engine/head/testing.ts';
import { canonicalSpan } from '../../../src/trace/canonical.ts';
import { type AnyValue, type Span, emptyResource, emptyScope } from '../../../src/trace/model.ts';
import { type BlockShape, blockOf } from '../blocks.ts';

const [template] = randomSpans(seededRandom(1), 1);

const keys = ['', 'a', 'A', 'a.b', 'a"b', "a'b", 'name', 'trace_id', 'a:int', 'a~2', ' ', 'é', '\u0000', '日本'];
const values: readonly AnyValue[] = [
  { type: 'string', value: '' },
  { type: 'string', value: 'é\u0000日本' },
  { type: 'int', value: 2n ** 53n + 1n },
  { type: 'int', value: -(2n ** 63n) },
  { type: 'double', value: -0 },
  { type: 'double', value: NaN },
  { type: 'double', value: 5e-324 },
  { type: 'bool', value: true },
  { type: 'bool', value: false },
  { type: 'bytes', value: Uint8Array.of(0, 255) },
  { type: 'array', value: [] },
  { type: 'array', value: [{ type: 'int', value: 1n }, { type: 'string', value: 'x' }, { type: 'empty' }] },
  { type: 'kvlist', value: [{ key: 'k', value: { type: 'kvlist', value: [] } }] },
  { type: 'empty' },
];

const spanWith = (index: number, more: Partial<Span>): Span => ({
  ...template,
  traceId: (1 + (index >> 2)).toString(16).padStart(32, '0'),
  spanId: (1 + index).toString(16).padStart(16, '0'),
  parentSpanId: index % 4 === 0 ? '' : ((index & ~3) + 1).toString(16).padStart(16, '0'),
  ...more,
});

const uuidOf = (i: number): string =>
  `${(0xabcdef01 - i).toString(16)}-89ab-4def-8123-${(2 ** 40 + 7919 * i).toString(16).padStart(12, '0')}`;

const files: Record<string, readonly Span[]> = {
  random: randomSpans(seededRandom(2026), 60),
  keys: keys.flatMap((key, i) =>
    values.slice(1, 8).map((value, j) => spanWith(7 * i + j, { attributes: [{ key, value }] }))
  ),
  values: values.map((value, i) =>
    spanWith(i, {
      attributes: [
        { key: 'v', value },
        { key: 'v', value: { type: 'string', value: 'second occurrence' } },
      ],
    })
  ),
  times: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n].flatMap((start, i) =>
    [0n, 5n, 2n ** 64n - 1n].map((end, j) => spanWith(3 * i + j, { startUnixNanos: start, endUnixNanos: end }))
  ),
  // A column that is stored as UUIDs, and one that is not for the sake of one value.
  uuids: Array.from({ length: 90 }, (_, i) =>
    spanWith(i, {
      attributes: [
        { key: 'id', value: { type: 'string', value: uuidOf(i) } },
        { key: 'mixed', value: { type: 'string', value: i === 3 ? uuidOf(i).toUpperCase() : uuidOf(i) } },
      ],
    })
  ),
  // Every attribute key in the list, beside its column in `random`.
  folded: randomSpans(seededRandom(2027), 60),
  // A parent that is another span with the same id, itself, later, in no span, of two spans that share an id.
  parents: ['', '0000000000000001', '0000000000000002', '0000000000000009', 'ffffffffffffffff', '0000000000000004'].flatMap(
    (parentSpanId, i) =>
      ['000000000000000' + String(i + 1), '0000000000000004'].map((spanId, j) =>
        spanWith(0, { traceId: 'ab'.repeat(16), spanId, parentSpanId, startUnixNanos: BigInt(100 - 2 * i - j) })
      )
  ),
  // Enough for zstd, several pages a chunk, 16-bit codes, run-length codes and a bloom filter.
  many: Array.from({ length: 1100 }, (_, i) =>
    spanWith(i, {
      startUnixNanos: 1_700_000_000_000_000_000n + BigInt(i),
      endUnixNanos: 1_700_000_000_000_000_007n + BigInt(i),
      events: [],
      links: [],
      resource: emptyResource,
      scope: emptyScope,
      attributes: [
        { key: 'id', value: { type: 'int', value: BigInt(i) } },
        { key: 'pair', value: { type: 'string', value: `pair ${i >> 1}` } },
      ],
    })
  ),
};

/** How files are cut, where it is not the same for all. */
const shapes: Readonly<Record<string, BlockShape>> = {
  many: { rowsMin: 2000, rowsMax: 4000, pageSizes: { rowsStep: 512, bytesWanted: 2048 } },
  folded: { rowsMin: 20, columnChunksMax: 0 },
};

for (const [name, spans] of Object.entries(files)) {
  const { meta, bytes } = await blockOf(spans, shapes[name] ?? { rowsMin: 50 });
  const to = (extension: string): URL => new URL(`v${formatVersion}/${name}.${extension}`, import.meta.url);
  mkdirSync(new URL(`v${formatVersion}/`, import.meta.url), { recursive: true });
  writeFileSync(to('parquet'), bytes);
  writeFileSync(to('meta.json'), JSON.stringify(meta, undefined, 2) + '\n');
  // One canonical span a line, sorted.
  writeFileSync(to('spans.txt'), spans.map(canonicalSpan).sort().join('\n') + '\n');
  console.log(`${name}: ${spans.length} spans, ${bytes.length} bytes`);
}
