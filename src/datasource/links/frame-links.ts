import type { DataLink } from '@grafana/data';
import { coreLogsTypes, logsQuery } from '../../ui/links/logs-query.ts';
import { logsSettings, type LinkSettings } from '../../ui/links/settings.ts';
import { profilesQuery, type FindDataSource, type LinkedDataSource } from '../../ui/links/span-links.ts';

/**
 * Links that a trace frame must carry, variables left to Grafana: custom logs queries of data sources that core's trace view makes no
 * query for, and profiles, which core takes from the field `tags`.
 */
export function frameLinks(
  settings: LinkSettings,
  find: FindDataSource
): { readonly span: readonly DataLink[]; readonly tags: readonly DataLink[] } {
  const logs = logsSettings(settings);
  const { tracesToProfiles: profiles } = settings;
  const logsSource = find(logs?.datasourceUid ?? '');
  const logsOnly = logsSource !== undefined && !coreLogsTypes.has(logsSource.type) ? logsSource : undefined;
  const query = logs === undefined || logsOnly === undefined ? undefined : logsQuery(logsOnly.type, logs, []);
  const profilesSource = find(profiles?.datasourceUid ?? '');
  return {
    span: logsOnly === undefined || query === undefined ? [] : [internalLink('Logs for this span', logsOnly, query)],
    tags:
      profiles === undefined || profilesSource === undefined
        ? []
        : [internalLink('Related profiles', profilesSource, profilesQuery(profiles))],
  };
}

function internalLink(
  title: string,
  { uid, name }: LinkedDataSource,
  query: Readonly<Record<string, unknown>>
): DataLink {
  return { title, url: '', internal: { datasourceUid: uid, datasourceName: name, query } };
}
