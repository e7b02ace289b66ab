import { createRequire } from 'node:module';
import type { BuildInfo } from '../api/exchange.ts';

export function buildInfo(): BuildInfo {
  const runtime = `node ${process.version}`;
  // The bundler writes the version in place of this variable.
  const bundled = process.env.VIVACE_VERSION;
  const version = bundled ?? (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
  return { version, revision: bundled === undefined ? 'source' : '', branch: '', buildDate: '', runtime };
}
