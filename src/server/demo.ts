import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Logger } from './log.ts';
import { demoEntry } from './paths.ts';

/** Starts the demo shop as a process of its own. It ends when its standard input does, however this process ends. */
export function startDemo(options: { otlpHttpUrl: string; rate: number; log: Logger }): void {
  const { log } = options;
  const entry = demoEntry();
  if (!existsSync(entry)) {
    log.error('this build of the server came without the demo shop');
    return;
  }
  const args = [entry, '--endpoint', options.otlpHttpUrl, '--rate', String(options.rate), '--with-parent'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  child.on('error', (error) => log.error({ error }, 'the demo shop did not start'));
  child.on('exit', (code) => code !== 0 && code !== null && log.warn({ code }, 'the demo shop ended'));
  process.once('exit', () => child.kill());
}
