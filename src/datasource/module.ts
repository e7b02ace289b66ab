import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './ConfigEditor.tsx';
import { DataSource } from './data-source.ts';
import { QueryEditor } from './QueryEditor.tsx';
import type { VivaceQuery } from './query.ts';
import type { VivaceJsonData } from './settings.ts';

export const plugin = new DataSourcePlugin<DataSource, VivaceQuery, VivaceJsonData>(DataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
