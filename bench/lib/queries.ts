/** The suite of P5: thirty TraceQL queries over the shop corpus, in words that Tempo understands too, so that peers can be asked the same. */

export type SuiteGroup = 'predicate' | 'regex' | 'structure' | 'aggregate' | 'metrics' | 'compare';

export interface SuiteQuery {
  /** Unique, short, without spaces: stands in tables and on the command line. */
  readonly name: string;
  readonly group: SuiteGroup;
  /** Whether it is asked of search or of query_range. */
  readonly kind: 'search' | 'metrics';
  readonly text: string;
}

/** Values that occur in a corpus, for queries that look for one of them. */
export interface SuiteValues {
  /** `app.request.id` of one span. */
  readonly requestId: string;
  /** `user.id` of some spans. */
  readonly userId: string;
}

/** How a suite query is asked, of us and of peers: 20 traces, 3 spans each, one minute a step. */
export const suiteLimits = { limit: 20, spansPerSpanset: 3, stepSeconds: 60 } as const;

export function querySuite({ requestId, userId }: SuiteValues): readonly SuiteQuery[] {
  const search = (group: SuiteGroup, name: string, text: string): SuiteQuery => ({ name, group, kind: 'search', text });
  const metrics = (group: SuiteGroup, name: string, text: string): SuiteQuery => ({
    name,
    group,
    kind: 'metrics',
    text,
  });
  return [
    search('predicate', 'needle', `{ span.app.request.id = "${requestId}" }`),
    search('predicate', 'needle-unscoped', `{ .app.request.id = "${requestId}" }`),
    search('predicate', 'needle-and-slow', `{ span.user.id = "${userId}" && duration > 50ms }`),
    search('predicate', 'errors', '{ status = error }'),
    search('predicate', 'slow-errors', '{ status = error && duration > 500ms }'),
    search('predicate', 'http-500-slow', '{ span.http.response.status_code >= 500 && duration > 100ms }'),
    search('predicate', 'number-range', '{ span.app.cache.age_seconds < 1 && span.app.cache.hit = false }'),
    search('predicate', 'root-and-kind', '{ rootServiceName = "frontend" && kind = consumer && status = error }'),
    search('predicate', 'event', '{ event.exception.type != nil && resource.service.name = "email" }'),
    search('predicate', 'nothing', '{ span.user.id = "nobody" && resource.service.name = "frontend" }'),

    search('regex', 'regex-few', '{ span.http.route =~ ".*checkout.*" && duration > 200ms }'),
    search('regex', 'regex-many', '{ span.url.path =~ "/products/z.*7" && status = error }'),
    search('regex', 'regex-alternation', '{ span.db.query.text =~ "(INSERT|UPDATE).*" && status = error }'),
    search('regex', 'regex-unscoped', '{ .k8s.pod.name =~ "payment-.*" && .error.type =~ "time.*|conflict" }'),

    search('structure', 'descendant', '{ resource.service.name = "frontend" } >> { status = error }'),
    search(
      'structure',
      'child-rare',
      '{ span.rpc.method = "Charge" } > { name = "INSERT payments" && status = error }'
    ),
    search('structure', 'ancestor', '{ status = error && kind = consumer } << { resource.service.name = "checkout" }'),
    search('structure', 'sibling', '{ span.db.system.name = "redis" && status = error } ~ { duration > 100ms }'),
    search('structure', 'both', '{ resource.service.name = "email" && duration > 1s } && { status = error }'),
    search('structure', 'leaf-errors', '{ span:childCount = 0 && status = error && duration > 400ms }'),

    search('aggregate', 'count', '{ status = error } | count() > 5'),
    search('aggregate', 'average', '{ span.db.system.name = "postgresql" } | avg(duration) > 150ms'),
    search('aggregate', 'by', '{ kind = client } | by(resource.service.name) | count() > 8'),

    metrics('metrics', 'rate-by-service', '{ } | rate() by (resource.service.name)'),
    metrics('metrics', 'errors-by-route', '{ status = error } | count_over_time() by (span.http.route)'),
    metrics('metrics', 'quantile', '{ span.http.route != nil } | quantile_over_time(duration, .5, .99)'),
    metrics(
      'metrics',
      'quantile-by',
      '{ kind = server } | quantile_over_time(duration, .9) by (resource.service.name)'
    ),
    metrics('metrics', 'average-size', '{ } | avg_over_time(span.http.response.body.size) by (span.http.route)'),
    metrics('metrics', 'structure-rate', '{ name = "POST /orders/{id}/checkout" } >> { status = error } | rate()'),

    metrics('compare', 'compare', '{ kind = server } | compare({ status = error }, 5)'),
  ];
}
