/**
 * One query as a task: plain data in, plain data out, so that it runs in any thread. What is asked travels as the store's request without
 * what cannot be cloned; heads travel as shared memory, blocks as entries of the manifest.
 */
import { unreachable } from '../../base/assert.ts';
import { CodedError, errorCodeOf } from '../../base/coded-error.ts';
import type {
  Answer,
  AttributeNamesRequest,
  AttributeValuesRequest,
  MetricsRequest,
  QueryProgress,
  QueryStats,
  SearchRequest,
  ServiceGraphRequest,
} from '../../store/trace-store.ts';
import type { ExplainRequest, QueryAnalysis } from '../../store/explanation.ts';
import type { TraceId } from '../../trace/model.ts';
import { openBlock, type BlockReader } from '../block/block-reader.ts';
import type { BlockMeta } from '../block/format.ts';
import { readFilter } from '../block/trace-filter.ts';
import { messageOf } from '../os-error.ts';
import type { TaskContext } from '../workers.ts';
import { attributeNamesView, attributeValuesView } from './attributes.ts';
import type { BlockList } from './block-list.ts';
import type { QueryLimits } from './control.ts';
import { explainView } from './explain.ts';
import { metricsView } from './metrics.ts';
import type { PinnedHead, QueryWorld } from './query-world.ts';
import { searchView } from './search.ts';
import { serviceGraphView } from './service-graph.ts';
import { traceView } from './trace.ts';
import type { StoreView } from './view.ts';
import { ViewBlock, type BlockSource } from './view-block.ts';

/** A request without what belongs to the thread that asks. */
type Portable<Request> = Omit<Request, 'tenant' | 'signal' | 'onProgress'>;

export type QueryRequest =
  | ({ readonly kind: 'trace' } & { readonly traceId: TraceId })
  | ({ readonly kind: 'search' } & Portable<SearchRequest>)
  | ({ readonly kind: 'metrics' } & Portable<MetricsRequest>)
  | ({ readonly kind: 'attribute-names' } & Portable<AttributeNamesRequest>)
  | ({ readonly kind: 'attribute-values' } & Portable<AttributeValuesRequest>)
  | ({ readonly kind: 'service-graph' } & Portable<ServiceGraphRequest>)
  | ({ readonly kind: 'explain' } & Portable<ExplainRequest>);

export interface QueryPayload {
  readonly heads: readonly PinnedHead[];
  /** Of each tenant asked about. */
  readonly blocks: readonly BlockList[];
  readonly request: QueryRequest;
  readonly limits: QueryLimits;
  /** Whether somebody looks on: then {@link QueryReport}s are told. */
  readonly reports: boolean;
}

export interface QueryResult {
  readonly answer: Answer<unknown>;
  /** Blocks that were left out, and why. */
  readonly damaged: readonly { readonly path: string; readonly warning: string }[];
}

/** A look at a running search or metrics query. */
export interface QueryReport {
  readonly stats: QueryStats;
  readonly stepsDone: number;
  readonly stepsTotal: number;
  readonly data: unknown;
}

/** Damage found on the way takes its block out of the view, and the rest answers again. */
export async function runQuery(payload: QueryPayload, world: QueryWorld, context: TaskContext): Promise<QueryResult> {
  const { nowMs, breathe, memoryBytes } = world;
  const stopped = (): boolean => context.stopped();
  const control = { limits: payload.limits, startedMs: nowMs(), stopped, nowMs, memoryBytes, breathe };
  const heads = payload.heads.map((head) => world.openHead(head));
  const damaged: { path: string; warning: string }[] = [];
  const warned: string[] = [];
  const leaveOut = (path: string, error: unknown): void => {
    world.forget({ paths: [path] });
    const warning = `block ${path} is left out: ${messageOf(error)}`;
    warned.push(warning);
    // What is only away comes back by itself.
    if (errorCodeOf(error) !== 'unavailable') {
      damaged.push({ path, warning });
    }
  };
  const distrusted = new Set<string>();
  const opened: BlockReader[] = [];
  const source = blockSource(world, opened, leaveOut);
  let blocks = payload.blocks.flatMap((list) => world.openBlocks(list)).map((known) => new ViewBlock(known, source));
  const onProgress = payload.reports ? throttled(context, nowMs) : undefined;
  for (;;) {
    try {
      const view = {
        heads,
        blocks,
        opened,
        splits: world.splits,
        told: world.told,
        control,
        readsAhead: world.disk.readsAhead,
      };
      const answer = await answerOf(view, payload.request, onProgress, world);
      const warnings = [...warned, ...answer.warnings];
      return { answer: { ...answer, partial: answer.partial || warned.length > 0, warnings }, damaged };
    } catch (error) {
      const file = fileAtFault(error);
      const rest = blocks.filter(({ meta }) => meta.path !== file);
      if (file === undefined || rest.length === blocks.length) {
        throw error;
      }
      if (errorCodeOf(error) === 'corrupt' && !distrusted.has(file) && (await world.disk.distrust?.(file)) === true) {
        // Perhaps only a copy of the block was damaged.
        distrusted.add(file);
        world.forget({ paths: [file] });
        continue;
      }
      blocks = rest;
      leaveOut(file, error);
    }
  }
}

/** Opens blocks as a query gets to them. Who cannot be opened is left out. */
function blockSource(
  world: QueryWorld,
  opened: BlockReader[],
  leaveOut: (path: string, error: unknown) => void
): BlockSource {
  const { disk, cache } = world;
  return {
    open: async (meta) => {
      try {
        const reader = await openTwice(meta, world);
        opened.push(reader);
        return reader;
      } catch (error) {
        leaveOut(meta.path, error);
        return undefined;
      }
    },
    filterAtHand: ({ path }) => cache.traceFilters.get(`${path} `),
    readFilter: async (meta) => {
      try {
        const filter = await readFilter(disk, meta);
        if (filter !== undefined) {
          cache.traceFilters.set(`${meta.path} `, filter, filter.length);
        }
        return filter;
      } catch {
        // The block itself is asked instead, and says what is wrong with it.
        return undefined;
      }
    },
  };
}

/** Once more, when only a copy of the block may have been damaged. */
async function openTwice(meta: BlockMeta, { disk, codecs, cache }: QueryWorld): Promise<BlockReader> {
  try {
    return await openBlock(disk, meta, codecs, cache);
  } catch (error) {
    if (errorCodeOf(error) === 'corrupt' && (await disk.distrust?.(meta.path)) === true) {
      return openBlock(disk, meta, codecs, cache);
    }
    throw error;
  }
}

/** The block without which the rest may answer: its bytes are damaged, or cannot be had now. */
function fileAtFault(error: unknown): string | undefined {
  const mayGoOn = error instanceof CodedError && (error.code === 'corrupt' || error.code === 'unavailable');
  const file = mayGoOn ? error.details['file'] : undefined;
  return typeof file === 'string' ? file : undefined;
}

type OnProgress = (progress: QueryProgress<unknown>) => void;

function answerOf(
  view: StoreView,
  request: QueryRequest,
  onProgress: OnProgress | undefined,
  { nowMs, cpuMs }: QueryWorld
): Promise<Answer<unknown>> {
  // The tenant decided what the view holds; nothing below asks for it.
  const tenant = '';
  switch (request.kind) {
    case 'trace':
      return traceView(view, request);
    case 'search':
      return searchView(view, { ...request, tenant, onProgress });
    case 'metrics':
      return metricsView(view, { ...request, tenant, onProgress });
    case 'attribute-names':
      return attributeNamesView(view, { ...request, tenant });
    case 'attribute-values':
      return attributeValuesView(view, { ...request, tenant });
    case 'service-graph':
      return serviceGraphView(view, { ...request, tenant });
    case 'explain': {
      const { analyze } = request;
      return explainView(
        view,
        request,
        analyze === undefined ? undefined : () => analysisOf(view, { ...request, analyze }, { nowMs, cpuMs })
      );
    }
    default:
      return unreachable(request);
  }
}

const exemplarsDefault = 0;
const spansPerSpansetDefault = 3;

/** Runs the query and measures it. */
async function analysisOf(
  view: StoreView,
  { query, range, analyze }: Portable<ExplainRequest> & { readonly analyze: NonNullable<ExplainRequest['analyze']> },
  { nowMs, cpuMs }: Pick<QueryWorld, 'nowMs' | 'cpuMs'>
): Promise<QueryAnalysis> {
  const tenant = '';
  const [startMs, startCpuMs] = [nowMs(), cpuMs()];
  const { data, stats, partial, warnings } =
    'limit' in analyze
      ? await searchView(view, { tenant, query, range, limit: analyze.limit, spansPerSpanset: spansPerSpansetDefault })
      : await metricsView(view, {
          tenant,
          query,
          startUnixNanos: range.startUnixNanos ?? 0n,
          endUnixNanos: range.endUnixNanos ?? 0n,
          stepNanos: analyze.stepNanos,
          exemplars: exemplarsDefault,
        });
  const [durationMs, cpu] = [nowMs() - startMs, cpuMs() - startCpuMs];
  return { results: data.length, durationMs, cpuMs: cpu, stats, partial, warnings };
}

/** Often enough to look alive. Who looks on waits a little longer where a look costs much: looks take a tenth of the time at most. */
const reportIntervalMs = 100;

function throttled(context: TaskContext, nowMs: () => number): OnProgress {
  let nextMs = nowMs();
  return ({ stats, stepsDone, stepsTotal, data }) => {
    const startMs = nowMs();
    if (startMs >= nextMs) {
      const report: QueryReport = { stats, stepsDone, stepsTotal, data: data() };
      context.report(report);
      const endMs = nowMs();
      nextMs = endMs + Math.max(reportIntervalMs, 10 * (endMs - startMs));
    }
  };
}
