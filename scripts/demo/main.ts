/**
 * The demo shop: tells requests of a small shop and sends their spans through the OpenTelemetry SDK and its OTLP exporter. First a
 * quarter of an hour of history, so that there is something to look at, then live at a settable rate until ended.
 *
 * node scripts/demo/main.ts --endpoint http://127.0.0.1:4318 --rate 5 --seed 1
 *
 * With `--log-file` the services' log goes there, as lines of JSON with trace ids.
 */
import { parseArgs } from 'node:util';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { seededRandom } from '../../src/base/random.ts';
import { LogWriter } from './log-writer.ts';
import { openServices } from './services.ts';
import { tellRequest } from './shop.ts';

const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: 'http://127.0.0.1:4318' },
    rate: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    'with-parent': { type: 'boolean', default: false },
    history: { type: 'string', default: '300' },
    'log-file': { type: 'string' },
  },
});
const requestsPerSecond = Number(values.rate);
const seed = Number(values.seed);
const historyRequests = Number(values.history);
if (
  !(requestsPerSecond > 0 && requestsPerSecond <= 2000) ||
  !Number.isInteger(seed) ||
  !Number.isInteger(historyRequests)
) {
  console.error('demo: --rate is requests a second (above 0, at most 2000), --seed and --history are whole numbers');
  process.exit(2);
}

const exporter = new OTLPTraceExporter({ url: new URL('/v1/traces', values.endpoint).href });
const processor = new BatchSpanProcessor({
  exporter,
  scheduledDelayMillis: 500,
  maxExportBatchSize: 512,
  maxQueueSize: 50_000,
});
const chance = seededRandom(seed);
const logFile = values['log-file'];
const logs = logFile === undefined ? [] : [new LogWriter(logFile)];
const shop = { tracers: openServices([processor, ...logs]), chance };

const historyMs = 15 * 60_000;
const startedMs = Date.now();
for (let i = 0; i < historyRequests; i++) {
  tellRequest(shop, startedMs - historyMs + (historyMs * (i + chance.float())) / historyRequests);
}
await processor.forceFlush();

// A request is told once it is over: begun a few seconds ago, so that no span ends in the future.
const toldAfterMs = 5000;
let owed = 0;
let lastMs = Date.now();
const timer = setInterval(() => {
  const nowMs = Date.now();
  owed += ((nowMs - lastMs) / 1000) * requestsPerSecond;
  for (; owed >= 1; owed--) {
    tellRequest(shop, nowMs - toldAfterMs - (nowMs - lastMs) * chance.float());
  }
  lastMs = nowMs;
}, 200);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(timer);
    void processor.shutdown().finally(() => process.exit(0));
  });
}
if (values['with-parent']) {
  // The server that started us holds the other end of standard input: when it is gone, however it went, so are we.
  process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));
}
