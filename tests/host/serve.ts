/** A Vivace server with a few traces, and the test host before it. Prints one line of JSON with its addresses; ends on SIGTERM. */
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer } from '../support/server.ts';
import { buildHost } from './build-host.ts';
import { HeldStore } from './held-store.ts';
import { startHostServer } from './host-server.ts';
import { fixtureSpans } from './traces.ts';

const store = new HeldStore();
const [hostFolder, vivace] = await Promise.all([buildHost(), startServer({ store })]);
const sent = await fetch(new URL('/v1/traces', vivace.urls.otlpHttp), {
  method: 'POST',
  headers: { 'content-type': 'application/x-protobuf' },
  body: encodeTraces(fixtureSpans(Date.now())),
});
if (!sent.ok) {
  throw new Error(`the server refused the fixture: ${sent.status} ${await sent.text()}`);
}
const host = await startHostServer({ hostFolder, upstream: vivace.urls.query, held: store });
console.log(JSON.stringify({ hostUrl: host.url }));

process.once('SIGTERM', () => {
  void Promise.all([host.close(), vivace.close()]).then(() => process.exit(0));
});
