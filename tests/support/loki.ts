/** A stand-in for Loki's `query_range` over HTTP: lines that contain what the query asks for, by stream. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LokiLine {
  readonly unixNanos: bigint;
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Structured metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LokiStandIn {
  readonly url: string;
  /** Each request: its query and headers. */
  readonly asked: { readonly query: string; readonly tenant: string | undefined }[];
  /** Answers everything with this status and text from now on. */
  fail(status: number, text: string): void;
  close(): Promise<void>;
}

export async function startLoki(lines: () => readonly LokiLine[]): Promise<LokiStandIn> {
  const asked: LokiStandIn['asked'] = [];
  let failure: readonly [number, string] | undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://loki');
    const query = url.searchParams.get('query') ?? '';
    asked.push({ query, tenant: request.headers['x-scope-orgid'] as string | undefined });
    if (failure !== undefined) {
      response.writeHead(failure[0]).end(failure[1]);
      return;
    }
    const wanted = /\|= "([^"]*)"/.exec(query)?.[1] ?? '';
    const [start, end] = [BigInt(url.searchParams.get('start') ?? 0), BigInt(url.searchParams.get('end') ?? 0)];
    const found = lines().filter(
      ({ unixNanos, line, metadata = {} }) =>
        unixNanos >= start && unixNanos < end && (line.includes(wanted) || Object.values(metadata).includes(wanted))
    );
    const result = found
      .slice(0, Number(url.searchParams.get('limit') ?? 100))
      .map(({ labels, unixNanos, line, metadata }) => ({
        stream: labels,
        values: [[String(unixNanos), line, ...(metadata ? [metadata] : [])]],
      }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'streams', result } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    fail: (status, text) => (failure = [status, text]),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
