import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from '../support/chromium.ts';

/**
 * With `VIVACE_GRAFANA_URL` the specs that go by addresses (`pages.spec.ts`) run against that Grafana, which needs the provisioning of this repository
 * (`VIVACE_OTLP_URL` names the Vivace behind it); without, everything runs against the test hosts.
 */
const isRealGrafana = process.env.VIVACE_GRAFANA_URL !== undefined;

export default defineConfig({
  testDir: '.',
  testMatch: isRealGrafana ? 'pages.spec.ts' : '*.spec.ts',
  // Everything in the newest Grafana; what renders, once more in the one with React 18.
  projects: isRealGrafana ? [{ name: 'grafana' }] : [{ name: 'grafana-13.2' }, { name: 'grafana-13.1', grep: /@both/ }],
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
