import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { KilledServerOptions } from './killed-server.ts';
import type { Bundle } from './bundle.ts';

const doors = ['otlp_grpc', 'grpc_query', 'zipkin', 'jaeger_http', 'jaeger_grpc'];

/** A life of the server, from its start to SIGKILL. */
export class KilledProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private text = '';

  constructor(bundle: Bundle, options: KilledServerOptions, variables: Readonly<Record<string, string>>) {
    const off = Object.fromEntries(doors.map((door) => [`${door}_address`, 'off']));
    const open = { otlp_http_address: '127.0.0.1:0', query_address: '127.0.0.1:0' };
    const config = { ...off, ...open, log_level: 'info', ...options.config };
    this.child = spawn(process.execPath, [bundle.file, JSON.stringify({ ...options, config })], {
      env: { ...process.env, ...bundle.variables, ...variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.exited = once(this.child, 'exit');
    this.child.stderr?.setEncoding('utf8');
    this.child.stderr?.on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  /** Its log so far. */
  get log(): string {
    return this.text;
  }

  /** Of log lines with this message. */
  count(message: string): number {
    return this.text.split(`"msg":"${message}"`).length - 1;
  }

  /** Rejects when it ends before it is ready. */
  async ready(): Promise<{ readonly otlpHttp: string; readonly query: string }> {
    for (;;) {
      const line = this.text.split('\n').find((text) => text.includes('"msg":"ready"') && text.endsWith('}'));
      if (line !== undefined) {
        return (JSON.parse(line) as { urls: { otlpHttp: string; query: string } }).urls;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the server ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.text}`);
      }
      await Promise.race([once(this.child.stderr!, 'data'), this.exited]);
    }
  }

  /** SIGKILL: nothing is closed, written or said. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
