/** Pictures for docs/screenshots, made on demand: `VIVACE_SCREENSHOTS=1 … playwright test screenshots`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { traceIds } from './fixtures.ts';
import { at, expect, test } from './page-test.ts';

const folder = join(import.meta.dirname, '../../docs/screenshots');
const widths = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
const views = {
  search: '/',
  traceql: `/search?editor=traceql&q=${encodeURIComponent('{ resource.service.name = "payment" && status = error }')}`,
  waterfall: `/trace/${traceIds.failed}`,
  detail: `/trace/${traceIds.failed}?span=00000000000000ac`,
  notes: `/trace/${traceIds.broken}`,
  compare: `/compare?a=${traceIds.browse}&b=${traceIds.failed}`,
} as const;

test.skip(process.env['VIVACE_SCREENSHOTS'] === undefined, 'pictures are made on demand');

for (const theme of ['dark', 'light', 'contrast'] as const) {
  for (const [width, viewport] of Object.entries(widths)) {
    test(`${theme} ${width}`, async ({ page, server }) => {
      mkdirSync(folder, { recursive: true });
      await page.setViewportSize(viewport);
      await page.emulateMedia(
        theme === 'contrast'
          ? { contrast: 'more', reducedMotion: 'reduce' }
          : { colorScheme: theme, reducedMotion: 'reduce' }
      );
      for (const [view, path] of Object.entries(views)) {
        await page.goto(at(server, path));
        await expect(
          page.getByRole(path.startsWith('/trace') || path.startsWith('/compare') ? 'row' : 'listitem').first()
        ).toBeVisible();
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(folder, `${view}-${width}-${theme}.png`) });
      }
    });
  }
}
