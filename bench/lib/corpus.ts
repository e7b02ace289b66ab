/**
 * The shop corpus as a file of request bodies, so that ten million spans are generated once and never held in memory. It lies in the
 * temporary folder and is made anew when its spans are older than six hours (peers judge by span time), or its seed or size differ.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../../src/base/random.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { shopBatches } from '../../scripts/traces/generate.ts';

export interface CorpusOptions {
  readonly spans: number;
  readonly seed: number;
  /** Time of the spans, not of the sender. */
  readonly spansPerSecond: number;
  readonly spansPerBody: number;
}

export interface Corpus extends CorpusOptions {
  readonly path: string;
  /** Length of each body, in order. */
  readonly bodyBytes: readonly number[];
  /** Before compression. */
  readonly rawBytes: number;
  /** Drawn evenly from all spans. */
  readonly traceIds: readonly string[];
  /** Values of {@link needleKey} that occur once. */
  readonly needles: readonly string[];
  /** Values of `user.id`, each on many spans. */
  readonly userIds: readonly string[];
  readonly startUnixSeconds: number;
  readonly endUnixSeconds: number;
}

export const needleKey = 'app.request.id';

const version = 1;
const ageSecondsMax = 6 * 3600;
const samples = 2000;

/** Reads the corpus, or generates it: about 25 µs a span. */
export function openCorpus(options: CorpusOptions, say: (line: string) => void = () => undefined): Corpus {
  const folder = join(tmpdir(), 'vivace-bench-corpus');
  mkdirSync(folder, { recursive: true });
  const { spans, seed, spansPerSecond, spansPerBody } = options;
  const path = join(folder, `shop-v${version}-${seed}-${spans}-${spansPerSecond}-${spansPerBody}`);
  const nowSeconds = Math.floor(Date.now() / 1000);
  if (existsSync(`${path}.json`)) {
    const corpus = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Corpus;
    if (nowSeconds - corpus.endUnixSeconds < ageSecondsMax) {
      return { ...corpus, path: `${path}.bodies` };
    }
  }
  say(`generating ${spans} spans`);
  const corpus = generate(options, `${path}.bodies`, nowSeconds);
  writeFileSync(`${path}.json`, JSON.stringify(corpus));
  return corpus;
}

/** Bodies [first, end), one after the other. */
export function* readBodies(corpus: Corpus, first = 0, end = corpus.bodyBytes.length): Generator<Buffer> {
  const file = openSync(corpus.path, 'r');
  try {
    let offset = corpus.bodyBytes.slice(0, first).reduce((sum, bytes) => sum + bytes, 0);
    for (const bytes of corpus.bodyBytes.slice(first, end)) {
      const body = Buffer.allocUnsafe(bytes);
      readSync(file, body, 0, bytes, offset);
      offset += bytes;
      yield body;
    }
  } finally {
    closeSync(file);
  }
}

function generate(options: CorpusOptions, path: string, nowSeconds: number): Corpus {
  const { spans, seed, spansPerSecond, spansPerBody } = options;
  const durationSeconds = Math.ceil(spans / spansPerSecond);
  const startUnixSeconds = nowSeconds - durationSeconds - 60;
  const random = seededRandom(seed + 1);
  const bodyBytes: number[] = [];
  const traceIds: string[] = [];
  const needles: string[] = [];
  const userIds: string[] = [];
  const samplesPerBody = (samples * spansPerBody) / spans;
  let rawBytes = 0;
  const file = openSync(`${path}.part`, 'w');
  const startUnixNanos = BigInt(startUnixSeconds) * 1_000_000_000n;
  for (const batch of shopBatches({ seed, spans, startUnixNanos, spansPerSecond, spansPerBody })) {
    const raw = encodeTraces(batch);
    const body = gzipSync(raw);
    writeSync(file, body);
    rawBytes += raw.length;
    bodyBytes.push(body.length);
    for (let due = samplesPerBody; due > random.float(); due--) {
      const span = random.pick(batch);
      traceIds.push(span.traceId);
      for (const { key, value } of span.attributes) {
        if (value.type === 'string' && key === needleKey) {
          needles.push(value.value);
        } else if (value.type === 'string' && key === 'user.id') {
          userIds.push(value.value);
        }
      }
    }
  }
  closeSync(file);
  renameSync(`${path}.part`, path);
  const endUnixSeconds = startUnixSeconds + durationSeconds + 120;
  return { ...options, path, bodyBytes, rawBytes, traceIds, needles, userIds, startUnixSeconds, endUnixSeconds };
}
