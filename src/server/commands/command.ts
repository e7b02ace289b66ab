/** What the commands beside the server share: where they write, which folder they work on, how they end. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Command } from 'commander';
import type { EngineLog } from '../../engine/engine-log.ts';
import { messageOf } from '../../engine/os-error.ts';
import { ConfigError, options, variableOf } from '../config.ts';
import { openNodeEngine, type NodeEngine } from '../node-engine.ts';

/** 0: done, and all is well. 1: failed, or damage was found, or something was refused. 2: wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** The outside of a command. */
export interface CommandWorld {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** A line of the answer, on standard output. */
  readonly print: (line: string) => void;
  /** A line for the person who waits, on standard error. */
  readonly note: (line: string) => void;
  readonly exit: (code: ExitCode) => void;
}

export function dataDirOption(command: Command, world: CommandWorld): Command {
  const fallback = world.variables[variableOf('dataDir')] || options.dataDir.default;
  return command.option('--data-dir <folder>', 'folder of a stopped server (also VIVACE_DATA_DIR)', fallback);
}

/** Errors: {@link ConfigError} when the folder holds no store: a typing error must not make one. */
export async function requireStore(dataDir: string): Promise<void> {
  const names = existsSync(dataDir) ? await readdir(dataDir) : [];
  if (!names.some((name) => name.startsWith('manifest') || name === 'wal' || name === 'tenants')) {
    throw new ConfigError(`${dataDir} holds no Vivace store (no manifest, wal or tenants in it)`);
  }
}

/**
 * The engine on the folder, its log replayed. Nothing expires while a tool looks at it.
 * Errors: `unavailable` while a server uses the folder; those of the engine.
 */
export async function openForTool(dataDir: string, world: CommandWorld): Promise<NodeEngine> {
  const log: EngineLog = {
    info: () => undefined,
    warn: (message) => world.note(`warning: ${message}`),
    error: (message) => world.note(`error: ${message}`),
  };
  const opened = await openNodeEngine(dataDir, { limits: { retentionMs: 0 }, log });
  const { engine } = opened;
  const stopTicking = progressOf(world, () => engine.status().message);
  try {
    await engine.whenReady();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  } finally {
    stopTicking();
  }
}

/** Notes how far the work is, every two seconds. Answers how to stop. */
export function progressOf(world: CommandWorld, sentence: () => string): () => void {
  const timer = setInterval(() => world.note(sentence()), 2000);
  return () => clearInterval(timer);
}

/** Errors of the user and of the world end a command with one line. */
export function failed(world: CommandWorld, name: string, error: unknown): void {
  world.note(`vivace ${name}: ${messageOf(error)}`);
  world.exit(error instanceof ConfigError ? 2 : 1);
}

/** `action` as commander wants it, with the exit code that it answers. */
export function action<Args extends unknown[]>(
  world: CommandWorld,
  name: string,
  run: (...args: Args) => Promise<ExitCode>
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      world.exit(await run(...args));
    } catch (error) {
      failed(world, name, error);
    }
  };
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        typeof cell === 'number' ? String(cell).padStart(widths[column]) : cell.padEnd(widths[column])
      )
      .join('  ')
      .trimEnd()
  );
}
