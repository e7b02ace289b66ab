/** Every screen through axe, in three themes and at 360 px: no finding that is serious or worse, nothing to scroll sideways, no motion. */
import { AxeBuilder } from '@axe-core/playwright';
import { traceIds } from './fixtures.ts';
import { at, expect as expectSoon, test } from './page-test.ts';

/** Scans are heavy, and the machine may be busy. */
const expect = expectSoon.configure({ timeout: 45_000 });

const failed = `/trace/${traceIds.failed}`;
const screens: readonly (readonly [name: string, path: string, ready: string, inEveryTheme?: boolean])[] = [
  ['search', '/search', '[role=status]', true],
  ['TraceQL', `/search?editor=traceql&q=${encodeURIComponent('{ status = error }')}`, '.cm-content'],
  ['trace', failed, '[role=treegrid]'],
  ['detail', `${failed}?span=00000000000000ac&note=00000000000000ac~look`, '[data-testid=span-detail] dl', true],
  ['colours', `${failed}?color=span.db.system.name`, '[role=treegrid]'],
  ['notes of a broken trace', `/trace/${traceIds.broken}`, '[data-testid=notes]', true],
  ['flame graph', `${failed}?view=flame`, 'h1'],
  ['statistics', `${failed}?view=statistics&group=name`, 'h1'],
  ['graph', `${failed}?view=graph`, 'h1'],
  ['events', `${failed}?view=events`, 'h1'],
  ['comparison', `/compare?a=${traceIds.browse}&b=${traceIds.failed}`, '[role=treegrid]', true],
  ['services', '/services', 'main'],
  ['file', '/file', 'main'],
];

for (const theme of ['dark', 'light', 'contrast'] as const) {
  test(`axe finds nothing serious: ${theme}`, async ({ page, server }) => {
    test.setTimeout(480_000);
    await page.addInitScript((name) => localStorage.setItem('vivace.theme', name), theme);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    for (const [name, path, ready] of theme === 'dark'
      ? screens
      : screens.filter(([, , , inEveryTheme]) => inEveryTheme)) {
      await page.goto(at(server, path));
      await expect(page.locator(ready).first()).toBeVisible();
      // What differs between themes is contrast; all rules run in one of them.
      const axe = new AxeBuilder({ page });
      const { violations } = await (theme === 'dark' ? axe : axe.withRules(['color-contrast'])).analyze();
      const serious = violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(
          ({ id, nodes }) =>
            `${name}: ${id}: ${nodes
              .map(({ html }) => html.slice(0, 160))
              .slice(0, 3)
              .join(' | ')}`
        );
      expectSoon.soft(serious).toEqual([]);
    }
  });
}

test('palette, sheet and menu: nothing serious either', async ({ page, server }) => {
  await page.goto(at(server, `${failed}?span=00000000000000ac`));
  await expect(page.locator('[data-testid=span-detail] dl').first()).toBeVisible();
  const scan = async (what: string): Promise<void> => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expectSoon.soft(serious.map(({ id, nodes }) => `${what}: ${id}: ${nodes[0].html.slice(0, 160)}`)).toEqual([]);
  };
  await page.keyboard.press(':');
  await expect(page.getByRole('listbox').getByRole('option').first()).toBeVisible();
  await scan('palette');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard and help' })).toBeVisible();
  await scan('sheet');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Actions for payment.provider' }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await scan('menu');
});

test('360 px: no screen scrolls sideways', async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [name, path, ready] of screens) {
    await page.goto(at(server, path));
    await expect(page.locator(ready).first()).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth
    );
    expectSoon.soft(overflow, name).toBeLessThanOrEqual(0);
  }
});

test('who wants no motion gets none', async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(at(server, failed));
  await expect(page.getByRole('treegrid')).toBeVisible();
  const moving = await page.evaluate(
    () => document.getAnimations().filter((animation) => animation.playState === 'running').length
  );
  expect(moving).toBe(0);
});
