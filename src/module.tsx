import { AppPlugin, type AppRootProps } from '@grafana/data';
import { lazy, Suspense } from 'react';

// Grafana may load this file on every page: what a page needs comes when the page is opened.
const AppRoot = lazy(() => import('./app/AppRoot.tsx'));
const SetupPage = lazy(() => import('./app/SetupPage.tsx'));

const Root = (_props: AppRootProps) => (
  <Suspense fallback={null}>
    <AppRoot />
  </Suspense>
);

const Setup = () => (
  <Suspense fallback={null}>
    <SetupPage />
  </Suspense>
);

export const plugin = new AppPlugin()
  .setRootPage(Root)
  .addConfigPage({ title: 'Setup', icon: 'cog', id: 'setup', body: Setup });
