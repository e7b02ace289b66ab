/**
 * Serves the host page and the built plugins as Grafana does: each plugin, nested ones too, below `public/plugins/<its own id>/` rooted
 * in its own folder, the data source proxy, and 404 for all else; pages carry Grafana's Content Security Policy.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { HeldStore } from './held-store.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Folders below `dist` that hold a `plugin.json`. */
export const pluginFolders: readonly string[] = ['.', 'datasource', 'panels/waterfall', 'panels/servicegraph'];

export interface HostServerOptions {
  /** Of {@link buildHost}. */
  readonly hostFolder: string;
  /** Where the data source proxy leads: the query address of a running server. */
  readonly upstream: string;
  /** `GET /test/held` tells of its searches, `POST` lets them go on. */
  readonly held?: HeldStore;
  /** Version that the page says it is. */
  readonly version: string;
  /** Where Grafana runs below its origin: `/grafana`. */
  readonly subPath?: string;
  /** Origin that the plugins' files are on, when it is not the page's: a CDN. */
  readonly assetsUrl?: string;
}

export interface HostServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startHostServer(options: HostServerOptions): Promise<HostServer> {
  const { hostFolder, upstream, held, subPath = '' } = options;
  const plugins = new Map(pluginFolders.map((folder) => [pluginId(folder), path.join(root, 'dist', folder)]));
  const server = createServer((request, response) => {
    const { pathname: whole, search } = new URL(request.url ?? '/', 'http://host');
    if (!whole.startsWith(subPath)) {
      response.writeHead(404).end('not found');
      return;
    }
    const pathname = whole.slice(subPath.length) || '/';
    const proxied = /^\/api\/datasources\/proxy\/uid\/vivace(?:-linked)?(\/.*)$/.exec(pathname);
    const asset = /^\/public\/plugins\/([^/]+)\/(.+)$/.exec(pathname);
    if (proxied) {
      proxy(request, response, upstream + proxied[1] + search);
    } else if (asset && plugins.has(asset[1])) {
      sendFile(response, plugins.get(asset[1])!, asset[2]);
    } else if (pathname === '/test/held' && held !== undefined) {
      if (request.method === 'POST') {
        held.release();
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(held.searches));
    } else if (pathname.startsWith('/public/host/')) {
      sendFile(response, hostFolder, pathname.slice('/public/host/'.length));
    } else if (/^\/($|(a|plugins|explore)(\/|$))/.test(pathname)) {
      sendPage(request, response, options);
    } else {
      response.writeHead(404).end('not found');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${subPath}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function pluginId(folder: string): string {
  const json = JSON.parse(readFileSync(path.join(root, 'dist', folder, 'plugin.json'), 'utf8')) as { id: string };
  return json.id;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.map': 'application/json',
};

function sendFile(response: ServerResponse, folder: string, name: string): void {
  const file = path.join(folder, decodeURIComponent(name));
  const inside = file.startsWith(folder + path.sep);
  if (!inside || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end('not found');
    return;
  }
  response.writeHead(200, {
    'content-type': contentTypes[path.extname(file)] ?? 'application/octet-stream',
    // A CDN lets pages of any origin have its files.
    'access-control-allow-origin': '*',
  });
  createReadStream(file).pipe(response);
}

/** Grafana's `content_security_policy_template` as shipped, and its page as far as a plugin sees it. */
function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  { version, subPath = '', assetsUrl }: HostServerOptions
): void {
  const nonce = randomBytes(16).toString('base64');
  const host = request.headers.host ?? '';
  const policy = [
    `script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' 'nonce-${nonce}'`,
    "object-src 'none'",
    "font-src 'self'",
    "style-src 'self' 'unsafe-inline' blob:",
    'img-src * data:',
    "base-uri 'self'",
    `connect-src 'self' grafana.com ws://${host}/ wss://${host}/`,
    "manifest-src 'self'",
    "media-src 'none'",
    "form-action 'self'",
  ].join(';');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy });
  const config = JSON.stringify({ version, subPath, plugins: `${assetsUrl ?? subPath}/public/plugins` });
  const scripts = ['system.js', 'amd.js', 'named-register.js', 'main.js'];
  response.end(`<!doctype html>
<html lang="en">
  <head>
    <title>Vivace test host</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${subPath}/public/host/main.css" />
    <script type="application/json" id="host-config">${config}</script>
  </head>
  <body style="margin: 0">
    <div id="reactRoot"></div>
    ${scripts.map((name) => `<script nonce="${nonce}" src="${subPath}/public/host/${name}"></script>`).join('\n    ')}
  </body>
</html>`);
}

function proxy(request: IncomingMessage, response: ServerResponse, target: string): void {
  const forwarded = httpRequest(
    target,
    { method: request.method, headers: { accept: request.headers.accept ?? '*/*' } },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }
  );
  forwarded.on('error', () => {
    if (!response.headersSent) {
      response.writeHead(502);
    }
    response.end('the server does not answer');
  });
  response.on('close', () => forwarded.destroy());
  request.pipe(forwarded);
}
