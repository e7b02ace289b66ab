// `npm test`: everything, from a bare machine. `npm test unit api` runs only these parts. Ends with `N passed, N failed, N skipped`.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './setup/chromium.mjs';
import { ensurePackages, node24 } from './setup/packages.mjs';
import { ensurePage } from './setup/page.mjs';
import { root, run } from './setup/run.mjs';

await ensurePackages();
const node = node24();
const folder = mkdtempSync(join(tmpdir(), 'vivace-test-'));
mkdirSync(folder, { recursive: true });

/** Name → what runs, answering counts. In the order of a full run: what fails fastest comes first. */
const parts = {
  types: () => check([join(root, 'scripts', 'typecheck.mjs')]),
  lint: async () =>
    sum(await check(bin('eslint', '.')), await check(bin('prettier', '--check', '--log-level', 'warn', '.'))),
  unit: () => nodeTests('unit', ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'tests/fixtures/**/*.test.ts']),
  format: () => nodeTests('format', ['tests/format/**/*.test.ts']),
  differential: () => nodeTests('differential', ['tests/differential/**/*.test.ts']),
  simulation: () => nodeTests('simulation', ['tests/simulation/**/*.test.ts']),
  api: () => nodeTests('api', ['tests/api/**/*.test.ts'], 1),
  commands: () => nodeTests('commands', ['tests/commands/**/*.test.ts'], 1),
  objects: () => nodeTests('objects', ['tests/objects/**/*.test.ts'], 1),
  faults: () => nodeTests('faults', ['tests/faults/**/*.test.ts'], 1),
  e2e: async () => {
    await ensurePage(node);
    return browserTests('e2e', 'playwright.config.ts');
  },
  host: async () => {
    if ((await run(node, [join(root, 'scripts', 'build-plugin.mjs')])) !== 0) {
      return { passed: 0, failed: 1, skipped: 0 };
    }
    return sum(
      await nodeTests('host', ['tests/host/**/*.test.ts'], 1),
      await browserTests('host', 'tests/host/playwright.config.ts')
    );
  },
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const rows = [];
let total = { passed: 0, failed: 0, skipped: 0 };
for (const name of wanted) {
  if (!(name in parts)) {
    throw new Error(`unknown part ${name}: one of ${Object.keys(parts).join(', ')}`);
  }
  console.log(`\n── ${name}`);
  const startMs = Date.now();
  const counts = await parts[name]();
  rows.push(
    `${name.padEnd(14)}${String(counts.passed).padStart(6)} passed${String(counts.failed).padStart(6)} failed${String(counts.skipped).padStart(6)} skipped${String(Math.round((Date.now() - startMs) / 1000)).padStart(6)} s`
  );
  total = sum(total, counts);
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${rows.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function sum(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function bin(name, ...args) {
  return [join(root, 'node_modules', '.bin', name), ...args];
}

/** One command, one check. */
async function check(args) {
  const code = await run(node, args);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Node's own runner; its TAP output is read for the counts. A part without a single test has failed. */
async function nodeTests(name, globs, concurrency = availableParallelism()) {
  const tap = join(folder, `${name}.tap`);
  const code = await run(node, [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-timeout=600000',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
    ...globs,
  ]);
  const text = readFileSync(tap, 'utf8');
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  const passed = count('pass');
  return {
    passed,
    failed: code !== 0 && failed === 0 ? 1 : passed === 0 && failed === 0 ? 1 : failed,
    skipped: count('skipped') + count('todo'),
  };
}

/** Playwright; its JSON report is read for the counts. A flaky test is a failed one. */
async function browserTests(name, config) {
  const report = join(folder, `${name}.json`);
  const chromium = await ensureChromium();
  const env = {
    ...process.env,
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
    ...(chromium ? { VIVACE_CHROMIUM: chromium } : {}),
  };
  const code = await run(node, bin('playwright', 'test', '--config', config, '--reporter=line,json'), { env });
  let stats;
  try {
    ({ stats } = JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = stats.unexpected + stats.flaky;
  return { passed: stats.expected, failed: code !== 0 && failed === 0 ? 1 : failed, skipped: stats.skipped };
}
