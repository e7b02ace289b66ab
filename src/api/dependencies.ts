/** Who calls whom, counted from whole traces: the dependency graphs of Jaeger and Zipkin. */
import { attributeOf, serviceNameOf, type Span, type Trace } from '../trace/model.ts';
import { buildTree } from '../trace/tree.ts';
import type { TimeRange } from '../store/trace-store.ts';
import type { ApiContext, ApiRequest } from './exchange.ts';
import { traceQuery } from './span-filter.ts';
import type { Found } from './whole-traces.ts';

export interface ServiceCalls {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
}

/** Newest traces looked at: enough for true proportions, and seconds of work at most. */
export const dependencyTracesMax = 2_000;
const dependencySpansMax = 500_000;

/** Of the newest traces in the range, by caller, then callee. What was left out is said. */
export async function serviceDependencies(
  { tenant, signal }: Pick<ApiRequest, 'tenant' | 'signal'>,
  { store }: Pick<ApiContext, 'store'>,
  range: TimeRange
): Promise<Found<readonly ServiceCalls[]>> {
  const limit = dependencyTracesMax + 1;
  const answer = await store.search({ tenant, query: traceQuery([]), range, limit, spansPerSpanset: 1, signal });
  const graph = new CallGraph();
  let [traces, spans] = [0, 0];
  for (const { traceId } of answer.data) {
    signal?.throwIfAborted();
    if (traces === dependencyTracesMax || spans >= dependencySpansMax) {
      const warning = `counted from the newest ${traces} traces of the range only`;
      return { found: graph.sorted(), warnings: [...answer.warnings, warning] };
    }
    const { data: trace } = await store.trace({ tenant, traceId, signal });
    if (trace !== undefined) {
      graph.addTrace(trace);
      traces++;
      spans += trace.spans.length;
    }
  }
  return { found: graph.sorted(), warnings: answer.warnings };
}

const [server, client, producer, consumer] = [2, 3, 4, 5];
const errorStatus = 2;

/**
 * A call is a span whose parent is a span of another service. Where only one side was traced, the attribute `peer.service` names the
 * other: of a client or producer span that nobody else continues, and of a server or consumer span without a parent.
 */
class CallGraph {
  private readonly calls = new Map<string, { parent: string; child: string; callCount: number; errorCount: number }>();

  addTrace(trace: Trace): void {
    const { spans } = trace;
    const { parent } = buildTree(trace);
    const isContinued = new Uint8Array(spans.length);
    spans.forEach((span, index) => {
      const caller = parent[index] === -1 ? undefined : spans[parent[index]];
      if (caller !== undefined && serviceOf(caller) !== serviceOf(span)) {
        isContinued[parent[index]] = 1;
        const failed = isFailed(span) || (caller.kind === client && isFailed(caller));
        this.add(serviceOf(caller), serviceOf(span), failed);
      }
    });
    spans.forEach((span, index) => {
      const peer = peerOf(span);
      const calls = span.kind === client || span.kind === producer;
      const isCalled = span.kind === server || span.kind === consumer;
      if (calls && isContinued[index] === 0) {
        this.add(serviceOf(span), peer, isFailed(span));
      } else if (isCalled && parent[index] === -1) {
        this.add(peer, serviceOf(span), isFailed(span));
      }
    });
  }

  sorted(): ServiceCalls[] {
    return [...this.calls.values()].sort((a, b) => compareText(a.parent, b.parent) || compareText(a.child, b.child));
  }

  private add(parent: string, child: string, isError: boolean): void {
    if (parent === '' || child === '') {
      return;
    }
    const key = JSON.stringify([parent, child]);
    const calls = this.calls.get(key) ?? { parent, child, callCount: 0, errorCount: 0 };
    calls.callCount++;
    calls.errorCount += Number(isError);
    this.calls.set(key, calls);
  }
}

const serviceOf = (span: Span): string => serviceNameOf(span.resource);
const isFailed = (span: Span): boolean => span.statusCode === errorStatus;

function peerOf(span: Span): string {
  const value = attributeOf(span.attributes, 'peer.service');
  return value?.type === 'string' ? value.value : '';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
