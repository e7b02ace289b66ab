import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from './tests/support/chromium.ts';

// Browser tests of the built standalone page against the real server. The plugin's are in tests/host.
export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.spec.ts',
  // Makes docs/screenshots, on demand: VIVACE_SCREENSHOTS=1.
  testIgnore: process.env['VIVACE_SCREENSHOTS'] ? [] : '**/screenshots.spec.ts',
  outputDir: 'test-results/e2e',
  // Generous: the machine may be busy, and a browser test that fails for that is worse than a slow one.
  timeout: 60_000,
  expect: { timeout: 12_000 },
  fullyParallel: false,
  workers: 2,
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: process.env['PLAYWRIGHT_JSON_OUTPUT_NAME'] ?? 'test-results/e2e.json' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    timezoneId: 'UTC',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: chromiumLaunch,
  },
});
