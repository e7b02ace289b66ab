/** Starts {@link file://./serve.ts} once for all specs and ends it after them; a real Grafana is there already and gets the fixture. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { sendFixture } from './traces.ts';

export default async function globalSetup(): Promise<() => Promise<void>> {
  const grafanaUrl = process.env.VIVACE_GRAFANA_URL;
  if (grafanaUrl !== undefined) {
    process.env.VIVACE_HOSTS = JSON.stringify({ root: grafanaUrl.replace(/\/$/, '') });
    await sendFixture(process.env.VIVACE_OTLP_URL ?? 'http://127.0.0.1:4318');
    return () => Promise.resolve();
  }
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'serve.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hosts = await new Promise<Record<string, string>>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('\n')) {
        resolve(JSON.parse(output) as Record<string, string>);
      }
    });
    child.once('exit', (code) => reject(new Error(`the test host ended with ${code}`)));
  });
  process.env.VIVACE_HOST_URL = hosts.root;
  process.env.VIVACE_HOSTS = JSON.stringify(hosts);
  return async () => {
    if (child.exitCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
  };
}
