import { FieldConfigProperty, PanelPlugin, type PanelProps } from '@grafana/data';
import { lazy, Suspense } from 'react';
import type { ServiceGraphOptions } from './options.ts';

// A dashboard loads this file for every panel of the type; the view comes with the first graph.
const ServiceGraphPanel = lazy(() => import('./ServiceGraphPanel.tsx'));

const Panel = (props: PanelProps<ServiceGraphOptions>) => (
  <Suspense fallback={null}>
    <ServiceGraphPanel {...props} />
  </Suspense>
);

export const plugin = new PanelPlugin<ServiceGraphOptions>(Panel)
  // Data links, and nothing of what is for charts.
  .useFieldConfig({
    disableStandardOptions: Object.values(FieldConfigProperty).filter(
      (property) => property !== FieldConfigProperty.Links
    ),
  })
  .setPanelOptions((builder) =>
    builder.addBooleanSwitch({
      path: 'isListShown',
      name: 'List of services',
      description: 'The table beside the graph, which keyboard and screen reader go by',
      defaultValue: true,
    })
  );
