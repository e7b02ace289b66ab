import AxeBuilder from '@axe-core/playwright';
import { at, expect, test } from './page-test.ts';

test('services: the graph is laid out in a worker, a call leads to its traces', async ({ page, server }) => {
  const worker = page.waitForEvent('worker');
  await page.goto(at(server, '/'));
  await page.getByRole('link', { name: 'Services' }).click();
  await expect(page).toHaveURL(/\/services/);
  expect((await worker).url()).toContain('layout-worker');
  await expect(page.getByRole('img', { name: /^Service graph: \d+ nodes/ })).toHaveAttribute('data-laid-out', 'true');

  await page.getByLabel('Find a service').fill('checkout');
  const row = page.getByRole('row').filter({ hasText: 'checkout' }).first();
  await expect(row).toContainText('/');
  await row.getByRole('button').press('Enter');
  const detail = page.getByRole('region', { name: 'Selected service' });
  await expect(detail).toContainText('requests');
  await detail.getByRole('button', { name: 'Show what is around it' }).press('Enter');
  await page.getByLabel('Direction').selectOption('upstream');
  await page.getByLabel('Hops').selectOption('2');
  await detail.getByRole('button', { name: /^←/ }).first().press('Enter');
  await page.getByRole('link', { name: 'Traces through this edge' }).click();
  await expect(page.getByRole('listitem').first()).toBeVisible();
});

test('services: nothing there is said, and axe finds nothing', async ({ page, server, emptyServer }) => {
  await page.goto(at(emptyServer, '/services'));
  await expect(page.getByText('No services here')).toBeVisible();
  await page.goto(at(server, '/services'));
  await expect(page.getByRole('table')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa']).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});
