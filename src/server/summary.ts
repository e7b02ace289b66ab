import type { Config } from './config.ts';
import type { ServerUrls } from './server.ts';

/** What a newcomer needs to read after the start: where to look, where to send spans. */
export function summary(version: string, config: Config, urls: ServerUrls): string {
  const where = config.storage === 'memory' ? 'in memory only' : `in ${config.dataDir}`;
  const lines: [string, string][] = [
    ['Look at traces', urls.query ?? 'off'],
    ['Grafana data source (Tempo)', urls.query ?? 'off'],
    ['Send spans, OTLP/gRPC', urls.otlpGrpc ?? 'off'],
    ['Send spans, OTLP/HTTP', urls.otlpHttp === undefined ? 'off' : `${urls.otlpHttp}/v1/traces`],
    ['Send spans, Zipkin', urls.zipkin === undefined ? 'off' : `${urls.zipkin}/api/v2/spans`],
    ['Send spans, Jaeger HTTP', urls.jaegerHttp === undefined ? 'off' : `${urls.jaegerHttp}/api/traces`],
    ['Send spans, Jaeger gRPC', urls.jaegerGrpc ?? 'off'],
    ['Traces are kept', where],
  ];
  if (config.demo) {
    lines.push(['Demo shop', `${config.demoRate} requests per second`]);
  }
  const width = Math.max(...lines.map(([label]) => label.length));
  const warning = config.insecureNoAuth
    ? '\n  Warning: --insecure-no-auth is set: everybody who reaches these ports may read and write.\n'
    : '';
  return `\nVivace ${version}\n\n${lines.map(([label, value]) => `  ${label.padEnd(width)}   ${value}\n`).join('')}${warning}\n`;
}
