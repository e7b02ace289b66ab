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
  /** Partial results while the server searches; on unless switched off here. */
  streamingEnabled?: { search?: boolean; metrics?: boolean };
  /** Look-ups of trace ids: with the shift enabled only around the time range, which servers other than ours read less for. */
  traceQuery?: { timeShiftEnabled?: boolean; spanStartTimeShift?: string; spanEndTimeShift?: string };
  /** At most so many names or values in a list. */
  tagLimit?: number;
  spanBar?: { type?: 'None' | 'Duration' | 'Tag'; tag?: string };
}

export const defaultTagLimit = 5000;
