import { FieldConfigProperty, PanelPlugin, type PanelProps } from '@grafana/data';
import { lazy, Suspense } from 'react';
import type { WaterfallOptions } from './options.ts';

// A dashboard loads this file for every panel of the type; the view comes with the first trace.
const WaterfallPanel = lazy(() => import('./WaterfallPanel.tsx'));

const Panel = (props: PanelProps<WaterfallOptions>) => (
  <Suspense fallback={null}>
    <WaterfallPanel {...props} />
  </Suspense>
);

export const plugin = new PanelPlugin<WaterfallOptions>(Panel)
  // Data links, and nothing of what is for charts.
  .useFieldConfig({
    disableStandardOptions: Object.values(FieldConfigProperty).filter(
      (property) => property !== FieldConfigProperty.Links
    ),
  })
  .setPanelOptions((builder) =>
    builder
      .addSelect({
        path: 'view',
        name: 'View',
        description: 'What is shown first; anybody can change it in the panel',
        defaultValue: 'waterfall',
        settings: {
          options: [
            { value: 'waterfall', label: 'Waterfall' },
            { value: 'flame', label: 'Flame graph' },
            { value: 'statistics', label: 'Statistics' },
            { value: 'graph', label: 'Graph' },
            { value: 'events', label: 'Events and logs' },
          ],
        },
      })
      .addSelect({
        path: 'reduce',
        name: 'Rows',
        description: 'How many spans have a row at first',
        defaultValue: 'auto',
        settings: {
          options: [
            { value: 'auto', label: 'By size' },
            { value: 'story', label: 'The story: what matters' },
            { value: 'repeats', label: 'All, repeated ones folded' },
            { value: 'all', label: 'All' },
          ],
        },
      })
  );
