/** The `vivace` process: command line, signals, exit codes. 0: stopped as asked; 1: failed while running; 2: wrong options. */
import { flushCompileCache } from 'node:module';
import { buildInfo } from './build-info.ts';
import { isCommand, runCommand } from './commands/index.ts';
import { readCommandLine } from './command-line.ts';
import { ConfigError, type Config } from './config.ts';
import { startDemo } from './demo.ts';
import { createLogger } from './log.ts';
import { nodeClock } from './node-clock.ts';
import { NodeDisk } from './node-disk.ts';
import { openStore } from './open-store.ts';
import { defaultPageDir } from './paths.ts';
import { runServer, type RunningServer } from './server.ts';
import { summary } from './summary.ts';

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (isCommand(args[0])) {
    process.exitCode = await runCommand(args, process.env);
    return;
  }
  const build = buildInfo();
  const line = readCommandLine(args, process.env, build.version);
  if (line.kind === 'exit') {
    process.exitCode = line.code;
    return;
  }
  const { config } = line;
  const log = createLogger(config.logLevel);
  const server = await runServer({
    config,
    build,
    clock: nodeClock(),
    log,
    pageDir: config.pageDir || defaultPageDir(),
    disk: config.storage === 'embedded' ? new NodeDisk(config.dataDir) : undefined,
    openStore: (tenantLimits) => openStore(config, log, tenantLimits),
  });
  const stop = stopOnSignals(server, log);
  process.stdout.write(summary(build.version, config, server.urls));
  try {
    await server.ready;
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      log.fatal({ error }, 'the store cannot be opened');
    }
    process.stderr.write(`vivace: ${(error as Error).message}\n`);
    await stop(error instanceof ConfigError ? 2 : 1);
    return;
  }
  log.info({ urls: server.urls }, 'ready');
  // Where there is a cache (NODE_COMPILE_CACHE): a server that is killed would not write to it.
  flushCompileCache();
  startDemoWhenAsked(config, server, log);
}

function startDemoWhenAsked(config: Config, server: RunningServer, log: ReturnType<typeof createLogger>): void {
  if (!config.demo) {
    return;
  }
  if (server.urls.otlpHttp === undefined) {
    log.warn('the demo sends over OTLP/HTTP, but that door is off');
    return;
  }
  startDemo({ otlpHttpUrl: server.urls.otlpHttp, rate: config.demoRate, log });
}

/** The first signal stops in good order, the second at once. */
function stopOnSignals(server: RunningServer, log: ReturnType<typeof createLogger>): (code: number) => Promise<void> {
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) {
      process.exit(1);
    }
    stopping = true;
    try {
      await server.close();
      process.exit(code);
    } catch (error) {
      log.fatal({ error }, 'stopping failed');
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'stopping');
      void stop(0);
    });
  }
  process.on('unhandledRejection', (error) => log.error({ error }, 'unhandled rejection'));
  // After an exception that nobody caught no invariant is sure: stop in good order, what is acknowledged is durable.
  process.on('uncaughtException', (error) => {
    log.fatal({ error }, 'uncaught exception');
    void stop(1);
  });
  return stop;
}

main().catch((error: unknown) => {
  const text = error instanceof ConfigError ? error.message : String((error as Error).stack ?? error);
  process.stderr.write(`vivace: ${text}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
