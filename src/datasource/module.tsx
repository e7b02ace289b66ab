import {
  DataSourcePlugin,
  type DataSourcePluginOptionsEditorProps,
  type QueryEditorHelpProps,
  type QueryEditorProps,
} from '@grafana/data';
import { lazy, Suspense } from 'react';
import { DataSource } from './data-source.ts';
import type { VivaceQuery } from './query.ts';
import type { VivaceJsonData } from './settings.ts';

// Who looks at a dashboard edits nothing: each editor comes when it is opened.
const LazyConfigEditor = lazy(async () => ({ default: (await import('./config/ConfigEditor.tsx')).ConfigEditor }));
const LazyQueryEditor = lazy(async () => ({ default: (await import('./QueryEditor.tsx')).QueryEditor }));
const LazyQueryHelp = lazy(async () => ({ default: (await import('./QueryHelp.tsx')).QueryHelp }));

function ConfigEditor(props: DataSourcePluginOptionsEditorProps<VivaceJsonData>) {
  return (
    <Suspense fallback={<p>Loading…</p>}>
      <LazyConfigEditor {...props} />
    </Suspense>
  );
}

function QueryEditor(props: QueryEditorProps<DataSource, VivaceQuery, VivaceJsonData>) {
  return (
    <Suspense fallback={<p>Loading…</p>}>
      <LazyQueryEditor {...props} />
    </Suspense>
  );
}

function QueryHelp(props: QueryEditorHelpProps<VivaceQuery>) {
  return (
    <Suspense fallback={<p>Loading…</p>}>
      <LazyQueryHelp {...props} />
    </Suspense>
  );
}

export const plugin = new DataSourcePlugin<DataSource, VivaceQuery, VivaceJsonData>(DataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
