/** The server put together: config in, listening doors out. */
import { ByteBudget } from './admission.ts';
import type { BuildInfo } from '../api/exchange.ts';
import { ArrivalLog } from '../api/vivace/arrivals.ts';
import { TailHub } from '../api/stream/tail.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import type { ListenAddress } from './config-values.ts';
import { OpenTraceCache } from '../api/open-trace/cache.ts';
import { createGate } from './gate.ts';
import { listenHttp, listenHttp2, type Listener, type ListenOptions, type TlsFiles } from './doors/listen.ts';
import { handleGrpcStream, jaegerGrpcDoor, otlpGrpcDoor } from './doors/otlp-grpc.ts';
import { handleOtlpHttp } from './doors/otlp-http.ts';
import { handleGrpcQuery } from './doors/grpc-query.ts';
import { loadPage } from './doors/page.ts';
import { handleQuery } from './doors/query.ts';
import { handleSpansHttp, jaegerHttpDoor, zipkinDoor } from './doors/spans-http.ts';
import type { Disk } from '../engine/disk.ts';
import type { TenantLimitsOf } from '../engine/limits.ts';
import type { Logger } from './log.ts';
import { registerObjectMetrics } from './object-stores/metrics.ts';
import { admitting, QueryAdmission } from './query-admission.ts';
import type { OpenedStore } from './open-store.ts';
import { limitedStore } from './overrides/limited-store.ts';
import { Overrides } from './overrides/overrides.ts';
import { UserOverrides } from './overrides/user-overrides.ts';
import type { Opening, Runtime } from './runtime.ts';
import { createTelemetry } from './telemetry.ts';

/** Base URLs; `undefined` where the door is off. */
/** A query of 128 KiB stands percent-encoded in the URL, which may make three bytes of one; and room for the other headers. */
const queryHeaderBytesMax = 3 * 128 * 1024 + 16 * 1024;

export interface ServerUrls {
  readonly otlpGrpc: string | undefined;
  readonly otlpHttp: string | undefined;
  readonly query: string | undefined;
  readonly grpcQuery: string | undefined;
  readonly zipkin: string | undefined;
  readonly jaegerHttp: string | undefined;
  readonly jaegerGrpc: string | undefined;
}

export interface RunningServer {
  readonly urls: ServerUrls;
  /** Resolves when the store is open; rejects when it cannot be opened. */
  readonly ready: Promise<void>;
  /** Stops listening, lets what is in flight end, closes the store. Idempotent. */
  close(): Promise<void>;
}

export interface ServerParts {
  readonly config: Config;
  readonly build: BuildInfo;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pageDir: string;
  /** Where tenants' own limits are kept; `undefined`: in memory. */
  readonly disk?: Disk;
  /** Called once the doors listen: a probe sees how the opening goes on. */
  readonly openStore: (tenantLimits: TenantLimitsOf) => Promise<OpenedStore>;
}

/** A look-up by trace id takes a few milliseconds: so many run for each scan. */
const lookupFactor = 4;

/** Errors: `ConfigError` for addresses, files and credentials that cannot be used; nothing is left open then. */
export async function runServer(parts: ServerParts): Promise<RunningServer> {
  const { config, build, clock, log } = parts;
  const gate = createGate(config);
  const tls = tlsOf(config);
  const budget = new ByteBudget(config.bodyBudgetBytes);
  const opening: Opening = { store: undefined, message: 'the store is being opened' };
  const scans = new QueryAdmission(
    {
      runningMax: config.queriesMax,
      runningPerTenantMax: config.queriesPerTenantMax,
      waitingPerTenantMax: config.queryQueueMax,
      waitMsMax: config.queryQueueTimeout,
    },
    clock
  );
  const lookups = new QueryAdmission(
    {
      runningMax: lookupFactor * config.queriesMax,
      runningPerTenantMax: lookupFactor * config.queriesPerTenantMax,
      waitingPerTenantMax: lookupFactor * config.queryQueueMax,
      waitMsMax: config.queryQueueTimeout,
    },
    clock
  );
  const telemetry = createTelemetry({
    build,
    storeStatus: () => opening.store?.status(),
    bodyBytes: () => budget.usedBytes,
    queriesRunning: () => scans.runningCount + lookups.runningCount,
    queriesWaiting: () => scans.waitingCount + lookups.waitingCount,
  });
  const tails = new TailHub(clock);
  const arrivals = new ArrivalLog(clock);
  const user = config.userOverrides ? await UserOverrides.open(parts.disk, () => clock.unixNanos() / 1000n) : undefined;
  const overrides = await Overrides.open({ config, clock, log, user });
  const openTraces = new OpenTraceCache(clock);
  const runtime: Runtime = {
    config,
    build,
    clock,
    log,
    gate,
    overrides,
    budget,
    telemetry,
    arrivals,
    opening,
    tails,
    openTraces,
  };
  const page = await loadPage(parts.pageDir);

  const listeners: Listener[] = [];
  const open = async (
    door: string,
    address: ListenAddress | undefined,
    listen: (options: ListenOptions) => Promise<Listener>
  ): Promise<string | undefined> => {
    if (address === undefined) {
      return undefined;
    }
    const { connectionsMax, connectionsPerAddressMax, requestTimeout: requestTimeoutMs } = config;
    const limits = { connectionsMax, connectionsPerAddressMax, requestTimeoutMs };
    const listener = await listen({ door, address, tls, ...limits, log });
    listeners.push(listener);
    return urlOf(listener);
  };
  const closeListeners = (timeoutMs: number): Promise<unknown> =>
    Promise.all(listeners.map((listener) => listener.close(timeoutMs)));

  let urls: ServerUrls;
  try {
    urls = {
      otlpGrpc: await open('otlp-grpc', config.otlpGrpcAddress, (options) =>
        listenHttp2(options, (stream, headers) => handleGrpcStream(runtime, otlpGrpcDoor, stream, headers))
      ),
      otlpHttp: await open('otlp-http', config.otlpHttpAddress, (options) =>
        listenHttp(options, (request, response) => handleOtlpHttp(runtime, request, response))
      ),
      query: await open('query', config.queryAddress, (options) =>
        listenHttp({ ...options, headerBytesMax: queryHeaderBytesMax }, (request, response) =>
          handleQuery(runtime, page, request, response)
        )
      ),
      grpcQuery: await open('grpc-query', config.grpcQueryAddress, (options) =>
        listenHttp(options, (request, response) => handleGrpcQuery(runtime, request, response))
      ),
      zipkin: await open('zipkin', config.zipkinAddress, (options) =>
        listenHttp(options, (request, response) => handleSpansHttp(runtime, zipkinDoor, request, response))
      ),
      jaegerHttp: await open('jaeger-http', config.jaegerHttpAddress, (options) =>
        listenHttp(options, (request, response) => handleSpansHttp(runtime, jaegerHttpDoor, request, response))
      ),
      jaegerGrpc: await open('jaeger-grpc', config.jaegerGrpcAddress, (options) =>
        listenHttp2(options, (stream, headers) => handleGrpcStream(runtime, jaegerGrpcDoor, stream, headers))
      ),
    };
  } catch (error) {
    await closeListeners(0);
    telemetry.close();
    throw error;
  }

  const stopReloading = everyInterval(clock, config.reloadInterval, async () => {
    gate.reload();
    listeners.forEach((listener) => reloadTls(listener, log));
    await overrides.reload();
  });

  let opened: OpenedStore | undefined;
  const ready = parts.openStore(overrides.tenantLimits).then((store) => {
    opened = store;
    if (store.objectStatus !== undefined) {
      registerObjectMetrics(telemetry.registry, store.objectStatus);
    }
    opening.store = limitedStore(admitting(store.store, scans, lookups), overrides, clock);
    return store.ready;
  });
  ready.catch((error: Error) => {
    opening.message = `the store cannot be opened: ${error.message}`;
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopReloading();
    tails.close();
    await closeListeners(config.shutdownTimeout);
    await ready.catch(() => undefined);
    await opened?.close();
    telemetry.close();
  };
  return { urls, ready, close: () => (closing ??= close()) };
}

/** Runs `task` again and again, an interval after its last end. Answers how to stop. */
function everyInterval(clock: Clock, intervalMs: number, task: () => Promise<void>): () => void {
  let stopped = false;
  let cancel = (): void => undefined;
  const again = (): void => {
    if (!stopped) {
      cancel = clock.schedule(intervalMs, () => void task().finally(again));
    }
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}

function reloadTls(listener: Listener, log: Logger): void {
  try {
    listener.reloadTls();
  } catch (error) {
    log.error({ error, port: listener.port }, 'TLS files cannot be read again, those of before hold on');
  }
}

function tlsOf(config: Config): TlsFiles | undefined {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile, clientCaFile } = config;
  if ((certFile === '') !== (keyFile === '')) {
    throw new ConfigError('tls_cert_file and tls_key_file go together');
  }
  if (clientCaFile !== '' && certFile === '') {
    throw new ConfigError('client_ca_file needs tls_cert_file and tls_key_file');
  }
  return certFile === '' ? undefined : { certFile, keyFile, clientCaFile };
}

function urlOf({ host, port, secure }: Listener): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${secure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
