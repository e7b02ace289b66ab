/**
 * Vivace and its peers, started alike: local disk, loopback, default limits where the work allows. A peer runs only when an environment
 * variable names its binary (`VIVACE_BENCH_TEMPO`); otherwise the bench says that it was skipped.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../../tests/support/server.ts';
import { freePorts, spawnServer, waitUntilReady } from '../../tests/support/child.ts';
import type { Server } from '../../tests/support/child.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function startVivace(folder: string, extraArgs: readonly string[] = []): Promise<Server> {
  const server = await startProcess(['--data-dir', folder, '--log-level', 'info', ...extraArgs]);
  const version = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const { query, otlpHttp } = server.urls;
  return { name: 'Vivace', version, queryUrl: query, otlpHttpUrl: otlpHttp, process: server.process, folder };
}

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
storage: { trace: { backend: local, local: { path: ${folder}/blocks }, wal: { path: ${folder}/wal } } }
overrides: { defaults: { ingestion: { rate_limit_bytes: 1000000000, burst_size_bytes: 1000000000, max_traces_per_user: 10000000 } } }
usage_report: { reporting_enabled: false }
`
  );
  const child = spawnServer(binary, ['-target=all', `-config.file=${config}`], { cwd: folder });
  const queryUrl = `http://127.0.0.1:${query}`;
  await waitUntilReady(`${queryUrl}/ready`, child, 120_000);
  const version = ((await (await fetch(`${queryUrl}/api/status/buildinfo`)).json()) as { version: string }).version;
  return { name: 'Tempo', version, queryUrl, otlpHttpUrl: `http://127.0.0.1:${http}`, process: child, folder };
}
