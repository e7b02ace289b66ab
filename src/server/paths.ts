/** Files that come with the server, found from where this code lies: the source tree or `build/server/`. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The first that exists, else the first. */
function firstExisting(...candidates: string[]): string {
  const resolved = candidates.map((candidate) => path.resolve(import.meta.dirname, candidate));
  return resolved.find((candidate) => existsSync(candidate)) ?? resolved[0];
}

/** The built page: `build/standalone` of the source tree, else the server's neighbour. */
export function defaultPageDir(): string {
  return firstExisting('../../build/standalone/index.html', '../standalone/index.html').replace(/index\.html$/, '');
}

/** The demo shop's entry. */
export function demoEntry(): string {
  return firstExisting('demo.mjs', '../../scripts/demo/main.ts');
}
