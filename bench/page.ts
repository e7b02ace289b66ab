/**
 * The trace page in Chromium against the real server: G1 to G5 and G7b of the goals.
 *
 *     npm run bench page -- [--spans 100000] [--huge 1000000] [--runs 5] [--only G1,G2]
 *
 * The traces are the generator's `batch` shape, twelve attributes a span. Chromium is headless, 1440 × 900, on one core where `taskset` is
 * there; the server has the others. Times are those of the page's own clock, from the key or input event until the frame after the change.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import type { Browser, Page } from '@playwright/test';
import { generate } from '../scripts/traces/generate.ts';
import { sendBatches } from '../scripts/traces/send.ts';
import { mainThreadEvents, tasksOf } from '../tests/support/browser-trace.ts';
import type { BrowserTraceEvent } from '../tests/support/browser-trace.ts';
import { chromiumLaunch } from '../tests/support/chromium.ts';
import type { Span } from '../src/trace/model.ts';
import { startVivace } from './lib/systems.ts';
import { spread } from './lib/ask.ts';

const { values: options } = parseArgs({
  options: {
    spans: { type: 'string', default: '100000' },
    huge: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const largeSpans = Number(options.spans);
const hugeSpans = Number(options.huge);
const runs = Number(options.runs);
const only = options.only === '' ? undefined : new Set(options.only.split(','));
const root = fileURLToPath(new URL('..', import.meta.url));

interface Row {
  readonly goal: string;
  readonly what: string;
  readonly figure: string;
  readonly limit: string;
  readonly reached: boolean | undefined;
}

const rows: Row[] = [];

/** `limit` undefined: reported only. */
function add(goal: string, what: string, figure: number, unit: string, limit?: number): void {
  const digits = figure < 100 ? 1 : 0;
  const row = {
    goal,
    what,
    figure: `${figure.toFixed(digits)} ${unit}`,
    limit: limit === undefined ? '' : `≤ ${limit} ${unit}`,
    reached: limit === undefined ? undefined : figure <= limit,
  };
  rows.push(row);
  console.log(lineOf(row));
}

function lineOf({ goal, what, figure, limit, reached }: Row): string {
  const verdict = reached === undefined ? '' : reached ? 'ok' : 'NOT REACHED';
  return `${goal.padEnd(4)}${what.padEnd(66)}${figure.padStart(14)}${limit.padStart(14)}  ${verdict}`;
}

function wants(goal: string): boolean {
  return only === undefined || only.has(goal);
}

const median = (times: readonly number[]): number => spread(times).p50;

/** Memory is measured at once, after a collection. */
const eagerMeasure = '--enable-blink-features=ForceEagerMeasureMemory';

/** Chromium with all its processes on the last core. */
async function launch(): Promise<Browser> {
  const taskset = ['/usr/bin/taskset', '/bin/taskset'].find((file) => existsSync(file));
  const { executablePath = chromium.executablePath(), args } = chromiumLaunch;
  if (taskset === undefined) {
    console.log('taskset is not here: Chromium has all cores');
    return chromium.launch({ executablePath, args: [...args, eagerMeasure] });
  }
  const wrapper = join(folder, 'chromium-on-one-core');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${taskset} -c ${availableParallelism() - 1} '${executablePath}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  return chromium.launch({ executablePath: wrapper, args: [...args, eagerMeasure] });
}

async function sendTrace(spans: number, seed: number): Promise<string> {
  const all = generate('batch', { seed, spans, startUnixNanos: BigInt(Date.now() - 60_000) * 1_000_000n });
  const batches: Span[][] = [];
  for (let at = 0; at < all.length; at += 2_000) {
    batches.push(all.slice(at, at + 2_000));
  }
  const { ackedSpans } = await sendBatches({
    target: server.otlpHttpUrl,
    protocol: 'http-protobuf',
    batches,
    rate: 0,
    concurrency: 2,
    gzip: true,
    retriesMax: 5,
  });
  if (ackedSpans !== spans) {
    throw new Error(`${ackedSpans} of ${spans} spans were taken`);
  }
  return all[0].traceId;
}

async function newPage(path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(`${server.queryUrl}${path}`);
  return page;
}

async function measure(): Promise<void> {
  const small = await sendTrace(1_000, 1);
  const large = await sendTrace(largeSpans, 2);
  if (wants('G1')) {
    await opening(small, 1_000, [200, 200]);
    await opening(large, largeSpans, [1_000, 1_500]);
    if (hugeSpans > 0) {
      await opening(await sendTrace(hugeSpans, 3), hugeSpans, [5_000, 5_000]);
    }
  }
  if (wants('G5')) {
    await bytesToPaint(large);
  }
  if (wants('G2')) {
    await scrolling(large);
  }
  if (wants('G3')) {
    await answers(large);
  }
  if (wants('G4')) {
    await memory(large);
  }
  if (wants('G7b')) {
    await bundles(large);
  }
}

// G1.

/** What the page saw, ms after Enter. */
interface Opening {
  readonly rowsMs: number;
  readonly mapMs: number;
}

/** A trace id is put into the field of the search page, and Enter. The first run of a server reads what later ones find in its cache. */
async function opening(traceId: string, spans: number, [rowsMs, mapMs]: readonly [number, number]): Promise<void> {
  const openings: Opening[] = [];
  for (let run = 0; run < runs; run++) {
    openings.push(await openOnce(traceId));
  }
  const what = `${spans.toLocaleString('en-US')} spans: Enter → `;
  add('G1', `${what}first rows, first time`, openings[0].rowsMs, 'ms');
  add('G1', `${what}first rows`, median(openings.map((one) => one.rowsMs)), 'ms', rowsMs);
  add('G1', `${what}minimap and critical path`, median(openings.map((one) => one.mapMs)), 'ms', mapMs);
}

async function openOnce(traceId: string): Promise<Opening> {
  const page = await newPage('/search');
  const field = page.getByRole('textbox', { name: 'Trace id' });
  await field.fill(traceId);
  const seen = page.evaluate(
    () =>
      new Promise<Opening>((resolve) => {
        const start = new Promise<number>((started) => {
          document.addEventListener('keydown', () => started(performance.now()), { capture: true, once: true });
        });
        void start.then((startMs) => {
          let rowsAtMs = 0;
          // Bars and critical path are drawn in one go, once the model is there.
          const isMapPainted = (): boolean => {
            const canvas = document.querySelector<HTMLCanvasElement>('[data-testid=minimap] canvas');
            if (canvas === null || canvas.width === 0) {
              return false;
            }
            const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
            return data.some((channel) => channel !== 0);
          };
          const look = (): void => {
            const nowMs = performance.now();
            const isThere = document.querySelector('[role=treegrid] [role=row]') !== null;
            rowsAtMs = rowsAtMs === 0 && isThere ? nowMs : rowsAtMs;
            if (rowsAtMs > 0 && isMapPainted()) {
              // What this frame holds is on the screen when the next one begins.
              requestAnimationFrame(() => resolve({ rowsMs: rowsAtMs - startMs, mapMs: performance.now() - startMs }));
              return;
            }
            requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        });
      })
  );
  await field.press('Enter');
  const opened = await seen;
  await page.context().close();
  return opened;
}

/** All attribute columns are there: no request of the trace has been under way for a while. Answers when the last one ended. */
async function whenLoaded(page: Page): Promise<number> {
  const quietMs = 1_000;
  return page.evaluate(
    (quiet) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          const entries = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/traces/'));
          const lastMs = Math.max(0, ...entries.map((entry) => (entry as PerformanceResourceTiming).responseEnd));
          if (lastMs > 0 && performance.now() - lastMs > quiet) {
            resolve(lastMs);
          } else {
            setTimeout(look, 100);
          }
        };
        look();
      }),
    quietMs
  );
}

/** The trace with every span on a line of its own, all attributes loaded, the waterfall focused. */
async function openAll(traceId: string): Promise<Page> {
  const page = await newPage(`/trace/${traceId}?show=all`);
  await page.locator('[role=treegrid] [role=row]').first().waitFor({ timeout: 60_000 });
  await whenLoaded(page);
  await page.getByTestId('waterfall').focus();
  return page;
}

// G5.

/** What had ended when the rows were painted; the columns that follow in the background are not in it. */
async function bytesToPaint(traceId: string): Promise<void> {
  const page = await newPage(`/trace/${traceId}`);
  const bytes = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          if (document.querySelector('[role=treegrid] [role=row]') === null) {
            requestAnimationFrame(look);
            return;
          }
          const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
          resolve(
            entries.reduce((sum, entry) => {
              const { responseEnd, transferSize } = entry as PerformanceResourceTiming;
              return sum + (responseEnd > 0 ? transferSize : 0);
            }, 0)
          );
        };
        look();
      })
  );
  add('G5', 'page and trace until its rows are painted, on the wire', bytes / 1e6, 'MB', 1.5);
  await page.context().close();
}

// G2.

async function scrolling(traceId: string): Promise<void> {
  const page = await openAll(traceId);
  const cdp = await page.context().newCDPSession(page);
  const unscrolled = (): Promise<number> =>
    page.evaluate(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector('[data-testid=waterfall]')!;
      return 1 - scrollTop / Math.max(1, scrollHeight - clientHeight);
    });
  const grid = (await page.getByTestId('waterfall').boundingBox())!;
  const [x, y] = [grid.x + grid.width * 0.7, grid.y + grid.height / 2];
  await page.mouse.move(x, y);
  await watchFrames(page);
  let left = 1;
  const events = await mainThreadEvents(browser, page, async () => {
    // Down through the whole trace by the wheel, as a trackpad sends events; the first seconds at a hand's pace.
    const startMs = performance.now();
    while (left > 0.001 && performance.now() - startMs < 60_000) {
      const deltaY = performance.now() - startMs < 6_000 ? 600 : 12_000;
      await cdp.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY });
      left = await unscrolled();
    }
    // Zoom at the pointer, then drag the time.
    for (let i = 0; i < 60; i++) {
      await cdp.send('Input.dispatchMouseEvent', {
        ...{ type: 'mouseWheel', x, y, deltaX: 0, deltaY: i < 40 ? -60 : 60, modifiers: 2 },
      });
    }
    const map = (await page.getByTestId('minimap').boundingBox())!;
    await page.mouse.move(map.x + 200, map.y + 20);
    await page.mouse.down();
    for (let i = 0; i < 90; i++) {
      await page.mouse.move(map.x + 200 + i * 6, map.y + 20);
    }
    await page.mouse.up();
  });
  const frames = await framesSeen(page);
  const { workMs, longestMs } = mainThread(events);
  const late = frames.filter((ms) => ms > 25).length / frames.length;
  add('G2', `main-thread work a frame, p99 of ${workMs.length} frames`, spread(workMs).p99, 'ms', 10);
  add('G2', `frames later than 25 ms, of ${frames.length}`, late * 100, '%', 1);
  add('G2', 'longest task', longestMs, 'ms', 50);
  add('G2', 'not scrolled through, of the whole trace', left * 100, '%', 1);
  await page.context().close();
}

/** Gaps between frames, kept in the page. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let before = performance.now();
    const frame = (now: number): void => {
      gaps.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(globalThis, { benchFrames: gaps });
  });
}

async function framesSeen(page: Page): Promise<readonly number[]> {
  return page.evaluate(() => (globalThis as unknown as { benchFrames: number[] }).benchFrames.slice(1));
}

/** What tasks took between one frame and the next, and the longest of them. */
function mainThread(events: readonly BrowserTraceEvent[]): {
  readonly workMs: readonly number[];
  readonly longestMs: number;
} {
  const tasks = tasksOf(events);
  const begins = events
    // One a frame: that of `watchFrames`.
    .filter(({ name }) => name === 'FireAnimationFrame')
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const workMs: number[] = [];
  let task = 0;
  for (let frame = 1; frame < begins.length; frame++) {
    let work = 0;
    // A task belongs to the frame in which it ends.
    while (task < tasks.length && tasks[task].ts + tasks[task].dur! <= begins[frame]) {
      work += tasks[task++].dur!;
    }
    workMs.push(work / 1000);
  }
  return { workMs, longestMs: tasks.reduce((longest, { dur }) => Math.max(longest, dur!), 0) / 1000 };
}

// G3.

const gridRows = { selector: '[role=treegrid]', attribute: 'aria-rowcount' } as const;
const grouped = { selector: '[role=table] [role=columnheader]', attribute: '' } as const;
const matchCount = { selector: ':has(> [aria-label="Find in this trace"]) > [role=status]', attribute: '' } as const;

async function answers(traceId: string): Promise<void> {
  const page = await newPage(`/trace/${traceId}?show=all`);
  await page.locator('[role=treegrid] [role=row]').first().waitFor({ timeout: 60_000 });
  add('G3', 'all attribute columns loaded, after navigation', (await whenLoaded(page)) / 1000, 's');
  const pause = (): Promise<void> => page.waitForTimeout(200);

  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('Home');
  const collapse: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const key of ['[', ']']) {
      collapse.push(await untilChange(page, 'keydown', gridRows, () => page.keyboard.press(key)));
      await pause();
    }
  }
  add('G3', 'collapse or open a level: key → next painted frame', median(collapse), 'ms', 50);

  // Words of different counts, so that each answer is seen.
  const find = page.getByRole('textbox', { name: 'Find in this trace' });
  const typed: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const word of ['cache', 'items', 'batch', 'nowhere']) {
      typed.push(await untilChange(page, 'input', matchCount, () => find.fill(word)));
      await pause();
    }
  }
  add('G3', 'text search: input → count on the screen, first', typed[0], 'ms');
  add('G3', 'text search: input → count on the screen', median(typed), 'ms', 100);
  await find.fill('');

  // Spans that do not match are hidden, so that the answer is seen in the number of rows.
  await page.goto(`${server.queryUrl}/trace/${traceId}?show=all&rest=hidden`);
  await page.locator('[role=treegrid] [role=row]').first().waitFor({ timeout: 60_000 });
  await whenLoaded(page);
  const filtered: number[] = [];
  await page.getByLabel('Filter spans').focus();
  for (let run = 0; run < runs; run++) {
    await page.locator('.cm-content').fill('{ name = "price" }');
    await page.keyboard.press('Escape');
    filtered.push(await untilChange(page, 'keydown', gridRows, () => page.keyboard.press('Enter')));
    await page.getByRole('button', { name: 'Clear' }).click();
    await pause();
  }
  add('G3', 'filter: Enter → rows painted', median(filtered), 'ms', 50);

  await page.goto(`${server.queryUrl}/trace/${traceId}?view=statistics`);
  await page.locator('[role=table] [role=row]').nth(1).waitFor({ timeout: 60_000 });
  await whenLoaded(page);
  const grouping = page.getByRole('combobox', { name: 'Grouping 1' });
  const own = await grouping.inputValue();
  const chosen: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const attribute of ['kind', own]) {
      chosen.push(
        await untilChange(page, 'change', grouped, async () => void (await grouping.selectOption(attribute)))
      );
      await pause();
    }
  }
  add('G3', 'group: choice → table painted', median(chosen), 'ms', 50);
  await page.context().close();
}

/** What is watched: an attribute of an element, or its text. */
interface Watched {
  readonly selector: string;
  /** Empty: the text. */
  readonly attribute: string;
}

/** From the input event until the frame after what is watched says something else, ms. Errors: it did not within 10 s. */
async function untilChange(
  page: Page,
  event: 'keydown' | 'input' | 'change',
  watched: Watched,
  act: () => Promise<void>
): Promise<number> {
  const seen = page.evaluate(
    ({ type, selector, attribute }) =>
      new Promise<number>((resolve, reject) => {
        const valueOf = (): string | null => {
          const element = document.querySelector(selector);
          return element === null ? null : attribute === '' ? element.textContent : element.getAttribute(attribute);
        };
        const before = valueOf();
        const onEvent = ({ timeStamp }: Event): void => {
          const look = (): void => {
            const value = valueOf();
            if (value !== null && value !== before) {
              requestAnimationFrame(() => resolve(performance.now() - timeStamp));
            } else if (performance.now() - timeStamp > 10_000) {
              reject(new Error(`${selector} still says ${before}`));
            } else {
              requestAnimationFrame(look);
            }
          };
          requestAnimationFrame(look);
        };
        document.addEventListener(type, onEvent, { capture: true, once: true });
      }),
    { type: event, ...watched }
  );
  // The listener has to be there first.
  await page.evaluate(() => undefined);
  await act();
  return seen;
}

// G4.

interface MemoryMeasurement {
  readonly bytes: number;
  readonly breakdown: readonly { readonly attribution: readonly { readonly scope: string }[] }[];
}

/** JavaScript and array buffers of page and workers, MB, after collection. Errors: a worker that should be in it is not. */
async function megabytes(page: Page, hasWorker: boolean): Promise<number> {
  const { bytes, breakdown } = await page.evaluate(() =>
    (
      performance as unknown as { measureUserAgentSpecificMemory(): Promise<MemoryMeasurement> }
    ).measureUserAgentSpecificMemory()
  );
  const scopes = breakdown.flatMap(({ attribution }) => attribution.map(({ scope }) => scope));
  if (hasWorker && !scopes.includes('DedicatedWorkerGlobalScope')) {
    throw new Error(`memory of ${scopes.join(', ')}, not of the trace's worker`);
  }
  return bytes / 1e6;
}

/** The browser tells memory of workers only to an isolated page. */
async function isolated(page: Page): Promise<void> {
  await page.route('**/*', async (route) => {
    const response = await route.fetch();
    const headers = {
      ...response.headers(),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    };
    await route.fulfill({ response, headers });
  });
  await page.reload();
}

async function memory(traceId: string): Promise<void> {
  const page = await newPage('/search');
  await isolated(page);
  const field = page.getByRole('textbox', { name: 'Trace id' });
  const open = async (): Promise<void> => {
    await page.evaluate(() => performance.clearResourceTimings());
    await field.fill(traceId);
    await field.press('Enter');
    await page.locator('[role=treegrid] [role=row]').first().waitFor({ timeout: 60_000 });
    await whenLoaded(page);
  };
  const close = async (): Promise<void> => {
    await page.goBack();
    await page.locator('[role=treegrid]').waitFor({ state: 'detached' });
    await page.waitForTimeout(500);
  };
  // Code and caches of the first time are not the trace's.
  await open();
  await close();
  const empty = await megabytes(page, false);
  await open();
  add('G4', 'open, all attributes loaded: over the empty view', (await megabytes(page, true)) - empty, 'MB', 150);
  await close();
  for (let round = 0; round < 19; round++) {
    await open();
    await close();
  }
  add(
    'G4',
    'after opening and closing it 20 times: over the empty view',
    (await megabytes(page, false)) - empty,
    'MB',
    5
  );
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
}

// G7b.

async function bundles(traceId: string): Promise<void> {
  for (const [route, path, limit, ready] of [
    ['trace', `/trace/${traceId}`, 200, '[role=treegrid] [role=row]'],
    ['search', '/search', 300, 'main form, main [role=search], main button'],
  ] as const) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    const sizes = new Map<string, number>();
    const urls = new Map<string, string>();
    cdp.on('Network.responseReceived', ({ requestId, response }) => void urls.set(requestId, response.url));
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const url = urls.get(requestId) ?? '';
      if (/\.(js|css)(\?|$)/.test(url)) {
        sizes.set(url, encodedDataLength);
      }
    });
    await page.goto(`${server.queryUrl}${path}`);
    await page.locator(ready).first().waitFor({ timeout: 60_000 });
    const kilobytes = [...sizes.values()].reduce((sum, size) => sum + size, 0) / 1000;
    add('G7b', `code to paint the ${route} route, on the wire`, kilobytes, 'kB', limit);
    await context.close();
    const paints: number[] = [];
    for (let run = 0; run < runs; run++) {
      paints.push(await slowPaint(path));
    }
    add('G7b', `first paint of the ${route} route at 1.6 Mbit/s, 150 ms`, median(paints), 'ms', 2_000);
  }
}

async function slowPaint(path: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: 1.6e6 / 8,
    uploadThroughput: 1.6e6 / 8,
  });
  await page.goto(`${server.queryUrl}${path}`, { waitUntil: 'commit' });
  const painted = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          for (const { name, startTime } of list.getEntries()) {
            if (name === 'first-contentful-paint') {
              resolve(startTime);
            }
          }
        }).observe({ type: 'paint', buffered: true });
      })
  );
  await context.close();
  return painted;
}

// What runs.

execFileSync(process.execPath, [join(root, 'scripts', 'build-standalone.mjs')], { cwd: root, stdio: 'inherit' });
const folder = mkdtempSync(join(tmpdir(), 'vivace-bench-page-'));
const server = await startVivace(join(folder, 'data'), ['--page-dir', join(root, 'build', 'standalone')]);
const browser = await launch();
try {
  await measure();
} finally {
  await browser.close();
  server.process.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\nVivace ${server.version}, Chromium ${browser.version()}, ${runs} runs, medians\n`);
console.log(rows.map(lineOf).join('\n'));
process.exitCode = rows.some(({ reached }) => reached === false) ? 1 : 0;
