/** docker-compose.yaml, Dockerfile and provisioning: parsed, cross-checked, every mounted path there. Docker itself is not run. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseQuery } from '../../src/traceql/parser.ts';
import { z } from 'zod';
import {
  fileKeyOf,
  options as serverOptions,
  resolveConfig,
  variableOf,
  type OptionName,
} from '../../src/server/config.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** What we use of the Compose Specification; anything else is a typing mistake. */
const service = z
  .strictObject({
    image: z
      .string()
      .regex(/:v?\d+\.\d+\.\d+$/, 'a pinned version')
      .optional(),
    build: z
      .strictObject({
        context: z.literal('.'),
        target: z.string(),
        args: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
    command: z.array(z.string()).optional(),
    environment: z.record(z.string(), z.string()).optional(),
    ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/, 'published on loopback')).optional(),
    volumes: z.array(z.string()).optional(),
    depends_on: z
      .record(z.string(), z.strictObject({ condition: z.enum(['service_healthy', 'service_started']) }))
      .optional(),
    restart: z.literal('unless-stopped'),
  })
  .refine((one) => (one.image === undefined) !== (one.build === undefined), 'either an image or a build');
const compose = z
  .strictObject({
    name: z.string(),
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(read('docker-compose.yaml')));
const services = compose.services;

const dockerArguments = new Map(
  [...read('Dockerfile').matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value])
);
const stages = [...read('Dockerfile').matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, from, name]) => ({
  from: from.replace(/\$\{(\w+)\}/g, (_, argument: string) => dockerArguments.get(argument) ?? ''),
  name,
}));

test('builds name stages of the Dockerfile; base images are pinned; our processes do not run as root', () => {
  for (const [name, { build }] of Object.entries(services)) {
    assert.ok(
      build === undefined || stages.some((stage) => stage.name === build.target),
      `${name} builds a stage that exists`
    );
  }
  for (const { build } of Object.values(services)) {
    for (const [name, value] of Object.entries(build?.args ?? {})) {
      assert.equal(value, `\${${name}:-${dockerArguments.get(name)}}`, 'the same default in both files');
    }
  }
  for (const { from, name } of stages) {
    assert.ok(
      stages.some((stage) => stage.name === from) || /:\d+\.\d+\.\d+(-[a-z-]+)?$/.test(from),
      `${name}: ${from} is pinned`
    );
  }
  const bodies = read('Dockerfile')
    .split(/^FROM /m)
    .slice(1);
  for (const body of bodies.filter((one) => /AS (server|demo)\n/.test(one))) {
    assert.match(body, /^USER node$/m);
  }
});

test('what the Dockerfile runs and copies is what the scripts make', () => {
  const text = read('Dockerfile');
  for (const artefact of /for artefact in ([a-z ]+);/.exec(text)![1].split(' ')) {
    assert.ok(existsSync(path.join(root, `scripts/build-${artefact}.mjs`)), `scripts/build-${artefact}.mjs`);
  }
  assert.ok(existsSync(path.join(root, 'scripts/demo/main.ts')));
  const ignored = read('.dockerignore').split('\n');
  for (const name of ['node_modules', 'build', 'dist', 'data', '.git']) {
    assert.ok(ignored.includes(name), `${name} stays out of the build context`);
  }
});

test('every bind mount exists and is read-only, every named volume is declared', () => {
  for (const [name, { volumes = [] }] of Object.entries(services)) {
    for (const volume of volumes) {
      const [source, , mode] = volume.split(':');
      if (source.startsWith('.')) {
        assert.ok(existsSync(path.join(root, source)), `${name}: ${source} exists`);
        assert.equal(mode, 'ro', `${name}: ${source} is mounted read-only`);
      } else {
        assert.ok(source in compose.volumes, `${name}: volume ${source} is declared`);
      }
    }
  }
});

test('no two services publish one port, and nobody waits for a service that is not there', () => {
  const published = Object.values(services).flatMap(({ ports = [] }) => ports.map((port) => port.split(':')[1]));
  assert.equal(new Set(published).size, published.length);
  for (const { depends_on: others = {} } of Object.values(services)) {
    for (const [other, { condition }] of Object.entries(others)) {
      assert.ok(other in services);
      if (condition === 'service_healthy') {
        const target = services[other].build?.target;
        const stage = read('Dockerfile')
          .split(/^FROM /m)
          .find((body) => body.includes(` AS ${target}\n`));
        assert.match(stage ?? '', /^HEALTHCHECK/m, `${other} has a health check`);
      }
    }
  }
});

test("the server's variables are options it has, with values it takes", () => {
  const variables = services.vivace.environment ?? {};
  const known = (Object.keys(serverOptions) as OptionName[]).map(variableOf);
  for (const name of Object.keys(variables)) {
    assert.ok(known.includes(name), `${name} is an option of the server`);
  }
  const config = resolveConfig({ flags: {}, variables, file: {}, fileName: 'compose' });
  assert.equal(config.insecureNoAuth, true);
  const doors: OptionName[] = ['queryAddress', 'otlpGrpcAddress', 'otlpHttpAddress'];
  const ports = (services.vivace.ports ?? []).map((port) => port.split(':')[2]).sort();
  assert.deepEqual(ports, doors.map((door) => variables[variableOf(door)].split(':')[1]).sort(), fileKeyOf('doors'));
});

test('the demo shop is started with options it has', () => {
  const script = read('scripts/demo/main.ts');
  for (const flag of (services.demo.command ?? []).filter((word) => word.startsWith('--'))) {
    assert.match(script, new RegExp(`\\b${flag.slice(2)}'?: \\{ type: 'string'`), `scripts/demo/main.ts has ${flag}`);
  }
});

test('every plugin id, nested ones too, is allowed unsigned', () => {
  const allowed = services.grafana.environment!.GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS.split(',').sort();
  assert.deepEqual(allowed, pluginIds().sort());
});

const dataSource = z.strictObject({
  name: z.string(),
  uid: z.string(),
  orgId: z.number().optional(),
  type: z.string(),
  access: z.literal('proxy'),
  url: z.url(),
  isDefault: z.boolean().optional(),
  jsonData: z.record(z.string(), z.unknown()).optional(),
});
const { datasources } = z
  .strictObject({ apiVersion: z.literal(1), datasources: z.array(dataSource) })
  .parse(parse(read('provisioning/datasources/vivace.yaml')));
const uids = datasources.map((one) => one.uid);
const telemetry = read('src/server/telemetry.ts');

test('data sources reach services of the compose file on ports they have, and link to each other by uid', () => {
  for (const { name, url, jsonData } of datasources) {
    const { hostname, port } = new URL(url);
    assert.ok(hostname in services, `${name}: a service ${hostname}`);
    const inside = (services[hostname].ports ?? []).map((mapping) => mapping.split(':')[2]);
    assert.ok(inside.includes(port), `${name}: ${hostname} has port ${port}`);
    for (const uid of referencedUids(jsonData)) {
      assert.ok(uids.includes(uid), `${name} links to the data source ${uid}`);
    }
  }
  assert.deepEqual(
    datasources.filter((one) => one.isDefault).map((one) => one.type),
    ['vivace-traces-datasource']
  );
});

test('links into traces come in pairs: Explore and the full view', () => {
  const pairs: [string, string][] = [
    ['loki', 'derivedFields'],
    ['prometheus', 'exemplarTraceIdDestinations'],
  ];
  for (const [type, key] of pairs) {
    const links = datasources.find((one) => one.type === type)!.jsonData![key] as {
      datasourceUid?: string;
      url?: string;
    }[];
    assert.equal(links.filter((link) => link.datasourceUid === 'vivace').length, 1, `${type}: into Explore`);
    const page = links.filter((link) => link.url?.startsWith('/a/vivace-traces-app/trace/$${__value.raw}'));
    assert.equal(page.length, 1, `${type}: to the full view, with the variable kept from expansion`);
  }
});

test('the derived fields find trace ids in log lines as people write them', () => {
  const loki = datasources.find((one) => one.type === 'loki')!;
  const fields = loki.jsonData!.derivedFields as { matcherRegex: string }[];
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  for (const { matcherRegex } of fields) {
    for (const line of [`traceID=${id} ok`, `{"trace_id":"${id}"}`, `"traceId": "${id}"`, `trace_id: ${id}`]) {
      assert.equal(new RegExp(matcherRegex).exec(line)?.[1], id, line);
    }
  }
});

test('the app is enabled, and dashboards use plugins and data sources that are there', () => {
  const { apps } = z
    .strictObject({
      apiVersion: z.literal(1),
      apps: z.array(z.strictObject({ type: z.string(), org_id: z.number(), disabled: z.literal(false) })),
    })
    .parse(parse(read('provisioning/plugins/vivace.yaml')));
  // In every organisation that gets a data source: a provisioned data source without an organisation is of the first.
  const organisations = new Set(datasources.map((one) => one.orgId ?? 1));
  for (const organisation of organisations) {
    assert.ok(
      apps.some((app) => app.type === 'vivace-traces-app' && app.org_id === organisation),
      `organisation ${organisation} has the app`
    );
  }

  const { providers } = parse(read('provisioning/dashboards/dashboards.yaml')) as {
    providers: { options: { path: string } }[];
  };
  const mounts = (services.grafana.volumes ?? []).map((volume) => volume.split(':')[1]);
  assert.ok(providers.every((provider) => mounts.includes(provider.options.path)));

  const dashboards = readdirSync(path.join(root, 'provisioning/dashboards')).filter((name) => name.endsWith('.json'));
  assert.ok(dashboards.length > 0);
  const ownPanels = new Set(['timeseries', 'table', 'stat', 'heatmap', 'logs', ...pluginIds()]);
  for (const name of dashboards) {
    const dashboard = dashboardSchema.parse(JSON.parse(read(`provisioning/dashboards/${name}`)));
    assert.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length);
    for (const panel of dashboard.panels) {
      assert.ok(ownPanels.has(panel.type), `${name}: panel type ${panel.type}`);
      const { type, uid } = panel.datasource;
      assert.equal(datasources.find((one) => one.uid === uid)?.type, type, `${name}: ${uid} is a ${type}`);
      for (const target of panel.targets) {
        checkTarget(`${name}: ${panel.title}`, type, target);
      }
      assert.ok(uids.includes(panel.datasource.uid), `${name}: data source ${panel.datasource.uid}`);
      assert.ok(panel.gridPos.x + panel.gridPos.w <= 24, `${name}: panel ${panel.id} is inside the grid`);
    }
  }
});

/** What a panel asks for is there: TraceQL parses, metrics are metrics the server has. */
function checkTarget(where: string, type: string, target: { queryType?: string; query?: string; expr?: string }): void {
  if (type === 'prometheus') {
    const names = [...(target.expr ?? '').matchAll(/vivace_\w+/g)].map(([name]) =>
      name.replace(/_(bucket|count|sum)$/, '')
    );
    assert.ok(names.length > 0 || /process_/.test(target.expr ?? ''), where);
    for (const metric of names) {
      assert.ok(telemetry.includes(`'${metric}'`), `${where}: the server has the metric ${metric}`);
    }
  } else if (type === 'loki') {
    assert.match(target.expr ?? '', /^\{service_name="\$service"\}$/, where);
  } else if (!/^\$\w+$/.test(target.query ?? '') && target.query !== '') {
    const traceql = (target.query ?? '').replace('$service', 'shop').replace('$operation', '.*');
    assert.doesNotThrow(() => parseQuery(traceql), where);
  }
}

test('three dashboards; variables ask our data source, links between them find each other by tag', () => {
  const dashboards = readdirSync(path.join(root, 'provisioning/dashboards'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(read(`provisioning/dashboards/${name}`)) as Record<string, unknown>);
  assert.deepEqual(dashboards.map(({ uid }) => uid).sort(), ['vivace-health', 'vivace-overview', 'vivace-service']);
  for (const { links, tags, templating } of dashboards) {
    for (const link of links as { type: string; tags: string[] }[]) {
      assert.ok(link.type === 'dashboards' && link.tags.every((tag) => (tags as string[]).includes(tag)));
    }
    for (const variable of (templating as { list: { type: string; datasource?: { uid: string } }[] }).list) {
      assert.ok(variable.type === 'textbox' || variable.datasource?.uid === 'vivace');
    }
  }
});

test('the log shipper follows the file that the shop writes, and sends to Loki', () => {
  const config = z
    .looseObject({
      receivers: z.strictObject({ filelog: z.looseObject({ include: z.array(z.string()) }) }),
      processors: z.record(z.string(), z.unknown()),
      exporters: z.record(z.string(), z.strictObject({ endpoint: z.url() })),
      service: z.looseObject({
        pipelines: z.record(
          z.string(),
          z.strictObject({
            receivers: z.array(z.string()),
            processors: z.array(z.string()),
            exporters: z.array(z.string()),
          })
        ),
      }),
    })
    .parse(parse(read('provisioning/otel-collector/config.yaml')));
  for (const pipeline of Object.values(config.service.pipelines)) {
    assert.ok(pipeline.receivers.every((name) => name in config.receivers));
    assert.ok(pipeline.processors.every((name) => name in config.processors));
    assert.ok(pipeline.exporters.every((name) => name in config.exporters));
  }
  const written = services.demo.command![services.demo.command!.indexOf('--log-file') + 1];
  const [folder] = config.receivers.filelog.include.map((glob) => path.dirname(glob));
  assert.equal(path.dirname(written), folder);
  const mountOf = (service: string) => services[service].volumes?.find((volume) => volume.split(':')[1] === folder);
  assert.equal(mountOf('demo')?.split(':')[0], mountOf('logs')?.split(':')[0]);
  for (const { endpoint } of Object.values(config.exporters)) {
    const { hostname, port } = new URL(endpoint);
    assert.ok(services[hostname].ports?.some((mapping) => mapping.endsWith(`:${port}`)));
  }
});

const dashboardSchema = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number(),
  panels: z.array(
    z.looseObject({
      id: z.number(),
      type: z.string(),
      title: z.string(),
      datasource: z.strictObject({ type: z.string(), uid: z.string() }),
      gridPos: z.strictObject({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
      targets: z.array(
        z.looseObject({
          refId: z.string(),
          query: z.string().optional(),
          expr: z.string().optional(),
          queryType: z.string().optional(),
        })
      ),
    })
  ),
});

test('alert rules: complete, on metrics the server has', () => {
  const rule = z.strictObject({
    uid: z.string(),
    title: z.string(),
    condition: z.string(),
    for: z.string().regex(/^\d+[smh]$/),
    noDataState: z.enum(['OK', 'NoData', 'Alerting']),
    execErrState: z.enum(['OK', 'Error', 'Alerting']),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    data: z.array(
      z.strictObject({
        refId: z.string(),
        relativeTimeRange: z.strictObject({ from: z.number(), to: z.number() }),
        datasourceUid: z.string(),
        model: z.looseObject({ refId: z.string() }),
      })
    ),
  });
  const { groups } = z
    .strictObject({
      apiVersion: z.literal(1),
      groups: z.array(
        z.strictObject({
          orgId: z.number(),
          name: z.string(),
          folder: z.string(),
          interval: z.string(),
          rules: z.array(rule),
        })
      ),
    })
    .parse(parse(read('provisioning/alerting/vivace.yaml')));
  for (const { title, condition, data } of groups.flatMap((group) => group.rules)) {
    assert.ok(
      data.some((part) => part.refId === condition),
      `${title}: its condition is one of its queries`
    );
    for (const part of data) {
      assert.ok(
        part.datasourceUid === '__expr__' || uids.includes(part.datasourceUid),
        `${title}: ${part.datasourceUid}`
      );
      for (const [metric] of String(part.model.expr ?? '').matchAll(/vivace_\w+/g)) {
        assert.ok(telemetry.includes(`'${metric}'`), `${title}: the server has the metric ${metric}`);
      }
    }
  }
});

test('Prometheus scrapes and Loki listens where the compose file says', () => {
  const prometheus = parse(read('provisioning/prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const targets = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
  assert.deepEqual(targets, ['vivace:3200']);
  const loki = parse(read('provisioning/loki/loki.yaml')) as { server: { http_listen_port: number } };
  assert.equal(services.loki.ports?.[0].split(':')[2], String(loki.server.http_listen_port));
});

function pluginIds(): string[] {
  return ['src', 'src/datasource', 'src/panels/waterfall', 'src/panels/servicegraph'].map(
    (folder) => (JSON.parse(read(`${folder}/plugin.json`)) as { id: string }).id
  );
}

/** Every `datasourceUid` anywhere below. */
function referencedUids(value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.flatMap(referencedUids);
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, one]) =>
    key === 'datasourceUid' && typeof one === 'string' ? [one] : referencedUids(one)
  );
}
