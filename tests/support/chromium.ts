import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How browser tests start Chromium: quiet, without a sandbox (they may run as root), without calls home. */
export const chromiumLaunch = {
  executablePath: chromiumPath(),
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** `VIVACE_CHROMIUM`, else a browser by the names distributions give it; `undefined` leaves the choice to Playwright. */
function chromiumPath(): string | undefined {
  const chosen = process.env['VIVACE_CHROMIUM'];
  if (chosen) {
    return chosen;
  }
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}
