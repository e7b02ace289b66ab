import { locationUtil } from '@grafana/data';
import { locationService } from '@grafana/runtime';
import { useTheme2 } from '@grafana/ui';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { parseTraceId } from '../trace/ids.ts';
import type { ViewState } from '../ui/host.ts';
import { cssVariables } from '../ui/kit/theme.ts';
import { wholeTrace, type TraceView, type View } from '../ui/state/view.ts';
import { TracePage } from '../ui/trace/TracePage.tsx';
import { chooseDataSource, listDataSources } from './data-sources.ts';
import { pageHost } from './grafana-host.ts';
import { uiTheme } from './ui-theme.ts';
import { appLocation } from './url-view-state.ts';
import { useSpanLinks } from './use-span-links.ts';

/** Of the component `vivace-traces-app/trace/v1`, for other plugins: frozen. */
export interface ExposedTraceProps {
  /** 1 to 32 hex digits. */
  readonly traceId: string;
  /** To be selected. */
  readonly spanId?: string;
  /** Of a Vivace data source; without it the one that the app's pages would take. */
  readonly datasourceUid?: string;
}

/** Fills its parent, which must have a height. What is selected lives in memory: the page's URL belongs to whoever embeds this. */
export default function ExposedTrace({ traceId, spanId, datasourceUid }: ExposedTraceProps) {
  const source = chooseDataSource(listDataSources(), datasourceUid);
  const id = parseTraceId(traceId);
  if (source === undefined) {
    return <p>There is no Vivace data source that you may query.</p>;
  }
  if (id === undefined) {
    return <p>A trace id is 1 to 32 hex digits.</p>;
  }
  return <Trace key={`${source.uid} ${id}`} uid={source.uid} url={source.url ?? ''} traceId={id} spanId={spanId} />;
}

interface TraceProps {
  readonly uid: string;
  readonly url: string;
  readonly traceId: string;
  readonly spanId: string | undefined;
}

function Trace({ uid, url, traceId, spanId }: TraceProps) {
  const grafanaTheme = useTheme2();
  const theme = uiTheme(grafanaTheme);
  const linksOfSpan = useSpanLinks(uid);
  const host = useMemo(() => {
    const first: TraceView = { page: 'trace', traceId, focus: { ...wholeTrace, spanId } };
    return { ...pageHost({ uid, url }, grafanaTheme), viewState: inMemory(first, uid) };
  }, [uid, url, traceId, spanId, grafanaTheme]);
  const view = useSyncExternalStore(
    useCallback((listener: () => void) => host.viewState.subscribe(listener), [host]),
    () => host.viewState.get()
  );
  return (
    <div
      data-theme={theme.name}
      style={{ ...cssVariables(theme), color: theme.text, display: 'flex', flexDirection: 'column', height: '100%' }}
    >
      {view.page === 'trace' && (
        <TracePage host={host} view={view} theme={theme} lastSearch={undefined} linksOfSpan={linksOfSpan} />
      )}
    </div>
  );
}

/** Only traces are shown here; anything else opens as a page of the app. */
function inMemory(first: TraceView, uid: string): ViewState {
  let current: View = first;
  const listeners = new Set<() => void>();
  const href = (view: View): string => locationUtil.assureBaseUrl(appLocation(view, uid));
  return {
    get: () => current,
    set(view) {
      if (view.page === 'trace') {
        current = view;
        listeners.forEach((listener) => listener());
      } else {
        locationService.push(appLocation(view, uid));
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    href,
  };
}
