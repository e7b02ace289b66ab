import { PanelPlugin, type PanelProps } from '@grafana/data';
import { lazy, Suspense } from 'react';

// A dashboard loads this file for every panel of the type; the view comes with the first trace.
const WaterfallPanel = lazy(() => import('./WaterfallPanel.tsx'));

const Panel = (props: PanelProps) => (
  <Suspense fallback={null}>
    <WaterfallPanel {...props} />
  </Suspense>
);

export const plugin = new PanelPlugin(Panel);
