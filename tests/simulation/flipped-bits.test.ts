/**
 * R4: every single bit of a small store flipped in turn: log, block, snapshot of the manifest, log of the manifest. The store opens or says
 * why not; no answer holds a span that nobody sent; what is missing is reported, by the answer or by the status.
 *
 * A part of the bits by default, evenly spread; VIVACE_FLIP_STEP=1 takes all; VIVACE_SEED sets the first.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '../../src/base/coded-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { SimDisk, type DiskImage } from '../../src/engine/sim-disk.ts';
import { canonicalSpan } from '../../src/trace/canonical.ts';
import { parseQuery } from '../../src/traceql/parser.ts';
import { batchOf, openSimEngine, SimClock, spanOf, tenantOf, tenants } from './world.ts';

const stepWanted = Number(process.env['VIVACE_FLIP_STEP'] ?? 0);
const firstWanted = Number(process.env['VIVACE_SEED'] ?? 0);
const sentCount = 12;
const everything = parseQuery('{}');
const limits = { compactionFanIn: 0 };

/** Requests in a block, in another block, and in the log alone; the manifest as a snapshot and a log that goes on from it. */
async function smallStore(): Promise<DiskImage> {
  const disk = new SimDisk();
  const engine = await openSimEngine(disk, { clock: new SimClock(), seed: 1, limits });
  await engine.whenReady();
  for (let number = 0; number < sentCount; number++) {
    await engine.ingest(batchOf(number));
    if (number === 4 || number === 7) {
      await engine.flush();
    }
  }
  // As a kill leaves it.
  return disk.killImage();
}

interface Seen {
  /** By number, as canonical text. */
  readonly spans: ReadonlyMap<number, string>;
  /** Whether an answer or the status says that something is missing or damaged. */
  readonly isReported: boolean;
}

async function look(engine: Engine): Promise<Seen> {
  const spans = new Map<number, string>();
  let isReported = false;
  for (const tenant of tenants) {
    const range = { startUnixNanos: 0n, endUnixNanos: 2n ** 62n };
    const found = await engine.search({ tenant, query: everything, range, limit: 100, spansPerSpanset: 10 });
    isReported ||= found.partial && found.warnings.length > 0;
    const ids = new Set(Array.from({ length: sentCount }, (_, n) => spanOf(n)).map(({ traceId }) => traceId));
    for (const traceId of ids) {
      const answer = await engine.trace({ tenant, traceId });
      isReported ||= answer.partial && answer.warnings.length > 0;
      for (const span of answer.data?.spans ?? []) {
        const number = Number.parseInt(span.spanId, 16) - 1;
        assert.ok(!spans.has(number), `span ${number} twice`);
        assert.equal(tenantOf(number), tenant, `span ${number} is in tenant ${tenant}`);
        spans.set(number, canonicalSpan(span));
      }
    }
    const matched = found.data.flatMap((match) => match.spansets).reduce((sum, { matched: count }) => sum + count, 0);
    const byId = [...spans.keys()].filter((number) => tenantOf(number) === tenant).length;
    assert.ok(matched === byId || isReported, `search finds ${matched} spans, ids ${byId}`);
  }
  isReported ||= engine.status().problems.length > 0;
  return { spans, isReported };
}

const known = new Map(Array.from({ length: sentCount }, (_, number) => [number, canonicalSpan(spanOf(number))]));

/** What became of one flip. */
async function outcomeOf(image: DiskImage): Promise<'right' | 'reported' | 'refused'> {
  let engine: Engine;
  try {
    engine = await openSimEngine(new SimDisk({}, image), { clock: new SimClock(), seed: 2, limits });
    await engine.whenReady();
  } catch (error) {
    // Not opened, in words: a damaged snapshot is for `vivace salvage`, a newer format for a newer build.
    assert.ok(error instanceof CodedError && ['corrupt', 'unsupported'].includes(error.code), String(error));
    return 'refused';
  }
  try {
    const { spans, isReported } = await look(engine);
    for (const [number, text] of spans) {
      assert.equal(text, known.get(number), `span ${number} is another`);
    }
    const missing = [...known.keys()].filter((number) => !spans.has(number));
    assert.ok(missing.length === 0 || isReported, `spans ${missing.join()} are missing without a word`);
    return isReported ? 'reported' : 'right';
  } finally {
    await engine.close();
  }
}

/** Files, and which share of their bits the default run takes. Odd steps meet every bit of a byte. */
const kinds: Readonly<Record<string, { readonly pattern: RegExp; readonly stepDefault: number }>> = {
  log: { pattern: /\.wal$/, stepDefault: 11 },
  block: { pattern: /\.parquet$/, stepDefault: 41 },
  'snapshot of the manifest': { pattern: /^manifest\.json$/, stepDefault: 1 },
  'log of the manifest': { pattern: /^manifest-\d+\.log$/, stepDefault: 7 },
};

for (const [name, { pattern, stepDefault }] of Object.entries(kinds)) {
  test(
    `${name}: whichever bit is flipped, answers are right, or say what is missing`,
    { timeout: 24 * 3600_000 },
    async (context) => {
      const step = stepWanted || stepDefault;
      const image = await smallStore();
      assert.equal(await outcomeOf(image), 'right');
      const files = [...image].filter(([path]) => pattern.test(path));
      assert.ok(files.length > 0, [...image.keys()].join());
      const counts = { right: 0, reported: 0, refused: 0 };
      for (const [path, bytes] of files) {
        // Behind its records a segment is zeros that no scan reaches; a little of them is enough.
        const used = bytes.findLastIndex((byte) => byte !== 0) + 9;
        for (let bit = firstWanted % step; bit < 8 * Math.min(used, bytes.length); bit += step) {
          const flipped = bytes.slice();
          flipped[bit >>> 3] ^= 1 << (bit & 7);
          try {
            counts[await outcomeOf(new Map([...image, [path, flipped]]))]++;
          } catch (error) {
            throw new Error(`VIVACE_FLIP_STEP=${step} VIVACE_SEED=${firstWanted}: bit ${bit} of ${path}`, {
              cause: error,
            });
          }
        }
      }
      context.diagnostic(`${name}: ${files.length} files, ${JSON.stringify(counts)}`);
      assert.ok(counts.reported + counts.refused > 0);
    }
  );
}
