import { config } from '@grafana/runtime';
import { LinkButton, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import { createClient } from '../api/client.ts';
import { proxyTransport } from '../datasource/backend-transport.ts';
import { HealthPane } from '../ui/health/HealthPane.tsx';
import { cssVariables } from '../ui/kit/theme.ts';
import { dataSourceType, listDataSources } from './data-sources.ts';
import { uiTheme } from './ui-theme.ts';

/** Settings and health: what each of our data sources' servers receives and refuses, and how to get a server. */
export default function SetupPage() {
  const sources = listDataSources();
  const theme = uiTheme(useTheme2());
  return (
    <div data-testid="vivace-setup" style={cssVariables(theme)}>
      <h2>Health</h2>
      {sources.length === 0 && <p>No data source yet: see below.</p>}
      {sources.map(({ uid, name, url }) => (
        <section key={uid} aria-label={name} style={{ marginBottom: 24 }}>
          <h3>
            {name}{' '}
            <LinkButton
              size="sm"
              fill="text"
              icon="cog"
              href={`${config.appSubUrl}/connections/datasources/edit/${encodeURIComponent(uid)}`}
            >
              Settings
            </LinkButton>
          </h3>
          <SourceHealth url={url ?? ''} />
        </section>
      ))}
      <h2>Add a server</h2>
      <p>
        The plugin shows what a Vivace server stores. The server comes with the plugin&apos;s release archive, as one
        file for Node.js 24 or newer:
      </p>
      <pre>node vivace.mjs</pre>
      <p>
        It prints where to send spans (OTLP, by default ports 4317 and 4318) and where to ask (port 3200). Reachable
        from other machines it wants authentication; <code>node vivace.mjs --help</code> lists every option. Then add a
        data source with the server&apos;s query address, as Grafana&apos;s server reaches it, and press Save &amp;
        test.
      </p>
      <LinkButton
        variant="secondary"
        icon="plus"
        href={`${config.appSubUrl}/connections/datasources/${dataSourceType}`}
      >
        Add data source
      </LinkButton>
    </div>
  );
}

function SourceHealth({ url }: { readonly url: string }) {
  const client = useMemo(() => createClient(proxyTransport(url)), [url]);
  return <HealthPane client={client} nowMs={Date.now} />;
}
