import { PageLayoutType } from '@grafana/data';
import { config, locationService, PluginPage } from '@grafana/runtime';
import { Alert, Combobox, InlineField, LinkButton } from '@grafana/ui';
import { useState } from 'react';
import { chooseDataSource, listDataSources, rememberDataSource } from './data-sources.ts';

/** Every page of the app: the shared UI over the chosen data source. */
export default function AppRoot() {
  const [named, setNamed] = useState(() => locationService.getSearchObject().ds?.toString());
  const sources = listDataSources();
  const chosen = chooseDataSource(sources, named);
  if (chosen === undefined) {
    return (
      <PluginPage layout={PageLayoutType.Standard}>
        <NoDataSource />
      </PluginPage>
    );
  }
  const choose = (uid: string) => {
    rememberDataSource(uid);
    locationService.partial({ ds: uid }, true);
    setNamed(uid);
  };
  return (
    <PluginPage layout={PageLayoutType.Canvas}>
      {sources.length > 1 && (
        <InlineField label="Data source">
          <Combobox
            aria-label="Data source"
            width={30}
            options={sources.map((source) => ({ label: source.name, value: source.uid }))}
            value={chosen.uid}
            onChange={(choice) => choose(choice.value)}
          />
        </InlineField>
      )}
    </PluginPage>
  );
}

function NoDataSource() {
  return (
    <Alert severity="info" title="No Vivace data source yet">
      <p>These pages show traces from a Vivace data source. Add one and give it the address of a Vivace server.</p>
      <LinkButton href={`${config.appSubUrl}/connections/datasources/vivace-traces-datasource`}>
        Add data source
      </LinkButton>
    </Alert>
  );
}
