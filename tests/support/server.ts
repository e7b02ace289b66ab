/**
 * Servers for tests: on free loopback ports, with an end. In the same process (fast, and failures have stacks) or as the real child
 * process (signals, exit codes, crashes).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { TraceStore } from '../../src/store/trace-store.ts';
import { resolveConfig } from '../../src/server/config.ts';
import { createLogger } from '../../src/server/log.ts';
import type { OpenedStore } from '../../src/server/open-store.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { runServer, type ServerUrls } from '../../src/server/server.ts';

/** All doors are open in tests. */
export type TestUrls = { readonly [Door in keyof ServerUrls]: string };

export interface TestServer {
  readonly urls: TestUrls;
  close(): Promise<void>;
}

const freePorts = {
  otlp_grpc_address: '127.0.0.1:0',
  otlp_http_address: '127.0.0.1:0',
  query_address: '127.0.0.1:0',
  grpc_query_address: '127.0.0.1:0',
  zipkin_address: '127.0.0.1:0',
  jaeger_http_address: '127.0.0.1:0',
  jaeger_grpc_address: '127.0.0.1:0',
};

export interface TestServerOptions {
  /** Default: a new MemoryStore. */
  readonly store?: TraceStore;
  /** Instead of `store`, for what happens while it opens. */
  readonly openStore?: () => Promise<OpenedStore>;
  /** As in the YAML file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly pageDir?: string;
  readonly clock?: Clock;
}

/** In this process. Resolves when the store is open, or at once when `openStore` is given. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const file = { ...freePorts, log_level: 'silent', ...options.config };
  const config = resolveConfig({ flags: {}, variables: {}, file, fileName: 'test' });
  const server = await runServer({
    config,
    build: { version: '0.0.0-test', revision: 'test', branch: '', buildDate: '', runtime: `node ${process.version}` },
    clock: options.clock ?? nodeClock(),
    log: createLogger(config.logLevel),
    pageDir: options.pageDir ?? path.join(import.meta.dirname, 'no-page'),
    openStore: options.openStore ?? (async () => opened(options.store ?? new MemoryStore())),
  });
  if (options.openStore === undefined) {
    await server.ready;
  }
  return { urls: server.urls as TestUrls, close: () => server.close() };
}

/** A store that needs no opening. */
export function opened(store: TraceStore): OpenedStore {
  return { store, ready: Promise.resolve(), close: () => store.close() };
}

export interface TestProcess extends TestServer {
  readonly process: ChildProcess;
  /** Everything on standard output and standard error so far. */
  output(): string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
}

const mainFile = path.join(import.meta.dirname, '../../src/server/main.ts');
/** As `npm start` has it. */
const compileCache = path.join(import.meta.dirname, '../../node_modules/.cache/vivace');

/**
 * The real process, from source or from a built `entry`. `args` as on the command line. Resolves when it is ready; rejects when it ends
 * before.
 */
export async function startProcess(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  entry = mainFile
): Promise<TestProcess> {
  const ports = Object.entries(freePorts).flatMap(([key, address]) => [`--${key.replaceAll('_', '-')}`, address]);
  const child = spawn(process.execPath, [entry, ...ports, ...args], {
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = new Promise<TestUrls>((resolve, reject) => {
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const line = output
        .split('\n')
        .find((candidate) => candidate.startsWith('{') && candidate.includes('"msg":"ready"'));
      if (line?.endsWith('}')) {
        resolve((JSON.parse(line) as { urls: TestUrls }).urls);
      }
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
  };
  const urls = await ready;
  return { urls, process: child, output: () => output, close: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}
