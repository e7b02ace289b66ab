import type { DataSourceInstanceSettings } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';

export const dataSourceType = 'vivace-traces-datasource';

const rememberedKey = 'vivace-traces-app.dataSource';

/** The Vivace data sources that this person may query, the default one first. */
export function listDataSources(): DataSourceInstanceSettings[] {
  // Grafana adds its own `-- Grafana --` to a list of any type.
  const all = getDataSourceSrv()
    .getList({ type: dataSourceType })
    .filter(({ type }) => type === dataSourceType);
  return all.sort((a, b) => Number(b.isDefault ?? false) - Number(a.isDefault ?? false));
}

/** The one named in the URL, else the one used last, else the first. */
export function chooseDataSource(
  sources: readonly DataSourceInstanceSettings[],
  named: string | undefined
): DataSourceInstanceSettings | undefined {
  const wanted = named ?? localStorage.getItem(rememberedKey) ?? '';
  return sources.find((source) => source.uid === wanted || source.name === wanted) ?? sources[0];
}

export function rememberDataSource(uid: string): void {
  localStorage.setItem(rememberedKey, uid);
}
