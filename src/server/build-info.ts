import { createRequire } from 'node:module';
import type { BuildInfo } from '../api/exchange.ts';

/** Filled by the bundler; absent when the server runs from source. */
declare const VIVACE_BUILD: Omit<BuildInfo, 'runtime'> | undefined;

export function buildInfo(): BuildInfo {
  const runtime = `node ${process.version}`;
  if (typeof VIVACE_BUILD !== 'undefined' && VIVACE_BUILD) {
    return { ...VIVACE_BUILD, runtime };
  }
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return { version, revision: 'source', branch: '', buildDate: '', runtime };
}
