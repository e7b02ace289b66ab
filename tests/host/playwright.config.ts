import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

const chromium = [
  process.env.VIVACE_CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== '' && existsSync(file));

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
    launchOptions: {
      executablePath: chromium,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
