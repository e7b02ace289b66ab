/** Timed GETs. */
import { Agent, request } from 'node:http';
import { quantile } from './load.ts';

export interface Timed {
  readonly ms: number;
  readonly status: number;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** A minute without an answer is none. */
const answerMsMax = 60_000;

/** One GET, body read; of status 0 when there is no answer in time. Errors: the connection's. */
export function timedGet(url: string, headers: Record<string, string> = {}): Promise<Timed> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        clearTimeout(timer);
        resolve({
          ms: performance.now() - startMs,
          status: response.statusCode as number,
          body: Buffer.concat(chunks),
        });
      });
    });
    const timer = setTimeout(() => {
      resolve({ ms: performance.now() - startMs, status: 0, body: Buffer.from(`no answer in ${answerMsMax} ms`) });
      asked.destroy();
    }, answerMsMax);
    asked.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    asked.end();
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
