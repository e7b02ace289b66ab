/** Stores that answer when told to, and clients that read a stream line by line. */
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type {
  Answer,
  MetricsRequest,
  MetricsSoFar,
  QueryProgress,
  SearchRequest,
} from '../../src/store/trace-store.ts';
import type { TraceMatch } from '../../src/traceql/match.ts';
import type { MetricSeries } from '../../src/traceql/metrics.ts';

/**
 * Searches show their first trace, then wait for `release`; `abortedMs` says when the newest heard of its client's leaving. With
 * `holdsMetrics` so do metrics, having counted their first trace.
 */
export class HeldStore extends MemoryStore {
  holdsMetrics = false;
  release: () => void = () => undefined;
  searching: Promise<void> = Promise.resolve();
  abortedMs: number | undefined;
  private started: () => void = () => undefined;

  expectSearch(): void {
    this.abortedMs = undefined;
    this.searching = new Promise((resolve) => {
      this.started = resolve;
    });
  }

  override async search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    const { onProgress, ...rest } = request;
    const answer = await super.search(rest);
    const tell = (): void =>
      onProgress?.({ stats: answer.stats, stepsDone: 1, stepsTotal: 4, data: () => answer.data.slice(0, 1) });
    await this.hold(tell, request.signal);
    return answer;
  }

  override async metrics(request: MetricsRequest): Promise<Answer<readonly MetricSeries[]>> {
    const { onProgress, ...rest } = request;
    if (!this.holdsMetrics || onProgress === undefined) {
      return super.metrics(rest);
    }
    const looks: QueryProgress<MetricsSoFar>[] = [];
    const answer = await super.metrics({
      ...rest,
      onProgress: (progress) => {
        const data = progress.data();
        looks.push({ ...progress, data: () => data });
      },
    });
    await this.hold(() => onProgress(looks[0]), request.signal);
    return answer;
  }

  /** Tells again and again, until released or left. */
  private async hold(tell: () => void, signal: AbortSignal | undefined): Promise<void> {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    this.release = release;
    signal?.addEventListener('abort', () => {
      this.abortedMs = performance.now();
      release();
    });
    this.started();
    const telling = setInterval(tell, 20);
    await held;
    clearInterval(telling);
    signal?.throwIfAborted();
  }
}

export interface LineReader {
  readonly response: http.IncomingMessage;
  /** The next line; blank lines also. `undefined` at the end. */
  next(): Promise<string | undefined>;
  destroy(): void;
}

/** A GET whose answer is read as it comes. */
export function getLines(url: string): Promise<LineReader> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, (response) => {
      const lines: string[] = [];
      let rest = '';
      let ended = false;
      let wake = (): void => undefined;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
        wake();
      });
      const end = (): void => {
        ended = true;
        wake();
      };
      response.on('end', end).on('error', end).on('close', end);
      resolve({
        response,
        next: async () => {
          while (lines.length === 0 && !ended) {
            await new Promise<void>((wakeUp) => {
              wake = wakeUp;
            });
          }
          return lines.shift();
        },
        destroy: () => request.destroy(),
      });
    });
    request.on('error', reject);
  });
}

/** The next line that is not blank, as an object. */
export async function nextObject(reader: LineReader): Promise<Record<string, unknown> | undefined> {
  for (;;) {
    const line = await reader.next();
    if (line === undefined) {
      return undefined;
    }
    if (line !== '') {
      return JSON.parse(line) as Record<string, unknown>;
    }
  }
}

export interface Proxy {
  readonly url: string;
  readonly cuts: () => number;
  close(): void;
}

/** As Grafana's data proxy: what comes is passed on every `flushMs`, and a connection silent for `silenceMs` is cut. */
export async function startProxy(
  target: string,
  { flushMs, silenceMs }: { flushMs: number; silenceMs: number }
): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  let cuts = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    sockets.add(client).add(upstream);
    let held: Buffer[] = [];
    let heardMs = performance.now();
    const flush = setInterval(() => {
      if (held.length > 0) {
        client.write(Buffer.concat(held));
        held = [];
      } else if (performance.now() - heardMs > silenceMs) {
        cuts++;
        client.destroy();
      }
    }, flushMs);
    const end = (): void => {
      clearInterval(flush);
      client.end(Buffer.concat(held));
      held = [];
      upstream.destroy();
    };
    upstream.on('data', (chunk: Buffer) => {
      heardMs = performance.now();
      held.push(chunk);
    });
    client.on('data', (chunk: Buffer) => upstream.write(chunk));
    upstream.on('close', end).on('error', end);
    client.on('close', end).on('error', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
