/**
 * A Vivace server with a few traces, and test hosts before it: Grafana 13.2 (React 19) and 13.1 (React 18.3) at the root, 13.2 below a path,
 * and 13.2 with the plugins' files on another origin. Prints one line of JSON with their addresses; ends on SIGTERM.
 */
import { startServer } from '../support/server.ts';
import { buildHost } from './build-host.ts';
import { HeldStore } from './held-store.ts';
import { startHostServer } from './host-server.ts';
import { sendFixture } from './traces.ts';

const store = new HeldStore();
const [newest, older, vivace] = await Promise.all([buildHost('13.2'), buildHost('13.1'), startServer({ store })]);
await sendFixture(vivace.urls.otlpHttp);
const newestHost = { hostFolder: newest, version: '13.2.2', upstream: vivace.urls.query, held: store };
const root = await startHostServer(newestHost);
const hosts = {
  root,
  older: await startHostServer({ hostFolder: older, version: '13.1.1', upstream: vivace.urls.query }),
  subPath: await startHostServer({ ...newestHost, subPath: '/grafana' }),
  cdn: await startHostServer({ ...newestHost, assetsUrl: root.url }),
};
export type HostName = keyof typeof hosts;
console.log(JSON.stringify(Object.fromEntries(Object.entries(hosts).map(([name, { url }]) => [name, url]))));

process.once('SIGTERM', () => {
  void Promise.all([...Object.values(hosts).map((host) => host.close()), vivace.close()]).then(() => process.exit(0));
});
