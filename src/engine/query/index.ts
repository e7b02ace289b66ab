/** Queries over a pinned view of a store: what `Engine` calls. */
export { attributeNamesView, attributeValuesView } from './attributes.ts';
export { metricsView } from './metrics.ts';
export { searchView } from './search.ts';
export { traceView } from './trace.ts';
export type { StoreView } from './view.ts';
