import { AppPlugin, type AppRootProps } from '@grafana/data';
import { lazy, Suspense } from 'react';
import { appId, pathOfQueries, pathOfTrace, type QueriesContext, type TraceContext } from './app/extensions.ts';
import type { ExposedTraceProps } from './app/ExposedTrace.tsx';

// Grafana may load this file on every page: what a page needs comes when the page is opened.
const AppRoot = lazy(() => import('./app/AppRoot.tsx'));
const SetupPage = lazy(() => import('./app/SetupPage.tsx'));
const ExposedTrace = lazy(() => import('./app/ExposedTrace.tsx'));

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

const Trace = (props: ExposedTraceProps) => (
  <Suspense fallback={null}>
    <ExposedTrace {...props} />
  </Suspense>
);

// What is registered here is named in `plugin.json`, word for word: Grafana refuses the rest.
export const plugin = new AppPlugin()
  .setRootPage(Root)
  .addConfigPage({ title: 'Setup', icon: 'cog', id: 'setup', body: Setup })
  .addLink<QueriesContext>({
    targets: ['grafana/dashboard/panel/menu', 'grafana/explore/toolbar/action'],
    title: 'Open in Vivace Traces',
    description: 'The same query on a page of the Vivace app',
    icon: 'gf-interpolation-linear',
    path: `/a/${appId}/search`,
    configure: pathOfQueries,
  })
  .addLink<TraceContext>({
    targets: 'grafana/traceview/header/actions',
    title: 'Open the full view in Vivace',
    description: 'This trace on a page of the Vivace app, with all of its spans',
    icon: 'expand-arrows-alt',
    path: `/a/${appId}/search`,
    configure: pathOfTrace,
  })
  .exposeComponent<ExposedTraceProps>({
    id: `${appId}/trace/v1`,
    title: 'Vivace trace view',
    description: 'A trace by its id, from a Vivace data source',
    component: Trace,
  });
