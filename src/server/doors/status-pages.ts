/** `/ready`, `/metrics` and the pages under `/status`, for operators: text and YAML, no secrets. */
import { stringify } from 'yaml';
import { printableConfig } from '../config.ts';
import type { Runtime } from '../runtime.ts';
import type { Headers } from '../gate.ts';
import type { Response } from './respond.ts';

/** `undefined`: not such a page. Errors: those of the gate; all but `/ready` need the admin or query scope. */
export async function statusPage(runtime: Runtime, urlPath: string, headers: Headers): Promise<Response | undefined> {
  switch (urlPath) {
    case '/ready':
      return ready(runtime);
    case '/metrics':
      runtime.gate.authorize(headers, 'query');
      return {
        status: 200,
        contentType: runtime.telemetry.registry.contentType,
        body: await runtime.telemetry.registry.metrics(),
      };
    case '/status':
      runtime.gate.authorize(headers, 'query');
      return yamlPage({ version: runtime.build, store: storeStatus(runtime), ...standingWarnings(runtime) });
    case '/status/version':
      runtime.gate.authorize(headers, 'query');
      return yamlPage(runtime.build);
    case '/status/config':
      runtime.gate.authorize(headers, 'admin');
      return yamlPage(printableConfig(runtime.config));
    case '/status/endpoints':
      runtime.gate.authorize(headers, 'query');
      return yamlPage(endpoints);
    default:
      return undefined;
  }
}

function ready({ opening }: Runtime): Response {
  const status = opening.store?.status();
  const isReady = status?.ready === true;
  const body = isReady ? 'ready' : `not ready: ${status?.message ?? opening.message}`;
  return { status: isReady ? 200 : 503, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function storeStatus({ opening }: Runtime): unknown {
  return opening.store?.status() ?? { ready: false, message: opening.message };
}

function standingWarnings({ config, gate }: Runtime): { warnings?: string[] } {
  return config.insecureNoAuth && !gate.authenticates
    ? { warnings: ['this server answers everybody who reaches it: --insecure-no-auth is set'] }
    : {};
}

function yamlPage(value: unknown): Response {
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: stringify(value) };
}

const endpoints = {
  'query API':
    '/api/search, /api/traces/{id}, /api/v2/traces/{id}, /api/search/tags, /api/metrics/query_range, …: docs/api.md',
  page: '/',
  health: '/ready, /metrics, /status, /status/version, /status/config',
};
