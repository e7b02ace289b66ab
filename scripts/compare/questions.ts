/** What the two servers are asked: filters, relations, pipelines, metrics, names and values, and queries that are none. */
import type { Door } from './answers.ts';

export interface Question {
  readonly kind: string;
  readonly door: Door;
  readonly query: string;
  /** Of `values`. */
  readonly tag?: string;
  /** Why the answers may differ: a number of the list in docs/traceql.md, with an `A` of that in docs/api.md. */
  readonly deviation?: string;
}

/** In a fixed order. */
export function questions(): readonly Question[] {
  return [
    ...ask('filter', 'search', filters),
    ...ask('structure', 'search', structures()),
    ...ask('aggregate', 'search', aggregates()),
    ...ask('pipeline', 'search', pipelines),
    ...ask('metrics', 'range', metrics()),
    ...ask(
      'metrics',
      'instant',
      metrics().filter((_, at) => at % 3 === 0)
    ),
    ...ask('math', 'range', math),
    ...ask('compare', 'range', comparisons),
    ...ask('names', 'names', nameFilters),
    ...tags.map((tag): Question => ({ kind: 'values', door: 'values', query: '{}', ...withDeviation(tag, 'tag') })),
    ...valueFilters.map((query): Question => ({
      kind: 'values',
      door: 'values',
      tag: 'span.y',
      ...withDeviation(query, 'query'),
    })),
    ...ask('refused', 'search', refused),
    ...ask('refused', 'range', refusedMetrics),
  ];
}

/** `4! text`: answers may differ by deviation 4. */
function withDeviation<K extends 'query' | 'tag'>(line: string, name: K): Record<K, string> & { deviation?: string } {
  const marked = /^(A?\d+)! (.*)$/s.exec(line);
  return marked === null
    ? ({ [name]: line } as Record<K, string>)
    : ({ [name]: marked[2], deviation: marked[1] } as Record<K, string> & { deviation: string });
}

function ask(kind: string, door: Door, lines: readonly string[]): Question[] {
  return lines.map((line) => ({ kind, door, ...withDeviation(line, 'query') }));
}

const filters: readonly string[] = [
  '{}',
  '{ true }',
  '{ span.x = 1 }',
  '{ 1 = span.x }',
  '{ span.x != 1 }',
  '{ span.x > 1 }',
  '19! { 1 < span.x }',
  '{ span.x >= 2 }',
  '{ span.x < 2 }',
  '{ span.x <= 0 }',
  '{ resource.x = 1 }',
  '{ resource.x != 2 }',
  '{ resource.x > 0 && span.x > 0 }',
  '{ .x = 3 }',
  '{ .x > 2 }',
  '4! { .x != 0 }',
  '{ span.y = "a" }',
  '{ span.y = `ab` }',
  '{ span.y != "a" }',
  '{ span.y = "" }',
  '{ span.y > "a" }',
  '{ span.y <= "ab" }',
  '{ span.y =~ "a.*" }',
  '{ span.y !~ "a.*" }',
  '{ span.y =~ "a|b" }',
  '{ span.y =~ "" }',
  '{ span.y =~ ".+" }',
  '{ span.y =~ "(?i)get /" }',
  '{ span.y =~ "^ab$" }',
  '{ span.y !~ "[ab]+" }',
  '{ resource.y = "b" }',
  '4! { .y = "GET /" }',
  '{ span.ok = true }',
  '{ span.ok = false }',
  '{ span.ok != true }',
  '{ span.ok }',
  '{ !span.ok }',
  '{ span."odd key" = 1.5 }',
  '{ span."odd key" > 0.0 }',
  '{ span."odd key" < 0.5 }',
  '{ resource."odd key" != 0.25 }',
  '{ span."odd key" != nil }',
  '{ span.x = nil }',
  '{ span.x != nil }',
  '{ nil = span.y }',
  '{ nil != span.y }',
  '{ resource.x = nil }',
  '{ resource.x != nil && span.x = nil }',
  '{ span.missing = 1 }',
  '{ span.missing != 1 }',
  '{ span.missing != nil }',
  '{ span.x = span.http.status_code }',
  '{ span.x > resource.x }',
  '{ span.x != resource.x }',
  '{ span.y = resource.y }',
  '{ span.x + 1 = 2 }',
  '{ span.x * 2 > 3 }',
  '{ span.x - resource.x > 0 }',
  '{ span.x / 2 = 1 }',
  '{ span.x % 2 = 1 }',
  '{ span.x ^ 2 = 4 }',
  '{ -span.x = -2 }',
  '{ span.x > -1 }',
  '{ span.x = 1 + 1 }',
  '{ duration > 1ms * 5 }',
  '{ duration > 10ms }',
  '{ duration >= 5ms && duration < 10ms }',
  '{ duration = 0s }',
  '{ span:duration > 12.5ms }',
  '{ duration > 5000000 }',
  '{ duration / 2 > 5ms }',
  '{ traceDuration > 20ms }',
  '{ trace:duration < 10ms }',
  '{ name = "GET /" }',
  '{ span:name != "query" }',
  '{ name =~ "GET.*" }',
  '{ name !~ "GET.*" }',
  '{ name =~ ".*" }',
  '{ name > "q" }',
  '{ status = error }',
  '{ status = ok }',
  '{ status = unset }',
  '{ status != error }',
  '{ span:status != ok }',
  '{ statusMessage = "boom" }',
  '{ statusMessage != "" }',
  '{ span:statusMessage =~ "b.*" }',
  '{ kind = server }',
  '{ kind = client }',
  '{ kind != internal }',
  '{ span:kind = unspecified }',
  '{ kind = producer || kind = consumer }',
  '{ rootName = "GET /" }',
  '{ rootName =~ "GET.*" }',
  '{ rootServiceName = "shop" }',
  '{ trace:rootService != "shop" }',
  '{ trace:rootName != "query" }',
  '{ resource.service.name = "shop" }',
  '{ resource.service.name != "shop" }',
  '{ resource.service.name =~ "c.*|db" }',
  '{ .service.name = "db" }',
  '{ resource.service.name = "cart" && name = "query" }',
  '{ nestedSetParent < 0 }',
  '{ nestedSetParent = -1 && span.x = 1 }',
  '1! { nestedSetParent > 0 }',
  '14! { span:childCount > 2 }',
  '14! { span:childCount = 0 }',
  '{ span:id = "f000000000000001" }',
  '{ span:id != "f000000000000001" && span.x = 3 }',
  '{ span:parentID = "f000000000000001" }',
  '{ trace:id = "e0000000000000000000000000000002" }',
  '{ event:name = "exception" }',
  '{ event:name != "exception" }',
  '{ event:name =~ "e.*" }',
  '{ event:timeSinceStart > 2ms }',
  '{ event:timeSinceStart = 0s }',
  '{ event.e.x = 1 }',
  '{ event.e.x > 1 && event:name = "a" }',
  '21! { event.e.y = "a" || event.e.x = 2 }',
  '{ link.l.x = 1 }',
  '{ link.l.x >= 0 }',
  '{ link:spanID = "f000000000000001" }',
  '{ link:spanID != "f000000000000001" }',
  '{ instrumentation.i.x = 1 }',
  '{ instrumentation:name = "lib" }',
  '{ instrumentation:name != "lib" }',
  '{ instrumentation:version = "1.0" }',
  '{ instrumentation.i.y =~ "a.*" }',
  '{ span.x = 1 || span.x = 2 }',
  '{ span.x != 1 && span.x != 2 }',
  '{ span.y = "a" || span.y = "b" || span.y = "ab" }',
  '{ span.x = 1 || span.y = "a" && span.ok = true }',
  '{ span.x = 1 || (span.y = "a" && span.ok = true) }',
  '{ span.x = 1 && span.y = "a" }',
  '{ (span.x = 1 || resource.x = 1) && status = error }',
  '{ !(span.x = 1) && span.x != nil }',
  '3! { !(status = error) && name = "send" }',
  '3! { !(span.x > 1) && duration > 5ms }',
  '{ span.x = maxInt }',
  '{ span.x > minInt }',
  '{ "a" = "a" && span.x = 1 }',
  '{ 1 = 1 }',
  '{ 1 = 2 }',
  '{ nil = nil }',
  '{ name = "send" } // the end',
  '{ /* in the middle */ name = "send" }',
  '4! { .e.x = 1 }',
  '4! { .i.x = 1 }',
  '{ span.http.status_code = 200 }',
  '{ span.http.status_code >= 2 }',
  '2! { span.http.status_code = 2.0 }',
  '2! { span.x = 2ns }',
  '{ false }',
];

const sides: readonly (readonly [string, string])[] = [
  ['{ }', '{ }'],
  ['{ name = "GET /" }', '{ name = "query" }'],
  ['{ span.x = 1 }', '{ span.y = "a" }'],
  ['{ status = error }', '{ kind = server }'],
  ['{ resource.service.name = "shop" }', '{ resource.service.name = "db" }'],
];

const relations = [
  '>',
  '>>',
  '<',
  '<<',
  '~',
  '!>',
  '!>>',
  '!<',
  '!<<',
  '!~',
  '&>',
  '&>>',
  '&<',
  '&<<',
  '&~',
  '&&',
  '||',
];

function structures(): string[] {
  return [
    ...relations.flatMap((relation) =>
      sides.map(([left, right]) => {
        const isBesideAll = relation.startsWith('!') && left === '{ }';
        const isDeepUnion = relation === '&>>' || relation === '&<<';
        return `${isBesideAll ? '15! ' : isDeepUnion ? '18! ' : ''}${left} ${relation} ${right}`;
      })
    ),
    '{ span.x = 1 } >> { span.x = 2 } >> { span.x = 3 }',
    '({ span.x = 1 } >> { span.x = 2 }) && { status = error }',
    '{ span.x = 1 } && { span.x = 2 } >> { }',
    '{ span.x = 1 } || { span.x = 2 } && { span.x = 3 }',
    '{ name = "query" } > ({ } > { kind = client })',
    '({ span.x = 1 } || { span.x = 2 }) > { status = error }',
    '18! { status = error } &>> ({ kind = server } && { span.x = 0 })',
    '({ span.x = 1 } | count() > 1) && ({ span.y = "a" } | count() > 0)',
    '({ span.x = 1 } | count() > 1) || ({ status = error } | count() > 2)',
    '({ kind = client } | count() > 1) >> ({ status = error })',
  ];
}

function aggregates(): string[] {
  const arguments_ = ['duration', 'span.x', 'resource.x', 'traceDuration', 'span:childCount', 'duration * 2'];
  const functions = ['min', 'max', 'sum', 'avg'];
  const bounds: Readonly<Record<string, string>> = { duration: '5ms', traceDuration: '20ms', 'duration * 2': '10ms' };
  return [
    ...['>', '>=', '<', '<=', '=', '!='].map((op) => `{ span.x != nil } | count() ${op} 2`),
    ...arguments_.flatMap((argument) =>
      functions.map((name) => {
        const deviation = argument === 'span:childCount' ? '14! ' : '';
        return `${deviation}{ name != "send" } | ${name}(${argument}) > ${bounds[argument] ?? '1'}`;
      })
    ),
    '{ } | count() = 0',
    '{ span.missing = 1 } | count() >= 0',
    '{ status = error } | avg(duration) > 5ms | count() > 1',
    '{ status = error } | min(span.x) = 0 | max(span.x) = 3',
    '{ span.x > 0 } | sum(span.x) = 6',
    '{ } | avg(span.x) = 1.5',
    '{ } | max(span."odd key") > 1.0',
    '{ } | sum(duration) > 1s',
    '{ } | count() > 1 | { status = error } | count() > 1',
  ];
}

const pipelines: readonly string[] = [
  '{ } | by(resource.service.name)',
  '{ status = error } | by(name)',
  '{ span.x != nil } | by(span.x)',
  '{ } | by(span.x)',
  '{ } | by(kind)',
  '{ } | by(status) | count() > 2',
  '{ } | by(resource.service.name) | avg(duration) > 5ms',
  '{ } | by(resource.service.name) | count() > 2 | coalesce()',
  '{ } | by(name) | by(kind) | count() > 1',
  '{ } | by(duration > 5ms)',
  '20! { } | by(span.x + 1) | count() > 1',
  '{ span.ok != nil } | by(span.ok)',
  '22! { } | by(rootName)',
  '{ } | by(name) | coalesce() | count() > 3',
  '{ } | by(name) | { span.x = 1 }',
  '{ name = "send" } | select(span.x)',
  '{ name = "send" } | select(span.x, span.y, status)',
  '{ name = "send" } | select(resource.service.name, duration)',
  '1! { name = "send" } | select(kind, nestedSetParent, span:id)',
  '{ name = "query" } | select(span.missing)',
  '10! { name = "query" } | select(event:name)',
  '4! { name = "query" } | select(.y)',
  '{ name = "query" } | select(name, statusMessage, rootName)',
  '{ span.x = 1 } | { span.y = "a" }',
  '{ span.x = 1 } | { name = "send" } | { status = error }',
  '{ } | select(span.x) | { span.x = 2 }',
  '({ span.x = 1 } >> { }) | { status = error }',
  '{ } > { } | count() > 2',
  '{ status = error } | count() > 1 | select(name)',
  '{ span.x = 1 } && { span.x = 2 } | by(span.x)',
  '14! { } | by(span:childCount) | count() > 2',
  '{ kind = server } | by(statusMessage)',
  '{ } with (most_recent = true)',
  '{ status = error } with (most_recent = true)',
];

const isSparseSum = (name: string, argument: string): boolean => name === 'sum_over_time' && argument !== 'duration';

function metrics(): string[] {
  const by = ['', ' by (resource.service.name)', ' by (name, kind)', ' by (span.x)', ' by (status)'];
  const counted = ['rate()', 'count_over_time()'];
  const measured = ['min_over_time', 'max_over_time', 'sum_over_time', 'avg_over_time'];
  return [
    ...counted.flatMap((name) =>
      by.flatMap((tail) => ['{ }', '{ status = error }'].map((f) => `${f} | ${name}${tail}`))
    ),
    ...measured.flatMap((name) =>
      ['duration', 'span.x'].flatMap((argument) =>
        by.slice(0, 4).map((tail) => `${isSparseSum(name, argument) ? '16! ' : ''}{ } | ${name}(${argument})${tail}`)
      )
    ),
    ...by.map((tail) => `{ } | quantile_over_time(duration, 0.5, 0.9, 0.99)${tail}`),
    ...by.map((tail) => `{ } | histogram_over_time(duration)${tail}`),
    '{ } >> { kind = client } | rate() by (name)',
    '{ } | { span.x = 1 } | rate()',
    '{ span.x = 1 } && { span.y = "a" } | count_over_time()',
    '{ } | count() > 3 | rate()',
    '13! { } | max_over_time(traceDuration)',
    '{ } | rate() by (rootServiceName)',
    '14! { } | rate() by (span:childCount)',
    '{ } | count_over_time() by (span.ok)',
    '{ } | count_over_time() by (.x)',
    '{ } | count_over_time() by (resource.x, span.x)',
    '{ } | count_over_time() by (span.missing)',
    '{ } | rate() | topk(1)',
    '{ } | rate() by (name) | topk(2)',
    '{ } | rate() by (name) | bottomk(2)',
    '{ } | rate() by (name) | topk(2) | bottomk(1)',
    '{ } | count_over_time() by (name) > 100',
    '{ } | count_over_time() by (name) <= 100',
    '{ } | count_over_time() by (name) != 0',
    '{ } | max_over_time(duration) by (name) > 10ms',
    '{ } | rate() by (span.x) >= 1 | topk(1)',
    '{ } | rate() with (extrapolate = true)',
    '{ } | count_over_time() by (name) with (extrapolate = true)',
    '{ } | sum_over_time(duration) with (extrapolate = true)',
    '{ } | avg_over_time(duration) by (kind) with (extrapolate = true)',
    '{ } | max_over_time(duration) with (extrapolate = true)',
    '{ } | quantile_over_time(duration, 0.5, 0.9) with (extrapolate = true)',
    '{ status = error } | histogram_over_time(duration) with (extrapolate = true)',
    '{ } | rate() with (extrapolate = false)',
  ];
}

const math: readonly string[] = [
  '({ status = error } | rate()) / ({ } | rate())',
  '({ status = error } | rate() by (name)) / ({ } | rate() by (name))',
  '({ status = error } | rate() by (name)) / ({ } | rate())',
  '({ } | rate()) * 60',
  '({ } | count_over_time()) + ({ } | count_over_time())',
  '({ } | count_over_time() by (kind)) - ({ status = error } | count_over_time() by (kind))',
  '({ } | avg_over_time(duration)) * 1000',
  '100 * ({ status = error } | rate()) / ({ } | rate())',
  '(({ status = error } | rate()) / ({ } | rate())) * 100',
  '({ } | rate()) / 0',
];

const comparisons: readonly string[] = [
  '10! { } | compare({ status = error })',
  '10! { kind = server } | compare({ duration > 5ms }, 5)',
  '10! { } | compare({ resource.service.name = "shop" }, 3)',
  '10! { name = "query" } | compare({ span.x = 1 })',
];

const nameFilters: readonly string[] = [
  'A4! {}',
  'A4! { span.x = 1 }',
  'A4! { resource.service.name = "shop" }',
  'A4! { status = error }',
  'A4! { broken',
];

const tags: readonly string[] = [
  'span.x',
  'resource.x',
  'span.y',
  'span.ok',
  'span."odd key"',
  'resource.service.name',
  '.service.name',
  '.x',
  '.y',
  'name',
  'span:name',
  'status',
  'span:status',
  'kind',
  'span:kind',
  'duration',
  'traceDuration',
  'A4! rootName',
  'A4! rootServiceName',
  'A4! trace:rootName',
  'A4! statusMessage',
  'event:name',
  'event.e.x',
  'link.l.x',
  'instrumentation.i.x',
  'A4! instrumentation:name',
  'span.missing',
  'span.',
  'a b',
];

const valueFilters: readonly string[] = [
  '{ resource.service.name = "shop" }',
  '{ span.x = 1 }',
  '{ span.x = 1 && name = "send" }',
  '{ span.x = 1 || name = "send" }',
  '{ status = error }',
  '{ span.x = 1 && }',
  '{ span.x = }',
  '{ name =~ "GET.*" }',
  '{ span.x > 1 && span.y = }',
  'bogus',
];

const refused: readonly string[] = [
  '{',
  '{ } }',
  '{ span.x == 1 }',
  "{ span.y = 'a' }",
  '{ span.x = 1 and span.x = 2 }',
  '{ name = 1 }',
  '{ status = 2 }',
  '{ status > ok }',
  '{ kind = error }',
  '{ name }',
  '{ 1 }',
  '{ duration }',
  '{ duration = nil }',
  '{ resource.service.name = nil }',
  '{ name =~ "(" }',
  '{ name =~ span.y }',
  '{ duration =~ "a" }',
  '{ span.x + 1 }',
  '{ "a" + 1 = 2 }',
  '{ true > false }',
  '{ !name }',
  '{ -name = 1 }',
  '{ span. = 1 }',
  '{ http.status = 1 }',
  '{ span:foo = 1 }',
  '{ } | count()',
  '{ } | count(duration) > 1',
  '{ } | avg(name) > 1',
  '{ } | avg(1) > 1',
  '{ } | by(1)',
  '{ } | by()',
  '{ } | select()',
  '{ } | foo()',
  'coalesce()',
  '{ } | coalesce(1)',
  '2 > 1',
  '{ } && count() > 1',
  '{ } | count() > "a"',
  '{ .x = 1 } > ',
  '({ } | count() > 1',
  '{ } with ()',
  '{ } with (foo)',
];

const refusedMetrics: readonly string[] = [
  '{ }',
  '{ } | rate(duration)',
  '{ } | rate() by ()',
  '{ } | rate() by name',
  '{ } | max_over_time()',
  '{ } | quantile_over_time(duration)',
  '{ } | quantile_over_time(duration, 2)',
  '{ } | rate() by (.a, .b, .c, .d, .e, .f)',
  '{ } | rate() | topk(0)',
  '{ } | rate() | topk(-1)',
  '{ } | compare({ status = error }, 0)',
  '{ } | compare({ status = error }) | topk(2)',
  '{ } | rate() | { }',
  'rate({ }[5m])',
  '{ } | rate() + 1',
];
