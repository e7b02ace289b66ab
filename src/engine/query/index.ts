/** Queries over a pinned view of a store: what the engine runs as a task, and the views that tests ask in place. */
export { attributeNamesView, attributeValuesView } from './attributes.ts';
export { metricsView } from './metrics.ts';
export { searchView } from './search.ts';
export { serviceGraphView } from './service-graph.ts';
export { traceView } from './trace.ts';
export type { QueryLimits } from './control.ts';
export type { QueryPayload, QueryReport, QueryRequest, QueryResult } from './run-query.ts';
export type { StoreView } from './view.ts';
