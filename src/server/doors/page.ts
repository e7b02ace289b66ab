/** The standalone page: files of one folder, read once, served from memory under a strict Content Security Policy. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Response } from './respond.ts';

export interface Page {
  /** `undefined`: no such file. Paths without a file extension are the page's own routes. */
  answer(urlPath: string): Response | undefined;
}

const typeOfExtension: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** In `index.html` of the build; replaced by a fresh nonce in every answer. */
export const noncePlaceholder = '__VIVACE_CSP_NONCE__';

/** Reads the built page; when there is none, every route tells how to build it. */
export async function loadPage(directory: string): Promise<Page> {
  const files = await readFiles(directory);
  const index = files.get('/index.html');
  if (index === undefined) {
    return { answer: (urlPath) => (isRoute(urlPath) ? notBuilt : undefined) };
  }
  const html = Buffer.from(index).toString('utf8');
  return {
    answer(urlPath) {
      if (isRoute(urlPath) || urlPath === '/index.html') {
        return indexAnswer(html);
      }
      const body = files.get(urlPath);
      return body === undefined ? undefined : fileAnswer(urlPath, body);
    },
  };
}

/** `/`, `/search`, `/trace/<id>`: the page draws them itself. */
function isRoute(urlPath: string): boolean {
  return urlPath === '/' || /^\/[a-z]+(\/[^/.]*)*$/.test(urlPath);
}

function indexAnswer(html: string): Response {
  const nonce = randomBytes(16).toString('base64');
  return {
    status: 200,
    contentType: typeOfExtension['.html'],
    body: html.replaceAll(noncePlaceholder, nonce),
    headers: { ...pageHeaders, 'content-security-policy': contentSecurityPolicy(nonce), 'cache-control': 'no-cache' },
  };
}

function fileAnswer(urlPath: string, body: Uint8Array): Response {
  // A content hash in the name: the file never changes.
  const isHashed = /[-.][0-9A-Za-z_-]{8,}\.[a-z0-9]+(\.map)?$/.test(urlPath);
  return {
    status: 200,
    contentType: typeOfExtension[path.extname(urlPath)] ?? 'application/octet-stream',
    body,
    headers: {
      ...pageHeaders,
      // Workers have a policy of their own: what their script file carries.
      'content-security-policy': contentSecurityPolicy(undefined),
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  };
}

const pageHeaders = {
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
} as const;

function contentSecurityPolicy(nonce: string | undefined): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

const notBuilt: Response = {
  status: 200,
  contentType: 'text/plain; charset=utf-8',
  body: [
    'Vivace is running, but its page has not been built.',
    '',
    'Build it with:   npm run build:standalone   and restart the server,',
    'or use the API:  /api/search?q={}  /api/traces/<trace id>  /status  /metrics',
    '',
  ].join('\n'),
  headers: { 'cache-control': 'no-store' },
};

async function readFiles(directory: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isFile()) {
      const file = path.join(entry.parentPath, entry.name);
      files.set(`/${path.relative(directory, file).split(path.sep).join('/')}`, await readFile(file));
    }
  }
  return files;
}
