/** The files of the public repository: workflows, dependabot, issue templates. Parsed, and every command and path in them looked up. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const packageJson = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

const step = z
  .strictObject({
    id: z.string().optional(),
    name: z.string().optional(),
    if: z.string().optional(),
    uses: z
      .string()
      .regex(/^[\w-]+\/[\w./-]+@(v\d+|main)$/)
      .optional(),
    run: z.string().optional(),
    with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    env: z.record(z.string(), z.string()).optional(),
  })
  .refine((one) => (one.uses === undefined) !== (one.run === undefined), 'a step either uses or runs something');
const permissions = z.record(z.string(), z.enum(['read', 'write']));
const workflow = z.strictObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions,
  concurrency: z.looseObject({ group: z.string() }).optional(),
  jobs: z.record(
    z.string(),
    z.strictObject({
      name: z.string().optional(),
      needs: z.union([z.string(), z.array(z.string())]).optional(),
      'runs-on': z.string().regex(/^ubuntu-\d\d\.\d\d$/),
      'timeout-minutes': z.number(),
      permissions: permissions.optional(),
      strategy: z.looseObject({ matrix: z.record(z.string(), z.union([z.string(), z.array(z.string())])) }).optional(),
      outputs: z.record(z.string(), z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      steps: z.array(step),
    })
  ),
});
const workflows = readdirSync(path.join(root, '.github/workflows')).map((file) =>
  workflow.parse(parse(read(`.github/workflows/${file}`)))
);

test('workflows: least permissions, every need is a job, every command is one we have', () => {
  assert.deepEqual(workflows.map(({ name }) => name).sort(), ['CI', 'Release']);
  for (const { name, permissions: given, jobs } of workflows) {
    assert.deepEqual(given, { contents: 'read' }, name);
    for (const [job, { needs = [], steps }] of Object.entries(jobs)) {
      for (const need of [needs].flat()) {
        assert.ok(need in jobs, `${job} needs ${need}`);
      }
      const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
      assert.ok(
        checkouts.every((one) => one.with?.['persist-credentials'] === false),
        `${job} keeps no token`
      );
      for (const [, script] of steps.flatMap(({ run = '' }) => [...run.matchAll(/npm run ([\w:-]+)/g)])) {
        assert.ok(script in packageJson.scripts, `${job}: npm run ${script}`);
      }
    }
  }
});

test('CI runs every part of the suite, in every Grafana that the plugin is for, and validates the archive', () => {
  const { jobs } = workflows.find(({ name }) => name === 'CI')!;
  const parts = (jobs.test.strategy!.matrix.part as string[]).flatMap((line) => line.split(' '));
  const known = [
    ...read('scripts/test.mjs')
      .split('const parts = {')[1]
      .split('\n};')[0]
      .matchAll(/^ {2}(\w+):/gm),
  ];
  assert.deepEqual(parts.sort(), known.map(([, name]) => name).sort());
  const commands = (job: string): string => jobs[job].steps.map(({ run, uses }) => run ?? uses).join('\n');
  assert.match(commands('versions'), /plugin-actions\/e2e-version/);
  assert.match(commands('validate'), /plugin-validator-cli/);
  for (const [entry] of commands('compatibility').matchAll(/src\/\S+module\.tsx?/g)) {
    assert.ok(existsSync(path.join(root, entry)), entry);
  }
  const inGrafana = jobs.grafana.steps.find(({ env }) => env?.VIVACE_GRAFANA_URL !== undefined);
  const config = /--config (\S+)/.exec(inGrafana?.run ?? '')?.[1] ?? '';
  assert.ok(existsSync(path.join(root, config)), config);
  assert.ok(read(config).includes('VIVACE_GRAFANA_URL'));
});

test('a release is tested, has the version of its tag, checksums and provenance', () => {
  const { jobs, on } = workflows.find(({ name }) => name === 'Release')!;
  assert.deepEqual(on, { push: { tags: ['v*'] } });
  const { steps, permissions: given } = jobs.release;
  assert.equal(given?.['id-token'], 'write');
  const runs = steps.map(({ run, uses }) => run ?? uses ?? '');
  const at = (pattern: RegExp): number => runs.findIndex((run) => pattern.test(run));
  const order = [/GITHUB_REF_NAME"$/, /^npm test$/, /sha256sum/, /attest-build-provenance@/, /gh release create/].map(
    at
  );
  assert.ok(order.every((index) => index >= 0));
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b)
  );
});

test('dependabot and issue templates', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { 'package-ecosystem': string; directory: string; schedule: { interval: string } }[];
  };
  assert.deepEqual(updates.map((one) => one['package-ecosystem']).sort(), [
    'docker',
    'docker-compose',
    'github-actions',
    'npm',
  ]);
  assert.ok(updates.every(({ directory, schedule }) => directory === '/' && schedule.interval === 'weekly'));
  const template = z.strictObject({
    name: z.string(),
    description: z.string(),
    labels: z.array(z.string()),
    body: z.array(
      z.strictObject({
        type: z.enum(['textarea', 'input', 'dropdown', 'markdown', 'checkboxes']),
        id: z.string(),
        attributes: z.looseObject({ label: z.string() }),
        validations: z.strictObject({ required: z.boolean() }).optional(),
      })
    ),
  });
  for (const name of ['bug.yml', 'feature.yml']) {
    template.parse(parse(read(`.github/ISSUE_TEMPLATE/${name}`)));
  }
});
