import { dateTime, locationUtil, type DateTime, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { createClient } from '../api/client.ts';
import { proxyTransport } from '../datasource/backend-transport.ts';
import type { Host } from '../ui/host.ts';
import { gunzip } from './gunzip.ts';
import { startWorker } from './start-worker.ts';
import { urlViewState } from './url-view-state.ts';

/** Keys in the browser's storage are shared by all of Grafana. */
const preferencePrefix = 'vivace-traces-app.';

/** What the UI needs anywhere in Grafana, pages and panels. */
export const browserServices: Pick<Host, 'copyText' | 'preferences' | 'saveFile' | 'startWorker'> = {
  startWorker,
  copyText,
  preferences: {
    get: (key) => localStorage.getItem(preferencePrefix + key) ?? undefined,
    set: (key, value) => localStorage.setItem(preferencePrefix + key, value),
  },
  saveFile(name, contentType, bytes) {
    const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: contentType }));
    const anchor = document.createElement('a');
    anchor.href = url;
    anchor.download = name;
    anchor.click();
    URL.revokeObjectURL(url);
  },
};

/** The host of an app page over one data source. */
export function pageHost(dataSource: { readonly uid: string; readonly url?: string }, theme: GrafanaTheme2): Host {
  return {
    ...browserServices,
    client: createClient(proxyTransport(dataSource.url ?? '')),
    viewState: urlViewState(dataSource.uid),
    nowMs: () => dateTime().valueOf(),
    theme: { decidedBy: 'host', name: theme.isDark ? 'dark' : 'light' },
    gunzip,
  };
}

/** The full view of a trace: a page of the app. Where Grafana runs below a path, the link is too. */
export function fullViewHref(traceId: string, spanId: string, datasourceUid: string): string {
  const span = spanId === '' ? '' : `span=${spanId}&`;
  return locationUtil.assureBaseUrl(
    `/a/vivace-traces-app/trace/${traceId}?${span}ds=${encodeURIComponent(datasourceUid)}`
  );
}

/** The search page with this TraceQL, in the range that a panel or Explore shows. */
export function searchHref(query: string, range: TimeRange, datasourceUid: string): string {
  const params = new URLSearchParams({
    q: query,
    editor: 'traceql',
    from: rangeText(range.raw.from, range.from),
    to: rangeText(range.raw.to, range.to),
    ds: datasourceUid,
  });
  return locationUtil.assureBaseUrl(`/a/vivace-traces-app/search?${params.toString()}`);
}

/** `now-1h` as it is, so that the link stays about the last hour; any other moment in Unix milliseconds. */
function rangeText(raw: DateTime | string, moment: DateTime): string {
  return typeof raw === 'string' && /^now(-\d+[smhdw])?$/.test(raw) ? raw : String(moment.valueOf());
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Browsers hide the clipboard from pages served over plain HTTP, which Grafana often is.
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else copies without a secure context
  document.execCommand('copy');
  area.remove();
}
