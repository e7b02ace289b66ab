import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { config } from '@grafana/runtime';
import { DataSourceHttpSettings } from '@grafana/ui';
import type { VivaceJsonData } from '../settings.ts';
import { LimitsSection } from './LimitsSection.tsx';
import { LinkPreview } from './LinkPreview.tsx';
import { LogsSection, MetricsSection, ProfilesSection } from './LinkSections.tsx';
import {
  GraphSection,
  LookUpSection,
  SearchSection,
  SpanBarSection,
  StreamingSection,
  TraceViewSection,
} from './TraceSections.tsx';

type Props = DataSourcePluginOptionsEditorProps<VivaceJsonData>;

/**
 * Connection and authentication as Grafana's proxy keeps them (secrets in `secureJsonData` only), then links, graph and search. All else is
 * in `jsonData`, which every viewer of a dashboard can read.
 */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  const settings = options.jsonData;
  const update = (jsonData: Partial<VivaceJsonData>) =>
    onOptionsChange({ ...options, jsonData: { ...settings, ...jsonData } });
  const section = { settings, readOnly: options.readOnly, update };

  return (
    <div data-testid="vivace-config-editor">
      <p>
        Traces from a Vivace server, or any server with Tempo&apos;s query API. Start one with <code>vivace</code> and
        give its query address below; Grafana&apos;s server must be able to reach it.
      </p>
      {/* eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is a package of its own, for Grafana 13 only */}
      <DataSourceHttpSettings
        defaultUrl="http://localhost:3200"
        dataSourceConfig={options}
        onChange={onOptionsChange}
        showAccessOptions={false}
        showForwardOAuthIdentityOption
        secureSocksDSProxyEnabled={config.secureSocksDSProxyEnabled}
      />
      <StreamingSection {...section} />
      <LogsSection {...section} />
      <MetricsSection {...section} />
      <ProfilesSection {...section} />
      <LinkPreview settings={settings} />
      <GraphSection {...section} />
      <SearchSection {...section} />
      <LookUpSection {...section} />
      <TraceViewSection {...section} />
      <SpanBarSection {...section} />
      <LimitsSection />
    </div>
  );
}
