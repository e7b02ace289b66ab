/**
 * Vivace and its peers, started alike: local disk, loopback, default limits where the work allows. A peer runs only when an environment
 * variable names its binary (`VIVACE_BENCH_TEMPO`, `VIVACE_BENCH_VICTORIATRACES`); otherwise the bench says that it was skipped.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../../tests/support/server.ts';
import { freePorts, spawnServer, waitUntilReady } from '../../tests/support/child.ts';
import type { Server } from '../../tests/support/child.ts';
import { needleKey, type Corpus } from './corpus.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** As it is delivered: from source each thread would carry what strips types, some 40 MiB and half a second. Built once a run. */
let built: string | undefined;

function builtServer(): string {
  if (built === undefined) {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), 'server'], { cwd: root, stdio: 'inherit' });
    built = join(root, 'build', 'server', 'vivace.mjs');
  }
  return built;
}

export async function startVivace(folder: string, extraArgs: readonly string[] = []): Promise<Server> {
  const server = await startProcess(['--data-dir', folder, '--log-level', 'info', ...extraArgs], {}, builtServer());
  const version = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const { query, otlpHttp } = server.urls;
  return { name: 'Vivace', version, queryUrl: query, otlpHttpUrl: otlpHttp, process: server.process, folder };
}

/**
 * The corpus has been generated before it is sent: the slack lets Tempo keep the spans' own times, and its live store, which holds complete
 * Parquet blocks too, answers for all of it. It cuts traces after 5 s without a span and blocks after 30 s, see `settleMs`. Limits that
 * would refuse or drop a part of the corpus are lifted, and so is the cut-off that hides the newest seconds from queries.
 */
export async function startTempo(binary: string, folder: string): Promise<Server> {
  const [grpc, http, query, internal, member] = await freePorts(5);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'tempo.yaml');
  writeFileSync(
    config,
    `
server: { http_listen_address: 127.0.0.1, http_listen_port: ${query}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${internal}, log_level: error }
distributor:
  receivers: { otlp: { protocols: { http: { endpoint: 127.0.0.1:${http} }, grpc: { endpoint: 127.0.0.1:${grpc} } } } }
memberlist: { bind_addr: [127.0.0.1], bind_port: ${member} }
live_store: { complete_block_timeout: 6h, max_live_traces_bytes: 4000000000, shutdown_marker_dir: ${folder}/marker, wal: { path: ${folder}/live, ingestion_time_range_slack: 6h } }
query_frontend: { query_end_cutoff: 0s, search: { query_backend_after: 6h }, metrics: { query_backend_after: 6h } }
storage: { trace: { backend: local, local: { path: ${folder}/blocks }, wal: { path: ${folder}/wal, ingestion_time_range_slack: 6h } } }
overrides: { defaults: { ingestion: { rate_limit_bytes: 1000000000, burst_size_bytes: 1000000000, max_traces_per_user: 0 }, global: { max_bytes_per_trace: 0 }, metrics_generator: { processors: [] } } }
usage_report: { reporting_enabled: false }
`
  );
  const child = spawnServer(binary, ['-target=all', `-config.file=${config}`], { cwd: folder });
  const queryUrl = `http://127.0.0.1:${query}`;
  await waitUntilReady(`${queryUrl}/ready`, child, 120_000);
  const version = ((await (await fetch(`${queryUrl}/api/status/buildinfo`)).json()) as { version: string }).version;
  return { name: 'Tempo', version, queryUrl, otlpHttpUrl: `http://127.0.0.1:${http}`, process: child, folder };
}

/** It has no TraceQL: queries go through its Jaeger API, below `queryUrl`. */
export async function startVictoriaTraces(binary: string, folder: string): Promise<Server> {
  const [port] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  const args = [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-loggerLevel=ERROR',
    '-retentionPeriod=14d',
  ];
  const child = spawnServer(binary, args, { cwd: folder });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(`${url}/health`, child);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const version = /^vm_app_version\{[^}]*short_version="([^"]*)"/m.exec(metrics)?.[1] || 'built from source';
  return {
    name: 'VictoriaTraces',
    version,
    queryUrl: url,
    otlpHttpUrl: `${url}/insert/opentelemetry`,
    process: child,
    folder,
  };
}

/** How one system is started, asked and weighed. */
export interface System {
  start(folder: string): Promise<Server>;
  /** Longer than it takes until all that was acknowledged is on its way into blocks: what is in memory until then is part of the work. */
  readonly settleMs: number;
  /** Files that hold the spans. */
  isBlock(path: string): boolean;
  needleUrl(server: Server, corpus: Corpus, value: string): string;
  traceUrl(server: Server, traceId: string): string;
  readonly traceql: boolean;
}

/** The times that hold all of the corpus, as Tempo's API takes them. */
export function rangeOf(corpus: Corpus): string {
  return `start=${corpus.startUnixSeconds - 60}&end=${corpus.endUnixSeconds}`;
}

const tempoApi = {
  needleUrl: (server: Server, corpus: Corpus, value: string) =>
    `${server.queryUrl}/api/search?${rangeOf(corpus)}&q=${encodeURIComponent(`{ span.${needleKey} = "${value}" }`)}`,
  traceUrl: (server: Server, traceId: string) => `${server.queryUrl}/api/traces/${traceId}`,
  traceql: true,
};

/** A sentence instead when no environment variable names the peer's binary. Errors: there is no such system. */
export function systemOf(name: string): System | string {
  const { VIVACE_BENCH_TEMPO: tempo, VIVACE_BENCH_VICTORIATRACES: victoria } = process.env;
  switch (name) {
    case 'vivace':
      return {
        ...tempoApi,
        start: (folder) => startVivace(folder, ['--flush-interval', '5s']),
        settleMs: 8000,
        isBlock: (path) => path.endsWith('.parquet'),
      };
    case 'tempo':
      return tempo === undefined
        ? 'Tempo: skipped, VIVACE_BENCH_TEMPO names no binary'
        : {
            ...tempoApi,
            start: (folder) => startTempo(tempo, folder),
            settleMs: 45_000,
            isBlock: (path) => /\/(blocks|live)\//.test(path),
          };
    case 'victoria-traces':
      return victoria === undefined
        ? 'VictoriaTraces: skipped, VIVACE_BENCH_VICTORIATRACES names no binary'
        : {
            start: (folder) => startVictoriaTraces(victoria, folder),
            settleMs: 8000,
            isBlock: () => true,
            // Its Jaeger search wants a service; the entry service has the key on every request's root.
            needleUrl: (server, corpus, value) =>
              `${server.queryUrl}/select/jaeger/api/traces?service=frontend&limit=20&start=${corpus.startUnixSeconds - 60}000000` +
              `&end=${corpus.endUnixSeconds}000000&tags=${encodeURIComponent(JSON.stringify({ [needleKey]: value }))}`,
            traceUrl: (server, traceId) => `${server.queryUrl}/select/jaeger/api/traces/${traceId}`,
            traceql: false,
          };
    default:
      throw new Error(`no system ${name}: vivace, tempo, victoria-traces`);
  }
}
