import type { Host } from '../host.ts';

export function openTrace(host: Host, traceId: string, spanId?: string): void {
  host.viewState.set(traceView(traceId, spanId), 'push');
}

export function traceView(traceId: string, spanId?: string): Parameters<Host['viewState']['set']>[0] {
  const focus = { spanId, zoom: undefined, foldDepth: undefined, foldToggles: [], find: '' };
  return { page: 'trace', traceId, focus };
}
