/** What Chromium's trace says of a page's main thread. */
import type { Browser, Page } from '@playwright/test';

/** As Chromium writes it; times in microseconds. */
export interface BrowserTraceEvent {
  readonly name: string;
  /** `X`: complete, with a duration. */
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  /** On the processor. */
  readonly tdur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

/** The events of the main thread of the page while `work` ran: of several renderers the busiest is the page's. */
export async function mainThreadEvents(
  browser: Browser,
  page: Page,
  work: () => Promise<void>
): Promise<readonly BrowserTraceEvent[]> {
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'],
  });
  await work();
  const trace = JSON.parse((await browser.stopTracing()).toString('utf8')) as {
    readonly traceEvents: readonly BrowserTraceEvent[];
  };
  const [busiest = []] = trace.traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
    .map(({ pid, tid }) => trace.traceEvents.filter((event) => event.pid === pid && event.tid === tid))
    .sort((a, b) => b.length - a.length);
  return busiest;
}

export function tasksOf(events: readonly BrowserTraceEvent[]): readonly BrowserTraceEvent[] {
  return events.filter(({ name, ph }) => name === 'RunTask' && ph === 'X').sort((a, b) => a.ts - b.ts);
}
