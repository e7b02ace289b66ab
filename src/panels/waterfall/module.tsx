import { PanelPlugin } from '@grafana/data';
import { lazy } from 'react';
const WaterfallPanel = lazy(() => import('./WaterfallPanel.tsx'));
export const plugin = new PanelPlugin(WaterfallPanel as never);
