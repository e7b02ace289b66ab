/**
 * What a tracing data source's settings say about links out of a span. Keys and shapes are those that Grafana's own trace view reads,
 * whatever the plugin: Vivace, Tempo, Jaeger, Zipkin.
 */
export interface LinkSettings {
  readonly tracesToLogsV2?: LogsLinkSettings;
  /** Written by Grafana before 9.4; read where there is no `tracesToLogsV2`. */
  readonly tracesToLogs?: LegacyLogsLinkSettings;
  readonly tracesToMetrics?: MetricsLinkSettings;
  readonly tracesToProfiles?: ProfilesLinkSettings;
}

/** An attribute, and what the other data source calls it. */
export interface TagMapping {
  readonly key: string;
  readonly value?: string;
}

export interface LogsLinkSettings {
  readonly datasourceUid?: string;
  readonly tags?: readonly TagMapping[];
  /** `-5m`, `1h`: where the range of the link begins, from the start of the span. */
  readonly spanStartTimeShift?: string;
  readonly spanEndTimeShift?: string;
  readonly filterByTraceID?: boolean;
  readonly filterBySpanID?: boolean;
  readonly customQuery?: boolean;
  readonly query?: string;
}

export interface LegacyLogsLinkSettings extends Omit<LogsLinkSettings, 'tags' | 'customQuery' | 'query'> {
  readonly tags?: readonly string[];
  readonly mappedTags?: readonly TagMapping[];
  readonly mapTagNamesEnabled?: boolean;
}

export interface MetricsLinkSettings {
  readonly datasourceUid?: string;
  readonly tags?: readonly TagMapping[];
  readonly queries?: readonly { readonly name?: string; readonly query?: string }[];
  readonly spanStartTimeShift?: string;
  readonly spanEndTimeShift?: string;
}

export interface ProfilesLinkSettings {
  readonly datasourceUid?: string;
  readonly tags?: readonly TagMapping[];
  readonly profileTypeId?: string;
  readonly customQuery?: boolean;
  readonly query?: string;
}

/** The settings for logs, those of old included. */
export function logsSettings({ tracesToLogsV2, tracesToLogs }: LinkSettings): LogsLinkSettings | undefined {
  if (tracesToLogsV2 !== undefined || tracesToLogs === undefined) {
    return tracesToLogsV2;
  }
  const { tags, mappedTags, mapTagNamesEnabled, ...rest } = tracesToLogs;
  return {
    ...rest,
    tags: mapTagNamesEnabled === true ? mappedTags : tags?.map((key) => ({ key })),
    customQuery: false,
  };
}
