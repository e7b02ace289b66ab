import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { Span } from '../../src/trace/model.ts';
import { encodeJaegerJson } from '../../src/wire/jaeger-json.ts';
import { encodeTracesJson } from '../../src/wire/otlp-json.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { encodeZipkinJson } from '../../src/wire/zipkin-json.ts';
import { generate, shapeNames, shopBatches } from './generate.ts';
import type { ShapeName } from './generate.ts';
import { sendBatches } from './send.ts';
import type { SendProtocol } from './send.ts';

const usage = `Makes traces from a seed, and writes them to a file or sends them.

  node scripts/traces/main.ts --shape shop --spans 100000 --seed 1 --out file.otlp
  node scripts/traces/main.ts --shape shop --spans 100000 --send http://127.0.0.1:4318 --rate 5000

  --shape        ${shapeNames.join(', ')}
  --spans        how many, exactly                                       (1000)
  --seed         the same seed gives the same spans                      (1)
  --start        Unix nanoseconds of the first span                      (now)
  --batch        spans in one request                                    (1000)

  --out          file to write
  --format       otlp (protobuf), otlp-json, jaeger, zipkin              (by the file's name, else otlp)

  --send         address to send to: http://host:4318 or grpc://host:4317
  --protocol     http-protobuf, http-json, grpc                          (by the address)
  --gzip         compress requests
  --rate         spans a second, 0 for as fast as answers come           (0)
  --concurrency  requests under way at most                              (4)
  --retries      further attempts where the answer allows them           (5)
  --header       name=value, as often as needed
`;

const { values: flags } = parseArgs({
  options: {
    shape: { type: 'string', default: 'shop' },
    spans: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    start: { type: 'string' },
    batch: { type: 'string', default: '1000' },
    out: { type: 'string' },
    format: { type: 'string' },
    send: { type: 'string' },
    protocol: { type: 'string' },
    gzip: { type: 'boolean', default: false },
    rate: { type: 'string', default: '0' },
    concurrency: { type: 'string', default: '4' },
    retries: { type: 'string', default: '5' },
    header: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help || (flags.out === undefined && flags.send === undefined)) {
  process.stdout.write(usage);
  process.exit(flags.help ? 0 : 2);
}

const spansPerBody = whole('batch', flags.batch);
const batches = batchesOf(oneOf('shape', flags.shape, shapeNames));
if (flags.out !== undefined) {
  writeFile(flags.out);
} else if (flags.send !== undefined) {
  await send(flags.send);
}

function batchesOf(shape: ShapeName): Iterable<Span[]> {
  const options = {
    seed: whole('seed', flags.seed),
    spans: whole('spans', flags.spans),
    startUnixNanos: flags.start === undefined ? BigInt(Date.now()) * 1_000_000n : BigInt(flags.start),
  };
  if (shape === 'shop') {
    return shopBatches({ ...options, spansPerBody });
  }
  const spans = generate(shape, options);
  return Array.from({ length: Math.ceil(spans.length / spansPerBody) }, (_, i) =>
    spans.slice(i * spansPerBody, (i + 1) * spansPerBody)
  );
}

/** OTLP protobuf messages one after the other are one message, so the file is written as it is made; the JSON forms are one document. */
function writeFile(path: string): void {
  const byName = path.endsWith('.json') ? 'otlp-json' : 'otlp';
  const format = oneOf('format', flags.format ?? byName, ['otlp', 'otlp-json', 'jaeger', 'zipkin'] as const);
  const encoders = {
    otlp: encodeTraces,
    'otlp-json': encodeTracesJson,
    jaeger: encodeJaegerJson,
    zipkin: encodeZipkinJson,
  };
  const file = openSync(path, 'w');
  for (const part of format === 'otlp' ? batches : [[...batches].flat()]) {
    const bytes = encoders[format](part);
    for (let written = 0; written < bytes.length;) {
      written += writeSync(file, bytes, written);
    }
  }
  closeSync(file);
}

async function send(target: string): Promise<void> {
  const byTarget: SendProtocol = target.startsWith('grpc:') ? 'grpc' : 'http-protobuf';
  const summary = await sendBatches({
    target,
    protocol: oneOf('protocol', flags.protocol ?? byTarget, ['http-protobuf', 'http-json', 'grpc'] as const),
    batches,
    rate: whole('rate', flags.rate),
    concurrency: whole('concurrency', flags.concurrency),
    gzip: flags.gzip,
    retriesMax: whole('retries', flags.retries),
    headers: Object.fromEntries(flags.header.map((header) => header.split(/=(.*)/s, 2))),
  });
  for (const [figure, value] of Object.entries(summary)) {
    if (typeof value === 'number') {
      console.log(`${figure.padEnd(16)} ${Math.round(value * 100) / 100}`);
    }
  }
  for (const [reason, times] of Object.entries(summary.problems)) {
    console.log(`${times} × ${reason}`);
  }
  process.exitCode = summary.failedSpans > 0 ? 1 : 0;
}

function whole(flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) {
    fail(`--${flag}: expected a whole number, found ${value}`);
  }
  return number;
}

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  return found ?? fail(`--${flag}: expected one of ${known.join(', ')}, found ${value}`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
