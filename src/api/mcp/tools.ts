/** The tools that a language model gets: the query API in small, with answers for such readers. Names and arguments are Tempo's. */
import { decodeUtf8, encodeUtf8 } from '../../wire/utf8.ts';
import { isMetricsQuery } from '../../traceql/metrics.ts';
import { parseLenient } from '../../traceql/lenient.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes, innerRequest } from '../exchange.ts';
import { tagNamesV2, tagValuesV2 } from '../tempo/attributes.ts';
import { diffFormats, traceDiff } from '../tempo/diff/trace-diff.ts';
import { invalid, parseRfc3339, quote } from '../tempo/params.ts';
import { checkedQuery } from '../tempo/query.ts';
import { metricsInstant, metricsRange, search } from '../tempo/search.ts';
import { traceV2 } from '../tempo/traces.ts';
import { configDocuments, traceqlDocuments, type ConfigTexts } from './documents.ts';
import type { ToolArgument, ToolArguments, ToolOutput } from './protocol.ts';

export interface ToolCall {
  readonly request: ApiRequest;
  readonly context: ApiContext;
  readonly args: ToolArguments;
  readonly config: ConfigTexts;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly args: readonly ToolArgument[];
  /** Errors: `CodedError`s, whose text the model reads. */
  run(call: ToolCall): Promise<ToolOutput>;
}

/** What fits a model's context beside its work. A larger trace is asked for in parts. */
const traceBytesMax = 512 * 1024;

const queryArgument: ToolArgument = { name: 'query', description: 'TraceQL query', isRequired: true };
const rangeArguments: readonly ToolArgument[] = [
  { name: 'start', description: 'Start of the range, RFC 3339. Default: an hour ago.' },
  { name: 'end', description: 'End of the range, RFC 3339. Default: now.' },
];

export const tools: readonly Tool[] = [
  {
    name: 'traceql-search',
    description: 'Search for traces with a TraceQL query. Answers the newest that match, with the spans that matched.',
    args: [queryArgument, ...rangeArguments],
    run: async (call) => {
      const { query: q } = call.args;
      checkKind(q, false);
      const answer = await search(inner(call, { q, ...secondsRange(call) }), call.context);
      return output(answer, 'search-results', '1');
    },
  },
  {
    name: 'traceql-metrics-instant',
    description:
      'One number per series for a TraceQL metrics query over a range: answers most questions about how many and how long.',
    args: [queryArgument, ...rangeArguments],
    run: async (call) => {
      const { query: q } = call.args;
      checkKind(q, true);
      return output(await metricsInstant(inner(call, { q, ...textRange(call) }), call.context), 'metrics-instant', '1');
    },
  },
  {
    name: 'traceql-metrics-range',
    description: 'Series of numbers over time for a TraceQL metrics query.',
    args: [queryArgument, ...rangeArguments],
    run: async (call) => {
      const { query: q } = call.args;
      checkKind(q, true);
      return output(await metricsRange(inner(call, { q, ...textRange(call) }), call.context), 'metrics-range', '1');
    },
  },
  {
    name: 'get-trace',
    description: 'One trace by its id. A large trace is asked for in parts with filter-query.',
    args: [
      { name: 'trace_id', description: 'Trace id in hex', isRequired: true },
      {
        name: 'filter-query',
        description: 'One TraceQL filter such as { status = error }: only these spans, and those above them.',
      },
    ],
    run: async (call) => {
      const { trace_id: id = '', 'filter-query': q } = call.args;
      const params = q === undefined ? {} : { q, keep_hierarchy: 'true' };
      const answer = await traceV2(inner(call, params), call.context, encodeURIComponent(id));
      if (answer.body.length > traceBytesMax) {
        throw new CodedError(
          'too_large',
          `the trace has ${answer.body.length} bytes, more than ${traceBytesMax}: ask for a part of it with filter-query`
        );
      }
      return output(answer, 'trace', '2');
    },
  },
  {
    name: 'trace-diff',
    description:
      'How two traces differ: a summary by service, with the changes of every span when they are at most 64 KiB.',
    args: [
      { name: 'base_trace_id', description: 'Trace id of the trace to compare with', isRequired: true },
      { name: 'compare_trace_id', description: 'Trace id of the trace in question', isRequired: true },
      { name: 'base_start', description: "Start of the base trace's range, RFC 3339; with base_end." },
      { name: 'base_end', description: "End of the base trace's range, RFC 3339; with base_start." },
      { name: 'compare_start', description: "Start of the other trace's range, RFC 3339; with compare_end." },
      { name: 'compare_end', description: "End of the other trace's range, RFC 3339; with compare_start." },
      { name: 'format', description: 'How much to tell', values: diffFormats, fallback: diffFormats[0] },
    ],
    run: runDiff,
  },
  {
    name: 'get-attribute-names',
    description: 'Names of the attributes that TraceQL queries can use.',
    args: [{ name: 'scope', description: 'Only of this scope: span, resource, event, link, instrumentation' }],
    run: async (call) => {
      const answer = await tagNamesV2(inner(call, { scope: call.args.scope }), call.context);
      return output(answer, 'attribute-names', '2');
    },
  },
  {
    name: 'get-attribute-values',
    description: 'Values of an attribute, such as all services with resource.service.name.',
    args: [
      {
        name: 'name',
        description: 'Attribute with its scope: span.http.route, resource.service.name',
        isRequired: true,
      },
      {
        name: 'filter-query',
        description: 'One TraceQL filter such as { resource.service.name = "cart" }: values of these spans only.',
      },
    ],
    run: async (call) => {
      const { name = '', 'filter-query': q = '' } = call.args;
      if (q.trim() !== '' && parseLenient(q) === undefined) {
        throw invalid(
          'filter-query must be one spanset filter of attributes with their scope, such as { resource.service.name = "cart" }'
        );
      }
      return output(
        await tagValuesV2(inner(call, { q }), call.context, encodeURIComponent(name)),
        'attribute-values',
        '2'
      );
    },
  },
  {
    name: 'docs-traceql',
    description: 'How to write TraceQL. Read basic before the first query.',
    args: [{ name: 'name', description: 'Which part', isRequired: true, values: Object.keys(traceqlDocuments) }],
    run: async ({ args }) => markdown(traceqlDocuments[args.name ?? ''].text),
  },
  {
    name: 'docs-config',
    description: 'How to configure and operate this server.',
    args: [{ name: 'name', description: 'Which part', isRequired: true, values: ['overview', 'reference'] }],
    run: async ({ args, config }) => markdown(configDocuments(config)[args.name ?? ''].text),
  },
];

const markdown = (text: string): ToolOutput => ({ text, type: 'documentation', encoding: 'markdown', version: '1' });

function inner({ request }: ToolCall, params: Readonly<Record<string, string | number | undefined>>): ApiRequest {
  return innerRequest(request, params, contentTypes.llm);
}

function output({ status, body }: ApiResponse, type: string, version: string): ToolOutput {
  const text = typeof body === 'string' ? body : decodeUtf8(body);
  if (status !== 200) {
    throw new CodedError(status === 404 ? 'not_found' : 'invalid_argument', `status ${status}: ${text}`);
  }
  return { text, type, encoding: 'json', version };
}

/** The wrong tool for a query is told by the name of the right one. */
function checkKind(text: string | undefined, wantsMetrics: boolean): void {
  if (isMetricsQuery(checkedQuery(text ?? '')) !== wantsMetrics) {
    throw invalid(
      wantsMetrics
        ? 'this is a search query, not a metrics query: use traceql-search, or add a function such as | rate()'
        : 'this is a metrics query: use traceql-metrics-instant or traceql-metrics-range'
    );
  }
}

const hourNanos = 3_600_000_000_000n;

function rangeOf({ args, context }: ToolCall): readonly [start: bigint, end: bigint] {
  const end = timeOf(args, 'end') ?? context.clock.unixNanos();
  return [timeOf(args, 'start') ?? end - hourNanos, end];
}

function timeOf(args: ToolArguments, name: string): bigint | undefined {
  const text = args[name];
  if (text === undefined || text === '') {
    return undefined;
  }
  const nanos = parseRfc3339(text);
  if (nanos === undefined) {
    throw invalid(`invalid ${name}: ${quote(text)} is not a time such as 2026-01-31T12:00:00Z`);
  }
  return nanos;
}

/** Whole seconds that hold the range. */
function secondsRange(call: ToolCall): { start: string; end: string } {
  const [start, end] = rangeOf(call);
  return { start: String(start / 1_000_000_000n), end: String((end + 999_999_999n) / 1_000_000_000n) };
}

function textRange(call: ToolCall): { start: string; end: string } {
  const [start, end] = rangeOf(call);
  // More than ten digits, or they would be seconds.
  return { start: String(start).padStart(19, '0'), end: String(end).padStart(19, '0') };
}

async function runDiff(call: ToolCall): Promise<ToolOutput> {
  const { args, request, context } = call;
  const body = {
    base: { traceId: args.base_trace_id, ...sideRange(args, 'base') },
    compare: { traceId: args.compare_trace_id, ...sideRange(args, 'compare') },
    format: args.format,
  };
  const wanted = {
    ...innerRequest(request, {}, contentTypes.json),
    method: 'POST',
    body: encodeUtf8(JSON.stringify(body)),
  };
  return output(await traceDiff(wanted, context), 'trace-diff', '2');
}

function sideRange(args: ToolArguments, side: 'base' | 'compare'): { start?: number; end?: number } {
  const [start, end] = [timeOf(args, `${side}_start`), timeOf(args, `${side}_end`)];
  if ((start === undefined) !== (end === undefined)) {
    throw invalid(`${side}_start and ${side}_end are needed both, or neither`);
  }
  return start === undefined || end === undefined
    ? {}
    : { start: Number(start / 1_000_000_000n), end: Number(end / 1_000_000_000n) };
}
