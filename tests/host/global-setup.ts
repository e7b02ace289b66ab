/** Starts {@link file://./serve.ts} once for all specs and ends it after them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export default async function globalSetup(): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'serve.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hostUrl = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('\n')) {
        resolve((JSON.parse(output) as { hostUrl: string }).hostUrl);
      }
    });
    child.once('exit', (code) => reject(new Error(`the test host ended with ${code}`)));
  });
  process.env.VIVACE_HOST_URL = hostUrl;
  return async () => {
    if (child.exitCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
  };
}
