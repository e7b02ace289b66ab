/**
 * Enough of Loki's HTTP API to try links between logs and traces in a real Grafana: the lines of a log file of the demo shop, by service and
 * by text. No LogQL beyond `{service_name="x"} |= "text"`; metric queries answer without series.
 *
 * node tests/support/loki-stand-in.ts <log file> <port>
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';

interface Line {
  readonly unixNanos: bigint;
  readonly service: string;
  readonly level: string;
  readonly text: string;
}

/** Listens on 127.0.0.1; port 0 is a free one. The file is read at every request: it grows. */
export async function startLoki(
  logFile: string,
  port = 0
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loki');
    const data = answer(pathname, searchParams, () => linesOf(logFile));
    response.writeHead(data === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(data === undefined ? { status: 'error' } : { status: 'success', data }));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : port };
}

function answer(path: string, params: URLSearchParams, lines: () => Line[]): unknown {
  switch (path) {
    case '/loki/api/v1/labels':
      return ['level', 'service_name'];
    case '/loki/api/v1/label/service_name/values':
      return [...new Set(lines().map(({ service }) => service))].sort();
    case '/loki/api/v1/label/level/values':
      return ['error', 'info'];
    case '/loki/api/v1/series':
      return [];
    case '/loki/api/v1/query':
    case '/loki/api/v1/query_range':
      return query(params, lines());
    default:
      return undefined;
  }
}

function query(params: URLSearchParams, lines: Line[]): unknown {
  const text = params.get('query') ?? '';
  if (!text.startsWith('{')) {
    // `vector(1)+vector(1)` is how Grafana asks whether Loki is there.
    const isProbe = text.startsWith('vector(');
    return { resultType: isProbe ? 'vector' : 'matrix', result: isProbe ? [{ metric: {}, value: [0, '2'] }] : [] };
  }
  const service = /service_name\s*=\s*"([^"]*)"/.exec(text)?.[1];
  const parts = [...text.matchAll(/\|=\s*["`]([^"`]*)["`]/g)].map(([, part]) => part);
  const [from, to] = [BigInt(params.get('start') ?? 0), BigInt(params.get('end') ?? '9'.repeat(18))];
  const found = lines
    .filter((line) => service === undefined || line.service === service)
    .filter((line) => line.unixNanos >= from && line.unixNanos < to && parts.every((part) => line.text.includes(part)))
    .sort((a, b) => (a.unixNanos < b.unixNanos ? 1 : -1))
    .slice(0, Number(params.get('limit') ?? 100));
  const streams = Map.groupBy(found, (line) => JSON.stringify({ service_name: line.service, level: line.level }));
  return {
    resultType: 'streams',
    result: [...streams].map(([labels, entries]) => ({
      stream: JSON.parse(labels) as object,
      values: entries.map((line) => [String(line.unixNanos), line.text]),
    })),
    stats: {},
  };
}

function linesOf(logFile: string): Line[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        const { time, service, level } = JSON.parse(text) as { time: string; service: string; level: string };
        return [{ unixNanos: BigInt(Date.parse(time)) * 1_000_000n, service, level, text }];
      } catch {
        // The last line may be half written.
        return [];
      }
    });
}

if (process.argv[1]?.endsWith('loki-stand-in.ts')) {
  const [, , logFile, port] = process.argv;
  const loki = await startLoki(logFile, Number(port));
  console.log(`http://127.0.0.1:${loki.port}`);
}
