/** What each kind of query answers with: frames, and for streams the frames so far. */
import {
  CoreApp,
  locationUtil,
  type DataFrame,
  type DataLink,
  type QueryResultMetaNotice,
  type TimeRange,
} from '@grafana/data';
import { config, getDataSourceSrv } from '@grafana/runtime';
import type { Client } from '../api/client.ts';
import type { TraceId } from '../trace/model.ts';
import { shiftMs, type LinkedDataSource } from '../ui/links/span-links.ts';
import { metricsFrames } from './frames/metrics-frame.ts';
import { graphSpansMax, nodeGraphFrames } from './frames/node-graph-frames.ts';
import { progressFrame } from './frames/progress-frame.ts';
import { searchFrames } from './frames/search-frame.ts';
import { emptyTraceFrame, traceFrame } from './frames/trace-frame.ts';
import { frameLinks } from './links/frame-links.ts';
import { unitOfMetrics, type QueryPlan } from './query.ts';
import { secondsOf } from './range.ts';
import { explorePanelId, type VivaceJsonData } from './settings.ts';
import { answerMetrics, answerSearch, type StreamProgress, type Transports } from './streaming.ts';
import type { SecondsRange } from './tempo-requests.ts';

export interface AnswerContext {
  readonly refId: string;
  readonly range: TimeRange;
  readonly intervalMs: number;
  readonly app: string;
  /** The data source that answers: links in tables lead to it. */
  readonly target: { readonly uid: string; readonly name: string };
  readonly settings: VivaceJsonData;
  readonly client: Client;
  readonly transports: Transports;
  readonly signal: AbortSignal;
  /** Frames so far, each time all of them. */
  readonly onPartial: (frames: DataFrame[]) => void;
}

export async function searchAnswer(plan: QueryPlan & { kind: 'search' }, context: AnswerContext): Promise<DataFrame[]> {
  const { refId, target, settings, signal } = context;
  const options = { refId, tableType: plan.tableType, target, theme: config.theme2 };
  const search = { ...plan, ...secondsOf(context.range) };
  const onPartial = partials(context, (body: Parameters<typeof searchFrames>[0]) => searchFrames(body, options));
  const streams = settings.streamingEnabled?.search !== false && plan.tableType !== 'raw';
  const { body, notice } = await answerSearch(context.transports, search, signal, streams ? onPartial : undefined);
  return withNotices(searchFrames(body, { ...options, limit: plan.limit }), infos(notice));
}

export async function metricsAnswer(
  plan: QueryPlan & { kind: 'metrics' },
  context: AnswerContext
): Promise<DataFrame[]> {
  const { refId, range, target, settings, signal } = context;
  const step = plan.step ?? `${Math.max(1, Math.ceil(context.intervalMs / 1000))}s`;
  const options = {
    refId,
    target,
    instant: plan.instant,
    instantAtMs: range.to.valueOf(),
    stepMs: plan.instant ? undefined : shiftMs(step, 0) || undefined,
    unit: unitOfMetrics(plan.traceql),
  };
  const onPartial = partials(context, (body: Parameters<typeof metricsFrames>[0]) => metricsFrames(body, options));
  const metrics = { ...plan, step, ...secondsOf(range) };
  const streams = settings.streamingEnabled?.metrics !== false;
  const { body, notice } = await answerMetrics(context.transports, metrics, signal, streams ? onPartial : undefined);
  return withNotices(metricsFrames(body, options), infos(notice));
}

/** Explore has room for the progress; a panel shows its own sign of loading, and one frame more would change what it draws. */
function partials<Body>(
  { app, refId, onPartial }: AnswerContext,
  framesOf: (body: Body) => DataFrame[]
): (body: Body, progress: StreamProgress) => void {
  const beganMs = performance.now();
  return (body, progress) => {
    const progressFrames = app === CoreApp.Explore ? [progressFrame(refId, progress, performance.now() - beganMs)] : [];
    onPartial([...framesOf(body), ...progressFrames]);
  };
}

/** A trace comes back whole; the time range is used only where the settings ask for it. */
export async function traceAnswer(traceId: TraceId, context: AnswerContext): Promise<DataFrame[]> {
  const { refId, settings, target } = context;
  const answer = await context.client.trace(traceId, context.signal, lookUpRange(settings, context.range));
  const spans = answer.data ?? [];
  if (spans.length === 0) {
    return [emptyTraceFrame(refId)];
  }
  const links = frameLinks(settings, findDataSource);
  const frame = traceFrame(spans, {
    refId,
    links: [fullViewLink(target.uid), ...links.span],
    tagLinks: links.tags,
    panelId: explorePanelId(settings.exploreTraceView, spans.length),
  });
  const withGraph = settings.nodeGraph?.enabled === true;
  const isTooLarge = withGraph && spans.length > graphSpansMax;
  const warnings = answer.partial && answer.warnings.length === 0 ? ['The trace is incomplete.'] : answer.warnings;
  const frames = withGraph && !isTooLarge ? [frame, ...nodeGraphFrames(spans, refId)] : [frame];
  return withNotices(frames, [
    ...warnings.map((text) => ({ severity: 'warning' as const, text })),
    ...infos(isTooLarge ? `No node graph: it would have more than ${graphSpansMax} nodes.` : undefined),
  ]);
}

/** Around the range by the settings' shifts, half an hour by default; `undefined`: everywhere. */
function lookUpRange({ traceQuery }: VivaceJsonData, range: TimeRange): SecondsRange | undefined {
  const { timeShiftEnabled, spanStartTimeShift, spanEndTimeShift } = traceQuery ?? {};
  if (timeShiftEnabled !== true) {
    return undefined;
  }
  const { startSeconds, endSeconds } = secondsOf(range);
  // Written without a sign, shifts lead away from the range, as with Tempo.
  const before = Math.abs(shiftMs(spanStartTimeShift, 1_800_000)) / 1000;
  const after = Math.abs(shiftMs(spanEndTimeShift, 1_800_000)) / 1000;
  return { startSeconds: Math.max(0, Math.floor(startSeconds - before)), endSeconds: Math.ceil(endSeconds + after) };
}

export function findDataSource(uid: string): LinkedDataSource | undefined {
  const found = uid === '' ? undefined : getDataSourceSrv().getInstanceSettings(uid);
  return found && { uid: found.uid, name: found.name, type: found.type };
}

/** The full view of a trace, where Grafana runs below a path too. */
export function fullViewHref(datasourceUid: string, traceId: string): string {
  return locationUtil.assureBaseUrl(
    `/a/vivace-traces-app/trace/${encodeURIComponent(traceId)}?ds=${encodeURIComponent(datasourceUid)}`
  );
}

/** The trace on the app's own page, from any span. */
function fullViewLink(datasourceUid: string): DataLink {
  return {
    title: 'Open in Vivace',
    url: `/a/vivace-traces-app/trace/\${__data.fields.traceID}?span=\${__data.fields.spanID}&ds=${encodeURIComponent(datasourceUid)}`,
    targetBlank: true,
  };
}

function infos(text: string | undefined): QueryResultMetaNotice[] {
  return text === undefined ? [] : [{ severity: 'info', text }];
}

/** Panels show the notices of every frame; they stand on the first. */
export function withNotices(frames: DataFrame[], notices: readonly QueryResultMetaNotice[]): DataFrame[] {
  const [first] = frames;
  if (first !== undefined && notices.length > 0) {
    first.meta = { ...first.meta, notices: [...(first.meta?.notices ?? []), ...notices] };
  }
  return frames;
}
