import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Chromium by `VIVACE_CHROMIUM`, else by the names distributions give it; `undefined` leaves the choice to Playwright. */
export function chromiumPath(): string | undefined {
  const chosen = process.env['VIVACE_CHROMIUM'];
  if (chosen) {
    return chosen;
  }
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}
