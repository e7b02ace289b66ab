/** Workers really start, wherever Grafana runs and serves the plugin's files from, under its strict Content Security Policy. */
import { expect, hostUrl, prepare, test, watchProblems, type HostName } from './host-test.ts';
import { checkoutTraceId, wideSpanCount, wideTraceId } from './traces.ts';
import { mainThreadEvents, tasksOf } from '../support/browser-trace.ts';
import type { TestHost } from './browser/main.tsx';

declare const window: { testHost: TestHost };

const places: readonly (readonly [HostName, string])[] = [
  ['root', 'at the root'],
  ['older', 'at the root of the older Grafana'],
  ['subPath', 'below a path'],
  ['cdn', 'with assets on a second origin'],
];

for (const [name, where] of places) {
  test(`the graph of the app and of the panel is laid out in a worker, ${where}`, async ({ page }) => {
    const problems = watchProblems(page);
    await prepare(page);
    const graph = page.getByRole('img', { name: /^Service graph: \d+ nodes/ });

    const ofApp = page.waitForEvent('worker');
    await page.goto(`${hostUrl(name)}/a/vivace-traces-app/services?ds=vivace`);
    await page.evaluate(() => window.testHost.renderApp());
    const own = name === 'cdn' ? /^blob:/ : /\/public\/plugins\/vivace-traces-app\/\d+\.js/;
    expect((await ofApp).url()).toMatch(own);
    await expect(graph).toHaveAttribute('data-laid-out', 'true');

    await page.goto(hostUrl(name));
    const ofPanel = page.waitForEvent('worker');
    await page.evaluate(() => window.testHost.renderGraphPanel({}));
    expect((await ofPanel).url()).toMatch(own);
    await expect(graph).toHaveAttribute('data-laid-out', 'true');
    expect(problems).toEqual([]);
  });
}

test('without Worker the graph is laid out all the same', async ({ page }) => {
  const problems = watchProblems(page);
  await prepare(page);
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker'));
  await page.goto(hostUrl());
  await page.evaluate(() => window.testHost.renderGraphPanel({}));
  await expect(page.getByRole('img', { name: /^Service graph/ })).toHaveAttribute('data-laid-out', 'true');
  await page.evaluate((id) => window.testHost.renderPanel([{ query: id }]), checkoutTraceId);
  await expect(page.getByTestId('panel').getByText('charge card').first()).toBeVisible();
  expect(problems).toEqual([]);
});

test('without Worker a trace of 20,000 spans opens without a task above 50 ms', async ({ page, browser }) => {
  expect(wideSpanCount).toBe(20_000);
  const problems = watchProblems(page);
  await prepare(page);
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'Worker'));
  // The search page first: what counts is the trace, not the host's own start.
  await page.goto(
    `${hostUrl()}/a/vivace-traces-app/search?q=${encodeURIComponent('{ name = "import" }')}&editor=traceql&ds=vivace`
  );
  const app = page.getByTestId('vivace-app');
  const found = app.getByRole('listitem').getByRole('link').first();
  await expect(found).toBeVisible();
  await page.waitForTimeout(500);
  const events = await mainThreadEvents(browser, page, async () => {
    await found.click();
    await expect(app.getByText('20,000 spans').first()).toBeVisible();
    // Attributes and derived views come after the first rows.
    await page.waitForTimeout(3000);
  });
  const tasks = tasksOf(events);
  expect(tasks.length).toBeGreaterThan(100);
  // Time on the processor: other processes of a busy machine are not the page's work.
  // Chromium does not weigh the shortest.
  expect(tasks.filter(({ dur = 0, tdur }) => tdur === undefined && dur > 1000)).toEqual([]);
  expect(tasks.map(({ tdur = 0 }) => Math.round(tdur / 1000)).filter((ms) => ms > 50)).toEqual([]);
  expect(page.workers()).toEqual([]);
  expect(new URL(page.url()).pathname).toContain(wideTraceId);
  expect(problems).toEqual([]);
});
