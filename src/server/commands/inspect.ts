/** `vivace inspect`: what a block file is made of. */
import path from 'node:path';
import { Command } from 'commander';
import { inspectBlock, type InspectedBlock, type InspectedColumn } from '../../engine/block/inspect-block.ts';
import { NodeDisk } from '../node-disk.ts';
import { action, formatBytes, table, type CommandWorld, type ExitCode } from './command.ts';

interface InspectOptions {
  readonly columns: string;
  readonly json?: boolean;
}

export function inspectCommand(world: CommandWorld): Command {
  return new Command('inspect')
    .summary('what a block file is made of: columns, encodings, bytes')
    .description('Shows what a block file is made of: row groups, columns with most bytes first, encodings, blooms.')
    .argument('<block>', 'a .parquet file; a server may be using it')
    .option('--columns <n>', 'so many columns', '25')
    .option('--json', 'everything, as JSON')
    .action(action(world, 'inspect', (block: string, options: InspectOptions) => runInspect(block, options, world)));
}

async function runInspect(file: string, options: InspectOptions, world: CommandWorld): Promise<ExitCode> {
  const disk = new NodeDisk(path.dirname(path.resolve(file)));
  try {
    const block = await inspectBlock(disk, path.basename(file));
    if (options.json === true) {
      world.print(JSON.stringify(block, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
    } else {
      describe(block, Number(options.columns) || 25, world);
    }
    return 0;
  } finally {
    await disk.close();
  }
}

function describe({ meta, rowGroups, columns }: InspectedBlock, columnsMax: number, world: CommandWorld): void {
  const { blockId, formatVersion, spans, traces, sizeBytes } = meta;
  const perSpan = (sizeBytes / Math.max(1, spans)).toFixed(1);
  world.print(`block ${blockId}, format ${formatVersion}`);
  world.print(`${spans} spans of ${traces} traces in ${rowGroups.length} row groups`);
  world.print(`${formatBytes(sizeBytes)}, ${perSpan} B a span; footer ${formatBytes(meta.footerLength)}`);
  world.print(`from ${timeText(meta.startUnixNanos)} to ${timeText(meta.endUnixNanos)}`);
  world.print('');
  const rows = columns.slice(0, columnsMax).map((column) => rowOf(column, spans));
  const head = ['column', 'type', 'encodings', 'values', 'distinct', 'pages', 'bytes', 'bloom', 'B/span'];
  table([head, ...rows]).forEach((line) => world.print(line));
  const rest = columns.slice(columnsMax);
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, { compressedBytes, bloomBytes }) => sum + compressedBytes + bloomBytes, 0);
    world.print(`and ${rest.length} more columns of ${formatBytes(bytes)} (--columns)`);
  }
}

function rowOf(column: InspectedColumn, spans: number): (string | number)[] {
  const { name, physicalType, isText, encodings, valueCount, distinctMax, pageCount } = column;
  return [
    name,
    isText ? 'TEXT' : physicalType,
    encodings.join('+'),
    valueCount,
    distinctMax ?? '',
    pageCount,
    column.compressedBytes,
    column.bloomBytes,
    ((column.compressedBytes + column.bloomBytes) / Math.max(1, spans)).toFixed(2),
  ];
}

/** To the millisecond; a time that no calendar has stays nanoseconds. */
function timeText(unixNanos: string): string {
  const timeMs = Number(BigInt(unixNanos) / 1_000_000n);
  return timeMs <= 8.64e15 ? new Date(timeMs).toISOString() : `${unixNanos} ns`;
}
