import { config } from '@grafana/runtime';
import { Alert, LinkButton } from '@grafana/ui';
import { dataSourceType } from './data-sources.ts';
import { mayDo } from './permissions.ts';

/** Where the pages would be if there were something to ask. */
export function NoDataSource() {
  return (
    <Alert severity="info" title="No Vivace data source here">
      <p>These pages show traces from a Vivace data source, and there is none that you may query.</p>
      {mayDo('datasources:create') ? (
        <LinkButton href={`${config.appSubUrl}/connections/datasources/${dataSourceType}`}>Add data source</LinkButton>
      ) : (
        <p>
          You may not add data sources: ask an administrator of this Grafana for one, or for the permission to query it.
        </p>
      )}
    </Alert>
  );
}
