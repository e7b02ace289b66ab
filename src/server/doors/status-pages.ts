/** `/ready`, `/metrics` and the pages under `/status`, for operators: text and YAML, no secrets. The paths are Tempo's. */
import { stringify } from 'yaml';
import { routePaths } from '../../api/answer.ts';
import { streamPaths } from '../../api/stream/ndjson.ts';
import { defaultConfig, printableConfig } from '../config.ts';
import { checkedTenant, type Headers } from '../gate.ts';
import { differenceOf } from '../overrides/overrides.ts';
import { entryOf, type TenantSettings } from '../overrides/settings.ts';
import type { Runtime } from '../runtime.ts';
import { overridesPath } from './overrides.ts';
import type { Response } from './respond.ts';

type Page = (runtime: Runtime, params: URLSearchParams) => Response | Promise<Response>;

/** By path; `scope` undefined: also without credentials, for probes. */
const pages: Readonly<Record<string, { readonly scope: 'query' | 'admin' | undefined; readonly page: Page }>> = {
  '/ready': { scope: undefined, page: ready },
  '/metrics': { scope: 'query', page: metrics },
  '/status': { scope: 'query', page: overview },
  '/status/version': { scope: 'query', page: ({ build }) => yamlPage(build) },
  '/status/services': { scope: 'query', page: (runtime) => yamlPage(services(runtime)) },
  '/status/endpoints': { scope: 'query', page: () => yamlPage(endpoints()) },
  '/status/config': { scope: 'admin', page: config },
  '/status/runtime_config': { scope: 'admin', page: runtimeConfig },
  '/status/overrides': { scope: 'admin', page: (runtime) => yamlPage(overriddenTenants(runtime)) },
  '/status/usage-stats': { scope: 'query', page: () => yamlPage({ 'usage-stats': 'this server reports to nobody' }) },
};

const tenantPage = /^\/status\/overrides\/([^/]+)$/;

/** `undefined`: not such a page. Errors: those of the gate. */
export async function statusPage(
  runtime: Runtime,
  urlPath: string,
  params: URLSearchParams,
  headers: Headers
): Promise<Response | undefined> {
  const tenant = tenantPage.exec(urlPath)?.[1];
  if (tenant !== undefined) {
    runtime.gate.authorize(headers, 'admin');
    return yamlPage(entryOf(runtime.overrides.settingsOf(checkedTenant(tenant))));
  }
  if (!Object.hasOwn(pages, urlPath)) {
    return undefined;
  }
  const { scope, page } = pages[urlPath];
  if (scope !== undefined) {
    runtime.gate.authorize(headers, scope);
  }
  return page(runtime, params);
}

function ready({ opening }: Runtime): Response {
  const status = opening.store?.status();
  const isReady = status?.ready === true;
  const body = isReady ? 'ready' : `not ready: ${status?.message ?? opening.message}`;
  return { status: isReady ? 200 : 503, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

async function metrics({ telemetry }: Runtime): Promise<Response> {
  const { registry } = telemetry;
  return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
}

function overview(runtime: Runtime): Response {
  const { build, config: options, gate, opening, overrides } = runtime;
  const open = options.insecureNoAuth && !gate.authenticates;
  const warnings = [
    ...(open ? ['this server answers everybody who reaches it: --insecure-no-auth is set'] : []),
    ...(overrides.problem === undefined ? [] : [overrides.problem]),
    ...gate.problems(),
  ];
  const store = opening.store?.status() ?? { ready: false, message: opening.message };
  return yamlPage({ version: build, services: services(runtime), store, ...(warnings.length > 0 ? { warnings } : {}) });
}

/** One process has few: its doors and its store. */
function services({ config: options, opening }: Runtime): Record<string, string> {
  const doors = Object.entries(options).filter(([name]) => name.endsWith('Address'));
  const store = opening.store?.status().ready === true ? 'Running' : `Starting: ${opening.message}`;
  return {
    store,
    ...Object.fromEntries(
      doors.map(([name, address]) => [name.slice(0, -'Address'.length), address === undefined ? 'Off' : 'Running'])
    ),
  };
}

function endpoints(): Record<string, readonly string[]> {
  return {
    query: [...routePaths(), ...streamPaths(), overridesPath],
    status: [...Object.keys(pages), '/status/overrides/{tenant}'],
    page: ['/'],
  };
}

/** `mode=defaults`: what holds without any option; `mode=diff`: where the options in force differ from that. */
function config({ config: options }: Runtime, params: URLSearchParams): Response {
  const inForce = printableConfig(options);
  const defaults = printableConfig(defaultConfig());
  switch (params.get('mode')) {
    case 'defaults':
      return yamlPage(defaults);
    case 'diff':
      return yamlPage(differing(inForce, defaults));
    default:
      return yamlPage(inForce);
  }
}

function differing(
  values: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))
  );
}

/** What the overrides file says; `mode=diff`: of every tenant only what differs from the defaults. */
function runtimeConfig({ overrides }: Runtime, params: URLSearchParams): Response {
  const entries = [...overrides.fileEntries];
  const isDiff = params.get('mode') === 'diff';
  return yamlPage({
    overrides: Object.fromEntries(
      entries.map(([tenant, entry]) => [
        tenant,
        isDiff ? differenceOf(overrides.operatorSettingsOf(tenant), overrides.defaults) : entry,
      ])
    ),
  });
}

/** Who has limits of its own, from where, and which. */
function overriddenTenants({ overrides }: Runtime): unknown {
  const ofUsers = overrides.user?.tenants() ?? [];
  const names = [...new Set([...overrides.fileEntries.keys(), ...ofUsers])].sort();
  const describe = (tenant: string): { from: string[]; limits: Partial<TenantSettings> } => ({
    from: [
      ...(overrides.fileEntries.has(tenant) ? ['overrides file'] : []),
      ...(ofUsers.includes(tenant) ? ['api'] : []),
    ],
    limits: differenceOf(overrides.settingsOf(tenant), overrides.defaults),
  });
  return {
    defaults: entryOf(overrides.defaults),
    tenants: Object.fromEntries(names.map((name) => [name, describe(name)])),
  };
}

function yamlPage(value: unknown): Response {
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: stringify(value) };
}
