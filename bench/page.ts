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
import type { Browser, CDPSession, Page } from '@playwright/test';
import { generate } from '../scripts/traces/generate.ts';
import { sendBatches } from '../scripts/traces/send.ts';
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
process.exit(rows.some(({ reached }) => reached === false) ? 1 : 0);

/** Chromium with all its processes on the last core. */
async function launch(): Promise<Browser> {
  const taskset = ['/usr/bin/taskset', '/bin/taskset'].find((file) => existsSync(file));
  const { executablePath = chromium.executablePath(), args } = chromiumLaunch;
  if (taskset === undefined) {
    console.log('taskset is not here: Chromium has all cores');
    return chromium.launch({ executablePath, args });
  }
  const wrapper = join(folder, 'chromium-on-one-core');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${taskset} -c ${availableParallelism() - 1} '${executablePath}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  return chromium.launch({ executablePath: wrapper, args: [...args] });
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
          const look = (): void => {
            const nowMs = performance.now();
            const isThere = document.querySelector('[role=treegrid] [role=row]') !== null;
            rowsAtMs = rowsAtMs === 0 && isThere ? nowMs : rowsAtMs;
            const canvas = document.querySelector<HTMLCanvasElement>('[data-testid=minimap] canvas');
            if (rowsAtMs > 0 && canvas !== null && canvas.width > 300) {
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

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

async function scrolling(traceId: string): Promise<void> {
  const page = await openAll(traceId);
  const cdp = await page.context().newCDPSession(page);
  const grid = (await page.getByTestId('waterfall').boundingBox())!;
  const [x, y] = [grid.x + grid.width * 0.7, grid.y + grid.height / 2];
  await page.mouse.move(x, y);
  await watchFrames(page);
  const events = await traced(cdp, async () => {
    // Down through the whole trace by the wheel, 60 events a second as a trackpad sends them.
    const untilMs = performance.now() + 7_000;
    while (performance.now() < untilMs) {
      await cdp.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY: 6_000 });
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
  const scrolled = await page.evaluate(() => {
    const scroller = document.querySelector('[data-testid=waterfall]')!;
    return scroller.scrollTop / Math.max(1, scroller.scrollHeight - scroller.clientHeight);
  });
  const { workMs, longestMs } = mainThread(events);
  const late = frames.filter((ms) => ms > 25).length / frames.length;
  add('G2', `main-thread work a frame, p99 of ${workMs.length} frames`, spread(workMs).p99, 'ms', 10);
  add('G2', `frames later than 25 ms, of ${frames.length}`, late * 100, '%', 1);
  add('G2', 'longest task', longestMs, 'ms', 50);
  add('G2', 'scrolled through, of the whole trace', scrolled * 100, '%');
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

async function traced(cdp: CDPSession, work: () => Promise<void>): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = [];
  cdp.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value as unknown as TraceEvent[]) {
      events.push(event);
    }
  });
  const complete = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'],
    },
  });
  await work();
  await cdp.send('Tracing.end');
  await complete;
  return events;
}

/** Tasks of the page's main thread: what they took between one frame and the next, and the longest. */
function mainThread(events: readonly TraceEvent[]): { readonly workMs: readonly number[]; readonly longestMs: number } {
  const names = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const taskName = 'RunTask';
  const busy = names
    .map(({ pid, tid }) => events.filter((event) => event.pid === pid && event.tid === tid))
    .sort((a, b) => b.length - a.length)[0];
  const tasks = busy.filter(({ name, ph }) => name.endsWith(taskName) && ph === 'X').sort((a, b) => a.ts - b.ts);
  const begins = busy
    .filter(({ name }) => name === 'BeginMainThreadFrame')
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

async function answers(traceId: string): Promise<void> {
  const opened = await newPage(`/trace/${traceId}?show=all`);
  await opened.locator('[role=treegrid] [role=row]').first().waitFor({ timeout: 60_000 });
  add('G3', 'all attribute columns loaded, after navigation', (await whenLoaded(opened)) / 1000, 's');
  const page = opened;
  await page.getByTestId('waterfall').focus();
  await page.keyboard.press('Home');
  const collapse: number[] = [];
  for (let run = 0; run < runs; run++) {
    collapse.push(await untilChange(page, '[role=treegrid]', 'aria-rowcount', () => page.keyboard.press('[')));
    await page.waitForTimeout(200);
    collapse.push(await untilChange(page, '[role=treegrid]', 'aria-rowcount', () => page.keyboard.press(']')));
    await page.waitForTimeout(200);
  }
  add('G3', 'collapse or open a level: key → next painted frame', median(collapse), 'ms', 50);
  await page.keyboard.press('/');
  const typed: number[] = [];
  for (const letter of 'items'.repeat(Math.ceil(runs / 2)).slice(0, 25)) {
    typed.push(await untilText(page, () => page.keyboard.type(letter)));
    if (typed.length % 5 === 0) {
      for (let i = 0; i < 5; i++) {
        await page.keyboard.press('Backspace');
      }
      await page.waitForTimeout(300);
    }
  }
  add('G3', 'text search: key → count on the screen, first', typed[0], 'ms');
  add('G3', 'text search: key → count on the screen', median(typed), 'ms', 100);
  await page.context().close();
}

/** From the event of the key until the frame after `attribute` of the element has changed, ms. */
async function untilChange(page: Page, selector: string, attribute: string, act: () => Promise<void>): Promise<number> {
  const seen = page.evaluate(
    ([query, name]) =>
      new Promise<number>((resolve) => {
        const valueOf = (): string | null => document.querySelector(query)!.getAttribute(name);
        const before = valueOf();
        document.addEventListener(
          'keydown',
          (event) => {
            const startMs = event.timeStamp;
            const look = (): void => {
              if (valueOf() === before) {
                requestAnimationFrame(look);
              } else {
                requestAnimationFrame(() => resolve(performance.now() - startMs));
              }
            };
            requestAnimationFrame(look);
          },
          { capture: true, once: true }
        );
      }),
    [selector, attribute] as const
  );
  await act();
  return seen;
}

/** From the event of the key until the frame after the count of matches has changed, ms. */
async function untilText(page: Page, act: () => Promise<void>): Promise<number> {
  const seen = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const textOf = (): string | undefined =>
          /[\d,]+ of [\d,]+|no match/i.exec(document.querySelector('main')!.innerText)?.[0];
        const before = textOf();
        document.addEventListener(
          'keydown',
          (event) => {
            const startMs = event.timeStamp;
            const look = (): void => {
              const isOver = performance.now() - startMs > 5_000;
              if (textOf() === before && !isOver) {
                setTimeout(look, 4);
              } else {
                requestAnimationFrame(() => resolve(performance.now() - startMs));
              }
            };
            setTimeout(look);
          },
          { capture: true, once: true }
        );
      })
  );
  await act();
  return seen;
}

// G4.

/** JavaScript heap and array buffers of page and workers, MB, after collection. */
async function heapMegabytes(page: Page, cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const bytes = await page.evaluate(async () => {
    const measured = performance as unknown as { measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> };
    return measured.measureUserAgentSpecificMemory === undefined
      ? undefined
      : (await measured.measureUserAgentSpecificMemory()).bytes;
  });
  if (bytes !== undefined) {
    return bytes / 1e6;
  }
  const { usedSize, backingStorageSize = 0 } = (await cdp.send('Runtime.getHeapUsage')) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return (usedSize + backingStorageSize) / 1e6;
}

async function memory(traceId: string): Promise<void> {
  const page = await newPage('/search');
  const cdp = await page.context().newCDPSession(page);
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
  const empty = await heapMegabytes(page, cdp);
  await open();
  add('G4', 'open, all attributes loaded: over the empty view', (await heapMegabytes(page, cdp)) - empty, 'MB', 150);
  await close();
  for (let round = 0; round < 19; round++) {
    await open();
    await close();
  }
  add(
    'G4',
    'after opening and closing it 20 times: over the empty view',
    (await heapMegabytes(page, cdp)) - empty,
    'MB',
    5
  );
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
    add('G7b', `first paint of the ${route} route at 1.6 Mbit/s, 150 ms`, await slowPaint(path), 'ms', 2_000);
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
