/**
 * The server that is killed: everything as in `src/server/main.ts` but for limits, which let a life of half a second see flushes,
 * compactions and new segments. One argument: {@link KilledServerOptions} as JSON.
 */
import { createLogger } from '../../src/server/log.ts';
import { defaultConfig, resolveConfig } from '../../src/server/config.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { NodeDisk } from '../../src/server/node-disk.ts';
import { openNodeEngine } from '../../src/server/node-engine.ts';
import { runServer } from '../../src/server/server.ts';
import { objectsOf } from '../../src/server/storage-config.ts';

export interface KilledServerOptions {
  /** As in the YAML file. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly walSegmentBytes: number;
  readonly headRowsMax: number;
  readonly headAgeMsMax: number;
  readonly maintenanceIntervalMs: number;
  readonly compactionFanIn: number;
  readonly freeBytesMin?: number;
}

const { config: file, ...chosen } = JSON.parse(process.argv[2]) as KilledServerOptions;
const config = resolveConfig({ flags: {}, variables: {}, file, fileName: 'killed server' });
const log = createLogger(config.logLevel);
const engineLog = {
  info: (message: string, details = {}): void => log.info(details, message),
  warn: (message: string, details = {}): void => log.warn(details, message),
  error: (message: string, details = {}): void => log.error(details, message),
};
const objects = objectsOf(config, process.env);
if (typeof objects === 'string') {
  throw new Error(objects);
}
const server = await runServer({
  config,
  build: { version: 'test', revision: '', branch: '', buildDate: '', runtime: `node ${process.version}` },
  clock: nodeClock(),
  log,
  pageDir: defaultConfig().pageDir || 'no-page',
  disk: objects === undefined ? new NodeDisk(config.dataDir) : undefined,
  openStore: async (tenantLimits) => {
    const limits = { ...chosen, compactionRetryMs: 500, flushRetryMs: 200, walFreeSegmentsMax: 2 };
    const opened = await openNodeEngine(config.dataDir, { limits, tenantLimits, log: engineLog, objects });
    return { store: opened.engine, ready: opened.engine.whenReady(), close: opened.close };
  },
});
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
await server.ready;
log.info({ urls: server.urls }, 'ready');
