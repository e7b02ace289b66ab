import type { DataSourceJsonData } from '@grafana/data';
import type { SearchFilter } from './search-filters.ts';
import type { LinkSettings } from '../ui/links/settings.ts';

/**
 * A data source's settings. Keys and shapes are the Tempo data source's: Grafana's own trace view reads the link settings from
 * here whatever the plugin, and a provisioning file moves by changing `type`.
 */
export interface VivaceJsonData extends DataSourceJsonData, LinkSettings {
  /** The search builder: its rows in place of service and span name; hidden altogether. */
  search?: { hide?: boolean; filters?: SearchFilter[] };
  /** The Prometheus that service graphs are from; none: the server counts them. */
  serviceMap?: { datasourceUid?: string };
  nodeGraph?: { enabled?: boolean };
  /** What draws a trace in Explore; by default Grafana's own view up to 10,000 spans, our panel above. A key of ours. */
  exploreTraceView?: 'auto' | 'grafana' | 'vivace';
  /** Partial results while the server searches; on unless switched off here. */
  streamingEnabled?: { search?: boolean; metrics?: boolean };
  /** Look-ups of trace ids: with the shift enabled only around the time range, which servers other than ours read less for. */
  traceQuery?: { timeShiftEnabled?: boolean; spanStartTimeShift?: string; spanEndTimeShift?: string };
  /** At most so many names or values in a list. */
  tagLimit?: number;
  spanBar?: { type?: 'None' | 'Duration' | 'Tag'; tag?: string };
}

export const defaultTagLimit = 5000;

/** Grafana's own trace view slows down beyond. */
const coreViewSpansMax = 10_000;

/** The panel that Explore is pointed to; `undefined`: its own trace view. Dashboards do not heed it. */
export function explorePanelId(view: VivaceJsonData['exploreTraceView'], spanCount: number): string | undefined {
  const isOurs = view === 'vivace' || (view !== 'grafana' && spanCount > coreViewSpansMax);
  return isOurs ? 'vivace-waterfall-panel' : undefined;
}
