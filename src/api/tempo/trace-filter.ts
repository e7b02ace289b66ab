/** `q` of a trace by id: some spans of a trace, with as much of the hierarchy around them as is asked for. */
import type { Span, Trace } from '../../trace/model.ts';
import type { IntrinsicName, Query } from '../../traceql/ast.ts';
import { fieldsOf } from '../../traceql/conditions.ts';
import { evaluateTrace } from '../../traceql/evaluate.ts';
import { boolParam, invalid, integerParam } from './params.ts';
import { checkedQuery } from './query.ts';

export interface TraceFilter {
  /** One spanset filter over what a span alone knows. */
  readonly query: Query;
  /** Generations of ancestors, and of descendants, that are kept with each match; −1: all. */
  readonly ancestorDepth: number;
  readonly descendantDepth: number;
}

/** What is known only of a trace. Tempo does not take it here; we could, but a client could not rely on it. */
const ofTraces: ReadonlySet<IntrinsicName> = new Set<IntrinsicName>([
  'trace:id',
  'rootName',
  'rootServiceName',
  'traceDuration',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
  'span:childCount',
]);

/** `undefined` when the trace is wanted whole. The companions of `q` are read only where they mean something. Errors: `invalid_argument`, `query_invalid`. */
export function traceFilter(params: URLSearchParams): TraceFilter | undefined {
  const text = (params.get('q') ?? '').trim();
  if (text === '') {
    return undefined;
  }
  const keepHierarchy = boolParam(params, 'keep_hierarchy') ?? false;
  return {
    query: spanFilter(text),
    ancestorDepth: keepHierarchy ? depthParam(params, 'ancestor_depth', -1) : 0,
    descendantDepth: depthParam(params, 'match_depth', 0),
  };
}

function spanFilter(text: string): Query {
  const query = checkedQuery(text);
  const stages = query.body.kind === 'pipeline' ? query.body.stages : [];
  if (stages.length !== 1 || stages[0].kind !== 'spanset-filter') {
    throw invalid('invalid TraceQL filter: q of a trace is one spanset filter such as { status = error }');
  }
  const fields = fieldsOf(query);
  for (const field of fields === 'all' ? [] : fields) {
    if (field.kind === 'parent' || (field.kind === 'intrinsic' && ofTraces.has(field.name))) {
      throw invalid(`invalid TraceQL filter: ${field.name} is not known of a span alone`);
    }
  }
  return query;
}

function depthParam(params: URLSearchParams, name: string, fallback: number): number {
  const depth = integerParam(params, name) ?? fallback;
  if (depth < -1) {
    throw invalid(`invalid value for ${name}: must be >= -1`);
  }
  return depth;
}

/** The spans that match and their relatives, in the order of the trace. Spans that share an id are kept or left together as relatives. */
export function filterTrace({ query, ancestorDepth, descendantDepth }: TraceFilter, trace: Trace): readonly Span[] {
  const { spans } = trace;
  const matches = new Set(evaluateTrace(query, trace).flatMap((spanset) => spanset.spans));
  const seeds = [...matches].map((index) => spans[index].spanId);
  const relatives = new Set([
    ...reach(seeds, ancestorDepth, () => linksOf(spans, (span) => [span.spanId, span.parentSpanId])),
    ...reach(seeds, descendantDepth, () => linksOf(spans, (span) => [span.parentSpanId, span.spanId])),
  ]);
  return spans.filter((span, index) => matches.has(index) || relatives.has(span.spanId));
}

function linksOf(spans: readonly Span[], link: (span: Span) => readonly [string, string]): Map<string, string[]> {
  const links = new Map<string, string[]>();
  for (const span of spans) {
    const [from, to] = link(span);
    if (from !== '' && to !== '') {
      const known = links.get(from);
      if (known) {
        known.push(to);
      } else {
        links.set(from, [to]);
      }
    }
  }
  return links;
}

/** Ids that are at most `depth` links away, generation by generation; a cycle ends where it began. */
function reach(seeds: readonly string[], depth: number, links: () => Map<string, string[]>): Set<string> {
  const reached = new Set<string>();
  if (depth === 0) {
    return reached;
  }
  const next = links();
  let generation: readonly string[] = [...new Set(seeds)];
  for (let hops = 0; generation.length > 0 && hops !== depth; hops++) {
    const following = new Set(generation.flatMap((id) => next.get(id) ?? []));
    generation = [...following].filter((id) => !reached.has(id));
    generation.forEach((id) => reached.add(id));
  }
  return reached;
}
