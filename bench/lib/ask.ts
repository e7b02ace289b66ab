/** Timed GETs. */
import { Agent, request } from 'node:http';
import { quantile } from './load.ts';

export interface Timed {
  readonly ms: number;
  readonly status: number;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** One GET, body read. Errors: the connection's. */
export function timedGet(url: string, headers: Record<string, string> = {}): Promise<Timed> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    request(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ ms: performance.now() - startMs, status: response.statusCode as number, body: Buffer.concat(chunks) })
      );
    })
      .once('error', reject)
      .end();
  });
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export function spread(times: readonly number[]): Spread {
  const ascending = Float64Array.from(times).sort();
  return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) };
}

export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
