import { PageLayoutType } from '@grafana/data';
import { config, locationService, PluginPage } from '@grafana/runtime';
import { Alert, Combobox, InlineField, LinkButton, useTheme2 } from '@grafana/ui';
import { useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { App } from '../ui/App.tsx';
import { chooseDataSource, dataSourceType, listDataSources, rememberDataSource } from './data-sources.ts';
import { pageHost } from './grafana-host.ts';
import { useSpanLinks } from './use-span-links.ts';

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
      <SharedUi key={chosen.uid} uid={chosen.uid} url={chosen.url ?? ''} />
    </PluginPage>
  );
}

function SharedUi({ uid, url }: { readonly uid: string; readonly url: string }) {
  const theme = useTheme2();
  const linksOfSpan = useSpanLinks(uid);
  const host = useMemo(() => pageHost({ uid, url }, theme), [uid, url, theme]);
  const [frame, height] = useHeightToBottom();
  return (
    <div ref={frame} style={{ height, minHeight: 400 }} data-testid="vivace-app">
      <App host={host} linksOfSpan={linksOfSpan} />
    </div>
  );
}

/** What is left of the window below the element: Grafana's header above it differs by version and by settings. */
function useHeightToBottom(): [RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setHeight(Math.floor(window.innerHeight - (frame.current?.getBoundingClientRect().top ?? 0)));
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  return [frame, height];
}

function NoDataSource() {
  return (
    <Alert severity="info" title="No Vivace data source yet">
      <p>These pages show traces from a Vivace data source. Add one and give it the address of a Vivace server.</p>
      <LinkButton href={`${config.appSubUrl}/connections/datasources/${dataSourceType}`}>Add data source</LinkButton>
    </Alert>
  );
}
