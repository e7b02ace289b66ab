/** What a language model reads before it writes TraceQL. The language is in docs/traceql.md; this is the part that answers questions. */

export interface McpDocument {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly text: string;
}

const basic = `# TraceQL: finding traces

A query selects spans of traces by a filter in braces; a trace is found when some span matches.

    { resource.service.name = "checkout" && status = error }
    { span.http.response.status_code >= 500 && duration > 200ms }
    { name =~ "GET /api/.*" && kind = server }

- Attributes need their scope: \`resource.\` (of the process: service.name, k8s.namespace.name), \`span.\` (of the operation: http.route,
  db.system), \`event.\`, \`link.\`, \`instrumentation.\`; \`.x\` looks in all. Ask get-attribute-names and get-attribute-values first: do not guess.
- Intrinsics have no dot: \`name\`, \`duration\`, \`status\` (ok, error, unset), \`statusMessage\`, \`kind\` (server, client, producer, consumer,
  internal), \`rootName\`, \`rootServiceName\`, \`traceDuration\`, \`trace:id\`, \`span:id\`, \`event:name\`, \`nestedSetParent\` (< 0: the root).
- Operators: \`= != < <= > >= =~ !~\`, joined by \`&&\` and \`||\`, which bind alike from the left: use parentheses. Patterns match the whole text.
- Text stands in double quotes, durations are \`100ms\`, \`1.5s\`; status and kind are bare words. \`= nil\` asks for absence.
- \`{ A } && { B }\`: the trace has both, on any of its spans. \`| select(span.http.url)\` shows more attributes of the spans found.

More: traceql/aggregates (count, avg), traceql/structural (parents, children), traceql/metrics (rates and latencies over time).
`;

const aggregates = `# TraceQL: conditions on several spans of a trace

    { status = error } | count() > 3
    { kind = client } | avg(duration) > 100ms
    { } | by(resource.service.name) | count() > 10
    { span.db.rows > 0 } | max(span.db.rows) >= 1000

- \`count()\`, \`min(x)\`, \`max(x)\`, \`sum(x)\`, \`avg(x)\` over the spans of one trace, compared with a value. x is \`duration\` or a number attribute.
- \`by(x)\` splits the spans of a trace into groups; what follows holds for each group. \`coalesce()\` joins them again.
- These select traces. For numbers over time (rates, percentiles) use metrics: traceql/metrics.
`;

const structural = `# TraceQL: how spans stand to each other

The spans of the right side are the answer.

    { resource.service.name = "gateway" } >> { status = error }     errors anywhere below the gateway
    { name = "checkout" } > { kind = client }                       direct children
    { status = error } << { nestedSetParent < 0 }                   roots above an error
    { } !< { status = error }                                       errors without children: where failures begin
    { name = "a" } ~ { name = "b" }                                 siblings

\`>\` child, \`>>\` descendant, \`<\` parent, \`<<\` ancestor, \`~\` sibling; with \`!\` in front: there is none; with \`&\` in front (\`&>>\`): both sides are
answered. A trace is looked at whole, whenever its parts arrived.
`;

const metrics = `# TraceQL: metrics

A filter, then a function; the answer is a series of numbers, or one number for an instant query (mostly what a question needs).

    { resource.service.name = "checkout" } | rate()
    { status = error } | rate() by (resource.service.name)
    { kind = server } | quantile_over_time(duration, 0.5, 0.99) by (span.http.route)
    { } | count_over_time() by (resource.service.name) | topk(10)
    { } | histogram_over_time(duration)
    ({ status = error } | rate()) / ({ } | rate())
    { } | compare({ status = error })                               which attributes do failing spans have in common

- \`rate()\`, \`count_over_time()\`, \`min_over_time(x)\`, \`max_over_time(x)\`, \`avg_over_time(x)\`, \`sum_over_time(x)\`,
  \`quantile_over_time(x, q, …)\`, \`histogram_over_time(x)\`, \`compare({ … })\`; \`by (a, b)\` groups, at most 5 attributes.
- Afterwards \`| topk(n)\`, \`| bottomk(n)\`, \`> value\`. Durations come in seconds.
- \`rate({ … }[5m])\` is PromQL, not TraceQL: the range is that of the request.
`;

const markdownOf = (uri: string, name: string, description: string, text: string): McpDocument => ({
  uri,
  name,
  description,
  text,
});

/** By the name that the tool docs-traceql takes. */
export const traceqlDocuments: Readonly<Record<string, McpDocument>> = {
  basic: markdownOf(
    'docs://traceql/basic',
    'TraceQL basics',
    'Filters, attributes, intrinsics, operators: read this first.',
    basic
  ),
  aggregates: markdownOf(
    'docs://traceql/aggregates',
    'TraceQL aggregates',
    'Conditions on several spans of a trace: count, avg, by.',
    aggregates
  ),
  structural: markdownOf(
    'docs://traceql/structural',
    'TraceQL structure',
    'Children, descendants, ancestors, siblings.',
    structural
  ),
  metrics: markdownOf(
    'docs://traceql/metrics',
    'TraceQL metrics',
    'Rates, latencies and comparisons over time.',
    metrics
  ),
};

/** `texts`: what the server says about its options. */
export function configDocuments(texts: ConfigTexts): Readonly<Record<string, McpDocument>> {
  return {
    overview: markdownOf('docs://config/overview', 'Configuration overview', 'What can be configured.', texts.overview),
    reference: markdownOf(
      'docs://config/reference',
      'Configuration reference',
      'Every option and its default.',
      texts.reference
    ),
  };
}

export interface ConfigTexts {
  readonly overview: string;
  readonly reference: string;
}
