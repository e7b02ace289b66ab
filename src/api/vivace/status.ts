/** `/api/vivace/status`: what this server is, can do and holds. The plugin decides by it what it may ask for. */
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';
import type { StoreStatus } from '../../store/trace-store.ts';

/** Grows with the API; a client asks for a capability, never for a version. */
export const capabilities = [
  'tempo.trace',
  'tempo.search',
  'tempo.tags',
  'tempo.metrics',
  'traceql.metrics',
  'tempo.grpc-streaming',
  'stream.search',
  'stream.metrics',
  'stream.tail',
  'explain',
  'complete',
  'arrivals',
  'service-graph',
  'trace.skeleton',
  'trace.match',
  'jaeger.query',
  'jaeger.query-v3',
  'zipkin.query',
] as const;

export interface VivaceStatus {
  readonly product: 'vivace';
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly store: StoreStatus;
}

export async function vivaceStatus(_request: ApiRequest, { store, build }: ApiContext): Promise<ApiResponse> {
  const status: VivaceStatus = { product: 'vivace', version: build.version, capabilities, store: store.status() };
  return jsonResponse(status);
}
