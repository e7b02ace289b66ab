import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from '../support/chromium.ts';

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../test-results/host',
  globalSetup: './global-setup.ts',
  workers: 1,
  // A spec takes two seconds; the rest is for machines with much else to do.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: process.env.CI ? 'dot' : 'list',
  use: {
    screenshot: process.env.VIVACE_SCREENSHOTS ? 'on' : 'off',
    viewport: { width: 1440, height: 900 },
    launchOptions: chromiumLaunch,
  },
});
