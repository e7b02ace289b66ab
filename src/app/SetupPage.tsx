import { config } from '@grafana/runtime';
import { Alert, LinkButton } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createClient } from '../api/client.ts';
import { proxyTransport } from '../datasource/backend-transport.ts';
import { describeStatus, testTempo } from '../datasource/health.ts';
import { dataSourceType, listDataSources } from './data-sources.ts';

/** How to get a server, and what the servers behind our data sources say of themselves. */
export default function SetupPage() {
  const sources = listDataSources();
  return (
    <div data-testid="vivace-setup">
      <h3>1. Run the server</h3>
      <p>
        The plugin shows what a Vivace server stores. The server comes with the plugin&apos;s release archive, as one
        file for Node.js 24 or newer:
      </p>
      <pre>node vivace.mjs</pre>
      <p>
        It prints where to send spans (OTLP, by default ports 4317 and 4318) and where to ask (port 3200). Reachable
        from other machines it wants authentication; <code>node vivace.mjs --help</code> lists every option.
      </p>
      <h3>2. Add a data source</h3>
      <p>Give it the server&apos;s query address, as Grafana&apos;s server reaches it, and press Save &amp; test.</p>
      <LinkButton
        variant="secondary"
        icon="plus"
        href={`${config.appSubUrl}/connections/datasources/${dataSourceType}`}
      >
        Add data source
      </LinkButton>
      <h3 style={{ marginTop: 24 }}>Data sources</h3>
      {sources.length === 0 && <p>None yet.</p>}
      {sources.map((source) => (
        <SourceStatus key={source.uid} name={source.name} url={source.url ?? ''} />
      ))}
    </div>
  );
}

interface Health {
  readonly severity: 'success' | 'error';
  readonly message: string;
}

function SourceStatus({ name, url }: { readonly name: string; readonly url: string }) {
  const [health, setHealth] = useState<Health>();
  useEffect(() => {
    let isCurrent = true;
    void askHealth(url).then((answer) => isCurrent && setHealth(answer));
    return () => {
      isCurrent = false;
    };
  }, [url]);
  return health === undefined ? (
    <p>Asking {name} …</p>
  ) : (
    <Alert severity={health.severity} title={name}>
      {health.message}
    </Alert>
  );
}

async function askHealth(url: string): Promise<Health> {
  const transport = proxyTransport(url);
  try {
    const status = await createClient(transport).status();
    const message = status === undefined ? (await testTempo(transport)).message : describeStatus(status);
    return { severity: 'success', message };
  } catch (error) {
    return { severity: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}
