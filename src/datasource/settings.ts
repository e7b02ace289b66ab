import type { DataSourceJsonData } from '@grafana/data';

/**
 * A data source's settings. Keys and shapes are the Tempo data source's: Grafana's own trace view reads the link settings from
 * here whatever the plugin, and a provisioning file moves by changing `type`.
 */
export interface VivaceJsonData extends DataSourceJsonData {
  tracesToLogsV2?: {
    datasourceUid?: string;
    tags?: { key: string; value?: string }[];
    spanStartTimeShift?: string;
    spanEndTimeShift?: string;
    filterByTraceID?: boolean;
    filterBySpanID?: boolean;
    customQuery?: boolean;
    query?: string;
  };
  tracesToMetrics?: {
    datasourceUid?: string;
    tags?: { key: string; value?: string }[];
    queries?: { name?: string; query?: string }[];
    spanStartTimeShift?: string;
    spanEndTimeShift?: string;
  };
  tracesToProfiles?: {
    datasourceUid?: string;
    tags?: { key: string; value?: string }[];
    profileTypeId?: string;
    customQuery?: boolean;
    query?: string;
  };
  serviceMap?: { datasourceUid?: string };
  nodeGraph?: { enabled?: boolean };
  spanBar?: { type?: 'None' | 'Duration' | 'Tag'; tag?: string };
}
