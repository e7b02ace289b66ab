/** `vivace import`: spans of files into the store of a stopped server, or to a running one. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { messageOf } from '../../engine/os-error.ts';
import type { Span } from '../../trace/model.ts';
import { encodeTraces } from '../../wire/otlp-protobuf.ts';
import type { IngestEncoding } from '../../wire/transcode.ts';
import { ConfigError } from '../config.ts';
import { singleTenant, checkedTenant } from '../gate.ts';
import { action, dataDirOption, openForTool, progressOf, type CommandWorld, type ExitCode } from './command.ts';
import { httpSink, storeSink, type ImportSink } from './import-sinks.ts';
import { piecesOf } from './read-spans.ts';

interface ImportOptions {
  readonly dataDir: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly tenant?: string;
  readonly format: IngestEncoding | 'auto';
  readonly json?: boolean;
}

/** What became of one file. */
interface Imported {
  readonly file: string;
  accepted: number;
  rejected: number;
  /** Sentences, each once: why spans or parts of the file were refused. */
  readonly reasons: Set<string>;
}

/** One request: about 2 MiB, as collectors send at most. */
const requestSpansMax = 5_000;

export function importCommand(world: CommandWorld): Command {
  const command = new Command('import')
    .summary('spans of files into a stopped server, or to a running one')
    .description(
      'Reads OTLP (JSON, JSON lines, protobuf), Tempo, Jaeger and Zipkin files, plain, gzip or zstd; folders are read whole. ' +
        'What is imported twice counts once.'
    )
    .argument('<files...>', 'files and folders');
  return dataDirOption(command, world)
    .option('--url <url>', 'instead of a folder: OTLP/HTTP address of a running server, such as http://localhost:4318')
    .option('--token-file <file>', 'file with a bearer token, for --url')
    .option('--tenant <name>', 'of a multi-tenant server')
    .addOption(
      new Option('--format <format>', 'of all files; Thrift and Jaeger protobuf cannot be told by content')
        .choices([
          'auto',
          'otlp-json',
          'otlp-protobuf',
          'jaeger-json',
          'jaeger-thrift',
          'jaeger-protobuf',
          'zipkin-json',
        ])
        .default('auto')
    )
    .option('--json', 'the summary as JSON')
    .action(action(world, 'import', (files: string[], options: ImportOptions) => runImport(files, options, world)));
}

async function runImport(named: readonly string[], options: ImportOptions, world: CommandWorld): Promise<ExitCode> {
  const files = await filesOf(named);
  const sink = await openSink(options, world);
  const results: Imported[] = [];
  const stopTicking = progressOf(world, () => {
    const accepted = results.reduce((sum, result) => sum + result.accepted, 0);
    return `${results.at(-1)?.file ?? ''}: file ${results.length} of ${files.length}, ${accepted} spans so far`;
  });
  try {
    for (const file of files) {
      const result: Imported = { file, accepted: 0, rejected: 0, reasons: new Set() };
      results.push(result);
      await importFile(file, options, sink, result);
    }
  } finally {
    stopTicking();
    await sink.close();
  }
  report(results, options, world);
  return results.every(({ reasons }) => reasons.size === 0) ? 0 : 1;
}

/** Errors: {@link ConfigError} for a name that is no file. */
async function filesOf(named: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const name of named) {
    const found = await stat(name).catch((error: Error) => {
      throw new ConfigError(error.message);
    });
    if (found.isDirectory()) {
      const entries = await readdir(name, { recursive: true, withFileTypes: true });
      files.push(
        ...entries
          .filter((entry) => entry.isFile())
          .map((entry) => path.join(entry.parentPath, entry.name))
          .sort()
      );
    } else {
      files.push(name);
    }
  }
  return files;
}

async function openSink(options: ImportOptions, world: CommandWorld): Promise<ImportSink> {
  if (options.tenant !== undefined) {
    checkedTenant(options.tenant);
  }
  if (options.url !== undefined) {
    return httpSink({ url: options.url, tenant: options.tenant, tokenFile: options.tokenFile });
  }
  return storeSink(await openForTool(options.dataDir, world), options.tenant ?? singleTenant);
}

/** What one file is refused for does not keep the next one out. Errors: a store that takes nothing. */
async function importFile(file: string, options: ImportOptions, sink: ImportSink, result: Imported): Promise<void> {
  const format = options.format === 'auto' ? undefined : options.format;
  const pieces = piecesOf(file, format);
  for (;;) {
    let next;
    try {
      next = await pieces.next();
    } catch (error) {
      result.reasons.add(messageOf(error));
      return;
    }
    if (next.done) {
      return;
    }
    if ('refused' in next.value) {
      result.reasons.add(next.value.refused);
    } else {
      await sendSpans(next.value.spans, sink, result);
    }
  }
}

async function sendSpans(spans: readonly Span[], sink: ImportSink, result: Imported): Promise<void> {
  for (let start = 0; start < spans.length; start += requestSpansMax) {
    const some = spans.slice(start, start + requestSpansMax);
    const { rejectedSpans, reason } = await sink.send(encodeTraces(some));
    result.accepted += some.length - rejectedSpans;
    result.rejected += rejectedSpans;
    if (reason !== '') {
      result.reasons.add(reason);
    }
  }
}

function report(results: readonly Imported[], options: ImportOptions, world: CommandWorld): void {
  if (options.json === true) {
    world.print(JSON.stringify({ files: results.map((result) => ({ ...result, reasons: [...result.reasons] })) }));
    return;
  }
  for (const { file, accepted, rejected, reasons } of results) {
    world.print(`${file}: ${accepted} spans accepted, ${rejected} refused`);
    reasons.forEach((reason) => world.note(`  ${file}: ${reason}`));
  }
}
