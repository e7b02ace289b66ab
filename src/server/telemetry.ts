/** The server's own metrics, one registry per server: `/metrics` in Prometheus' text format. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BuildInfo } from '../api/exchange.ts';
import type { CompactionStatus, StoreStatus } from '../store/trace-store.ts';

export interface Telemetry {
  readonly registry: Registry;
  /** Label values come from closed sets: a protocol, an error code, a route's name. */
  ingested(protocol: string, result: { spans: number; rejected: number; bytes: number; seconds: number }): void;
  refused(protocol: string, code: string): void;
  queried(route: string, status: number, seconds: number): void;
  /** A tool of the MCP server, by its name. */
  mcpCalled(tool: string): void;
  /** A handler's own fault, which became a 500. */
  failed(door: string): void;
  close(): void;
}

export interface TelemetrySources {
  readonly build: BuildInfo;
  readonly storeStatus: () => StoreStatus | undefined;
  readonly bodyBytes: () => number;
  readonly queriesRunning: () => number;
  readonly queriesWaiting: () => number;
}

/** 1 ms to 33 s. */
const secondsBuckets = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384, 32.768,
];

export function createTelemetry(sources: TelemetrySources): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers });

  const spans = counter('vivace_ingest_spans_total', 'Spans acknowledged.', ['protocol']);
  const rejected = counter('vivace_ingest_rejected_spans_total', 'Spans refused inside accepted requests.', [
    'protocol',
  ]);
  const bytes = counter('vivace_ingest_bytes_total', 'Bytes of accepted bodies, decoded.', ['protocol']);
  const refusals = counter('vivace_ingest_refused_requests_total', 'Requests refused, by error code.', [
    'protocol',
    'code',
  ]);
  const mcpCalls = counter('vivace_mcp_calls_total', 'Calls of tools by language models.', ['tool']);
  const failures = counter('vivace_internal_errors_total', 'Handlers that failed by our own fault.', ['door']);
  const ingestSeconds = new Histogram({
    name: 'vivace_ingest_seconds',
    help: 'From the decoded body to the durable acknowledgment.',
    labelNames: ['protocol'],
    buckets: secondsBuckets,
    registers,
  });
  const querySeconds = new Histogram({
    name: 'vivace_query_seconds',
    help: 'Query API requests.',
    labelNames: ['route', 'status'],
    buckets: secondsBuckets,
    registers,
  });
  new Gauge({ name: 'vivace_build_info', help: 'Always 1.', labelNames: ['version', 'revision'], registers })
    .labels(sources.build.version, sources.build.revision)
    .set(1);

  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect: function collect() {
        this.set(read());
      },
    });
  };
  const ofStore = (read: (status: StoreStatus) => number) => (): number => {
    const status = sources.storeStatus();
    return status === undefined ? 0 : read(status);
  };
  gauge(
    'vivace_ready',
    '1 when the store answers.',
    ofStore((status) => Number(status.ready))
  );
  gauge(
    'vivace_tenants',
    'Tenants with spans.',
    ofStore((status) => status.tenants)
  );
  gauge(
    'vivace_head_spans',
    'Spans not yet in a block.',
    ofStore((status) => status.headSpans)
  );
  gauge(
    'vivace_blocks',
    'Blocks.',
    ofStore((status) => status.blocks)
  );
  gauge(
    'vivace_block_spans',
    'Spans in blocks.',
    ofStore((status) => status.blockSpans)
  );
  gauge(
    'vivace_block_bytes',
    'Bytes of blocks.',
    ofStore((status) => status.blockBytes)
  );
  gauge(
    'vivace_wal_bytes',
    'Bytes of live WAL segments.',
    ofStore((status) => status.walBytes)
  );
  gauge(
    'vivace_problems',
    'Degraded states, see /status.',
    ofStore((status) => status.problems.length)
  );
  const ofCompaction = (read: (status: CompactionStatus) => number): (() => number) =>
    ofStore(({ compaction }) => (compaction === undefined ? 0 : read(compaction)));
  gauge(
    'vivace_compaction_waiting_blocks',
    'Blocks that could be merged now.',
    ofCompaction((status) => status.waitingBlocks)
  );
  const counted = (name: string, help: string, read: (status: CompactionStatus) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect: function collect() {
        this.reset();
        this.inc(ofCompaction(read)());
      },
    });
  };
  counted('vivace_compaction_blocks_in_total', 'Blocks merged into others.', (status) => status.blocksIn);
  counted('vivace_compaction_blocks_out_total', 'Blocks that merging made.', (status) => status.blocksOut);
  counted('vivace_compaction_bytes_in_total', 'Bytes of blocks merged into others.', (status) => status.bytesIn);
  counted('vivace_compaction_bytes_out_total', 'Bytes of blocks that merging made.', (status) => status.bytesOut);
  counted('vivace_compaction_duplicate_spans_total', 'Copies left out by merging.', (status) => status.duplicates);
  counted('vivace_compaction_seconds_total', 'Time spent merging.', (status) => status.seconds);
  counted('vivace_compaction_failures_total', 'Merges that failed.', (status) => status.failures);
  gauge('vivace_body_bytes', 'Memory held for request bodies.', sources.bodyBytes);
  gauge('vivace_queries_running', 'Queries that run.', sources.queriesRunning);
  gauge('vivace_queries_waiting', 'Queries that wait for their turn.', sources.queriesWaiting);

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  gauge('vivace_event_loop_delay_p99_seconds', 'Since the last scrape.', () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });

  return {
    registry,
    ingested(protocol, result) {
      spans.inc({ protocol }, result.spans);
      rejected.inc({ protocol }, result.rejected);
      bytes.inc({ protocol }, result.bytes);
      ingestSeconds.observe({ protocol }, result.seconds);
    },
    refused: (protocol, code) => refusals.inc({ protocol, code }),
    queried: (route, status, seconds) => querySeconds.observe({ route, status: String(status) }, seconds),
    mcpCalled: (tool) => mcpCalls.inc({ tool }),
    failed: (door) => failures.inc({ door }),
    close: () => delay.disable(),
  };
}
