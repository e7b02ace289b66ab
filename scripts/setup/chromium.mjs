// A browser for the browser tests, looked for in this order: VIVACE_CHROMIUM, an installed Chromium or Chrome, Debian's package where we
// are root, Playwright's own download (never in CI, where the absence of a browser is a failure).
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Path of an installed browser; `undefined` when there is none. */
export function findChromium() {
  if (process.env.VIVACE_CHROMIUM) {
    return process.env.VIVACE_CHROMIUM;
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** Path of a browser, installed if need be; `undefined` when Playwright's own download is the one to use. Throws when there is none. */
export async function ensureChromium() {
  const found = findChromium();
  if (found) {
    return found;
  }
  if (existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    console.log('Installing Chromium from Debian …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const installed = findChromium();
    if (installed) {
      return installed;
    }
  }
  if (process.env.CI) {
    throw new Error('no Chromium: set VIVACE_CHROMIUM, or install the package chromium');
  }
  console.log('Downloading a browser through Playwright …');
  if ((await run('npx', ['playwright', 'install', 'chromium-headless-shell'])) !== 0) {
    throw new Error('no Chromium: set VIVACE_CHROMIUM to the path of one');
  }
  return undefined;
}
