/**
 * One HTTP exchange as the client sees it. The page uses the browser's fetch, the plugin Grafana's `getBackendSrv()` (through the
 * data source proxy), tests a function. Rejects only when no answer came; an answer of any status resolves.
 */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Begins with `/api/…`, already percent-encoded; relative to the server's root. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower case, without parameters; empty when absent. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
