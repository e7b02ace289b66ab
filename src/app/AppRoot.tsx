import { PageLayoutType } from '@grafana/data';
import { locationService, PluginPage } from '@grafana/runtime';
import { Alert, Combobox, InlineField, useTheme2 } from '@grafana/ui';
import {
  lazy,
  Suspense,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type RefObject,
} from 'react';
import { App } from '../ui/App.tsx';
import { chooseDataSource, listDataSources, rememberDataSource } from './data-sources.ts';
import { pageHost } from './grafana-host.ts';
import { NoDataSource } from './NoDataSource.tsx';
import { mayDo } from './permissions.ts';
import { useSpanLinks } from './use-span-links.ts';

const SetupPage = lazy(() => import('./SetupPage.tsx'));

/** Every page of the app: the shared UI over the chosen data source, and the settings. */
export default function AppRoot() {
  const location = useSyncExternalStore(subscribeToLocation, () => locationService.getLocation());
  if (/\/settings\/?$/.test(location.pathname)) {
    return (
      <PluginPage layout={PageLayoutType.Standard}>
        {mayDo('plugins.app:access') && mayDo('datasources:write') ? (
          <Suspense fallback={null}>
            <SetupPage />
          </Suspense>
        ) : (
          <Alert severity="info" title="Settings are for administrators">
            You may use every other page of Vivace. To change its settings, ask an administrator of this Grafana.
          </Alert>
        )}
      </PluginPage>
    );
  }
  return <Pages named={locationService.getSearchObject().ds?.toString()} />;
}

function subscribeToLocation(listener: () => void): () => void {
  return locationService.getHistory().listen(listener);
}

function Pages({ named }: { readonly named: string | undefined }) {
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
