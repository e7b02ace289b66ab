/** `vivace export`: the spans of a stopped server as OTLP files, or its blocks as they are. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { allTraces, type OpenedView } from '../../engine/all-traces.ts';
import type { Engine } from '../../engine/engine.ts';
import { tenantFolder } from '../../engine/tenant-folder.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { Trace } from '../../trace/model.ts';
import { compileMatch } from '../../traceql/match.ts';
import { isMetricsQuery } from '../../traceql/metrics.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';
import { ConfigError } from '../config.ts';
import { singleTenant } from '../gate.ts';
import {
  action,
  dataDirOption,
  openForTool,
  progressOf,
  requireStore,
  type CommandWorld,
  type ExitCode,
} from './command.ts';
import { copyBlocks } from './copy-blocks.ts';
import { encodeDocument, SpanFiles, type FileCompression, type SpanFormat } from './span-files.ts';
import { rangeOf, timeOptions, type TimeOptions } from './time-options.ts';

interface ExportOptions extends TimeOptions {
  readonly dataDir: string;
  readonly out: string;
  readonly format: SpanFormat | 'parquet';
  readonly compress: FileCompression;
  readonly tenant?: string;
  readonly allTenants?: boolean;
  readonly query?: string;
  readonly json?: boolean;
}

/** What was written of one tenant. */
export interface Exported {
  readonly tenant: string;
  readonly traces: number;
  readonly spans: number;
  readonly files: readonly string[];
  /** Sentences about blocks that could not be read. */
  readonly warnings: readonly string[];
}

export function exportCommand(world: CommandWorld): Command {
  const command = new Command('export')
    .summary('spans of a stopped server as OTLP files, or its Parquet blocks')
    .description(
      'Writes whole traces of a stopped server, without duplicates, as OTLP files (JSON lines or protobuf), or copies its Parquet blocks.'
    );
  dataDirOption(command, world)
    .requiredOption('--out <folder>', 'where to; must be empty or absent. "-": JSON lines to standard output')
    .addOption(
      new Option('--format <format>', 'otlp-json: one document a line')
        .choices(['otlp-json', 'otlp-protobuf', 'parquet'])
        .default('otlp-json')
    )
    .addOption(new Option('--compress <how>', 'of OTLP files').choices(['none', 'gzip', 'zstd']).default('none'))
    .option('--tenant <name>', 'of a multi-tenant server', singleTenant)
    .option('--all-tenants', 'every tenant, each in a folder of its own')
    .option('--query <traceql>', "only traces that match, such as '{ status = error }'")
    .option('--json', 'the summary as JSON');
  return timeOptions(command).action(action(world, 'export', (options: ExportOptions) => runExport(options, world)));
}

async function runExport(options: ExportOptions, world: CommandWorld): Promise<ExitCode> {
  const range = rangeOf(options, BigInt(Date.now()) * 1_000_000n);
  const matches = filterOf(options);
  await requireStore(options.dataDir);
  if (options.out !== '-') {
    await requireEmpty(options.out);
  }
  const { engine, close } = await openForTool(options.dataDir, world);
  try {
    const all = options.allTenants === true;
    const tenants = all ? engine.tenants() : [options.tenant ?? singleTenant];
    const results: Exported[] = [];
    for (const tenant of tenants) {
      if (!engine.tenants().includes(tenant)) {
        throw new ConfigError(
          `there is no tenant ${JSON.stringify(tenant)}; there are: ${engine.tenants().join(', ')}`
        );
      }
      const folder = all ? path.join(options.out, tenantFolder(tenant, new Set())) : options.out;
      results.push(await exportTenant(engine, tenant, folder, range, matches, options, world));
    }
    report(results, options, world);
    return results.every(({ warnings }) => warnings.length === 0) ? 0 : 1;
  } finally {
    await close();
  }
}

/** Errors: {@link ConfigError} for options that exclude each other; `query_invalid`. */
function filterOf(options: ExportOptions): (trace: Trace) => boolean {
  if (options.out === '-' && (options.format !== 'otlp-json' || options.compress !== 'none')) {
    throw new ConfigError('standard output takes JSON lines only, uncompressed');
  }
  if (options.out === '-' && options.allTenants === true) {
    throw new ConfigError('--all-tenants needs a folder: on standard output tenants cannot be told apart');
  }
  if (options.query === undefined) {
    return () => true;
  }
  if (options.format === 'parquet') {
    throw new ConfigError('--query does not go with --format parquet, which copies whole blocks');
  }
  const query = parseQuery(options.query);
  validateQuery(query);
  if (isMetricsQuery(query)) {
    throw new ConfigError('--query: a metrics query chooses no traces');
  }
  const match = compileMatch(query, 1);
  return (trace) => match(trace) !== undefined;
}

async function requireEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new ConfigError(`${folder} is not empty`);
  }
}

async function exportTenant(
  engine: Engine,
  tenant: string,
  folder: string,
  range: TimeRange,
  matches: (trace: Trace) => boolean,
  options: ExportOptions,
  world: CommandWorld
): Promise<Exported> {
  if (options.format === 'parquet') {
    await mkdir(folder, { recursive: true });
    return copyBlocks({ engine, tenant, dataDir: options.dataDir, folder, range });
  }
  const toStdout = options.out === '-';
  if (!toStdout) {
    await mkdir(folder, { recursive: true });
  }
  const files = new SpanFiles({ folder, format: options.format, compression: options.compress });
  const pin = await engine.pin(tenant);
  const warnings = pin.blocks.flatMap(({ warning }) => (warning === undefined ? [] : [warning]));
  const view: OpenedView = {
    heads: pin.heads,
    blocks: pin.blocks.flatMap(({ reader }) => (reader === undefined ? [] : [reader])),
  };
  let [traces, spans] = [0, 0];
  const stopTicking = progressOf(world, () => `${tenant}: ${traces} traces, ${spans} spans written`);
  try {
    for await (const trace of allTraces(view, { range, onDamage: (error) => warnings.push(error.message) })) {
      if (matches(trace)) {
        traces++;
        spans += trace.spans.length;
        if (toStdout) {
          await writeOut(encodeDocument(trace.spans, 'otlp-json'));
        } else {
          await files.add(trace.spans);
        }
      }
    }
    await files.close();
  } finally {
    stopTicking();
    pin.release();
  }
  return { tenant, traces, spans, files: files.files, warnings };
}

function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function report(results: readonly Exported[], options: ExportOptions, world: CommandWorld): void {
  const line = options.out === '-' ? world.note : world.print;
  if (options.json === true) {
    line(JSON.stringify({ tenants: results }));
    return;
  }
  for (const { tenant, traces, spans, files, warnings } of results) {
    const what = options.format === 'parquet' ? `${spans} spans` : `${traces} traces, ${spans} spans`;
    line(`${tenant}: ${what}${options.out === '-' ? '' : ` in ${files.length} files`}`);
    warnings.forEach((warning) => world.note(`warning: ${warning}`));
  }
}
