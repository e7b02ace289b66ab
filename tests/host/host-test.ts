/** What every spec of the test hosts starts from: a page in which console errors, CSP violations and failed requests fail the spec. */
import { expect, test as base, type Page } from '@playwright/test';

export { expect };
export type { Page };

export type HostName = 'root' | 'older' | 'subPath' | 'cdn';

/** The host of the project that runs: the older one has its own (`playwright.config.ts`). */
export function hostUrl(name?: HostName): string {
  const hosts = JSON.parse(process.env.VIVACE_HOSTS!) as Record<HostName, string>;
  return hosts[name ?? (base.info().project.name === 'grafana-13.1' ? 'older' : 'root')];
}

export const test = base.extend<{ host: Page }>({
  host: async ({ page }, use) => {
    const problems = watchProblems(page);
    await prepare(page);
    await page.goto(hostUrl());
    await use(page);
    expect(problems).toEqual([]);
  },
});

/** Errors as they come, for specs that go to a host by themselves. */
export function watchProblems(page: Page): readonly string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    // Error statuses of the API are answers; the browser logs them all the same.
    if (message.type() === 'error' && !message.location().url.includes('/api/')) {
      problems.push(message.text());
    }
  });
  page.on('pageerror', (error) => problems.push(String(error.stack)));
  page.on('response', (response) => {
    if (response.status() >= 400 && response.url().includes('/public/')) {
      problems.push(`${response.status()} ${response.url()}`);
    }
  });
  return problems;
}

export async function prepare(page: Page): Promise<void> {
  // Grafana's fonts are not in its packages.
  await page.route('**/public/host/fonts/**', (route) => route.fulfill({ contentType: 'font/woff2', body: '' }));
  // Nor is the icon of a list that loads.
  await page.route('**/icons/unicons/spinner.svg', (route) =>
    route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' })
  );
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)
    );
  });
}
