/** A server under test as a child process: its life, its CPU, its memory, its disk. Figures are the operating system's own (Linux). */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Server {
  readonly name: string;
  readonly version: string;
  readonly queryUrl: string;
  readonly otlpHttpUrl: string;
  readonly process: ChildProcess;
  /** Where its data lies. */
  readonly folder: string;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
        })
    )
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Its output goes to `output.log` in the folder. */
export function spawnServer(command: string, args: readonly string[], options: { cwd: string }): ChildProcess {
  const log = openSync(join(options.cwd, 'output.log'), 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log], ...options });
  closeSync(log);
  return child;
}

/** Waits until `GET url` answers 200. */
export async function waitUntilReady(url: string, child: ChildProcess, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null) {
      throw new Error(`server ended with code ${child.exitCode} before it was ready`);
    }
    try {
      if ((await fetch(url)).status === 200) {
        return;
      }
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`${url}: not ready after ${timeoutMs} ms`);
}

export async function stop(server: Server): Promise<void> {
  const ended = new Promise((resolve) => server.process.once('exit', resolve));
  server.process.kill('SIGTERM');
  await ended;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// USER_HZ is 100 on every Linux that Node runs on.
const ticksPerSecond = 100;

/** User and system CPU seconds of the process and all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Largest resident size so far. */
export function peakMemoryBytes(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** CPU seconds a second that the process uses over some seconds: what it does without work. */
export async function idleRate(pid: number, seconds = 4): Promise<number> {
  const before = cpuSeconds(pid);
  await sleep(seconds * 1000);
  return (cpuSeconds(pid) - before) / seconds;
}

/**
 * Waits until the process has used hardly more than `baseRate` CPU seconds a second, twice over two seconds; answers its CPU seconds then.
 */
export async function untilIdle(pid: number, baseRate = 0, timeoutMs = 180_000): Promise<number> {
  const deadlineMs = Date.now() + timeoutMs;
  let before = cpuSeconds(pid);
  let quiet = 0;
  while (Date.now() < deadlineMs && quiet < 2) {
    await sleep(2000);
    const now = cpuSeconds(pid);
    quiet = (now - before) / 2 < 1.5 * baseRate + 0.03 ? quiet + 1 : 0;
    before = now;
  }
  return before;
}

/** Bytes of all files below a folder whose path passes `wanted`. */
export function folderBytes(folder: string, wanted: (path: string) => boolean = () => true): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && wanted(path)) {
      bytes += statSync(path).size;
    }
  }
  return bytes;
}
