/**
 * Random traces and queries from a seed, for differential tests and benches only. Both draw from one small world of names and values,
 * so that most queries match something and not everything. Every operator, intrinsic and function occurs.
 */
import type { seededRandom } from '../base/random.ts';
import { mergeTrace } from '../trace/merge.ts';
import type {
  AnyValue,
  Attribute,
  InstrumentationScope,
  Resource,
  Span,
  SpanEvent,
  SpanLink,
  Trace,
} from '../trace/model.ts';
import { spanKinds, statusCodes } from '../trace/model.ts';
import type { IntrinsicName, Query } from './ast.ts';
import { intrinsicTypes, parentSpellings } from './attributes.ts';
import { QueryError } from './errors.ts';
import { parseQuery } from './parser.ts';
import { validateQuery } from './validate.ts';

export type SeededRandom = ReturnType<typeof seededRandom>;

export interface RandomTracesOptions {
  /** 6 when absent. */
  readonly traceCount?: number;
  /** At most so many spans a trace; 12 when absent. */
  readonly spanCountMax?: number;
  /** Start of the world; traces begin within 10 s of it. */
  readonly baseUnixNanos?: bigint;
}

export interface RandomQueryOptions {
  /** What to draw; both when absent. */
  readonly kind?: 'search' | 'metrics';
}

export const randomBaseUnixNanos = 1_700_000_000_000_000_000n;

const services = ['shop', 'cart', 'db'] as const;
const names = ['GET /', 'query', 'send', 'GET /cart'] as const;
const keys = ['x', 'y', 'http.status_code', 'odd key'] as const;
const texts = ['a', 'ab', 'b', '', 'GET /'] as const;
const millis = 1_000_000n;

// Traces.

export function randomTraces(random: SeededRandom, options: RandomTracesOptions = {}): readonly Trace[] {
  const traces: Trace[] = [];
  for (let i = 0; i < (options.traceCount ?? 6); i++) {
    traces.push(randomTrace(random, i + 1, options));
  }
  return traces;
}

function randomTrace(random: SeededRandom, number: number, options: RandomTracesOptions): Trace {
  const traceId = number
    .toString(16)
    .padStart(random.below(4) === 0 ? 30 : 2, '0')
    .padStart(32, random.below(2) === 0 ? '0' : 'a');
  const base = (options.baseUnixNanos ?? randomBaseUnixNanos) + BigInt(random.below(10_000)) * millis;
  const resources = services.map((service) => randomResource(random, service));
  const scopes: readonly InstrumentationScope[] = [
    { name: '', version: '', attributes: [], droppedAttributesCount: 0, schemaUrl: '' },
    { name: 'lib', version: '1.0', attributes: randomAttributes(random, 2), droppedAttributesCount: 0, schemaUrl: '' },
  ];
  const count = 1 + random.below(options.spanCountMax ?? 12);
  const spans: Span[] = [];
  for (let i = 0; i < count; i++) {
    spans.push(randomSpan(random, traceId, i, base, random.pick(resources), random.pick(scopes)));
  }
  return mergeTrace(traceId, [spans]);
}

function randomSpan(
  random: SeededRandom,
  traceId: string,
  number: number,
  base: bigint,
  resource: Resource,
  scope: InstrumentationScope
): Span {
  const startUnixNanos = base + BigInt(random.below(20)) * millis;
  // Now and then two spans share an id, as Zipkin's do.
  const id = number > 0 && random.below(20) === 0 ? random.below(number) : number;
  return {
    traceId,
    spanId: spanId(id),
    parentSpanId: randomParent(random, number),
    traceState: random.below(10) === 0 ? 'k=v' : '',
    flags: random.below(4) === 0 ? 1 : 0,
    name: random.pick(names),
    kind: random.below(spanKinds.length),
    startUnixNanos,
    endUnixNanos: randomEnd(random, startUnixNanos),
    attributes: randomAttributes(random, 6),
    droppedAttributesCount: random.below(10) === 0 ? 1 : 0,
    events: list(random, 2, () => randomEvent(random, startUnixNanos)),
    droppedEventsCount: 0,
    links: list(random, 1, () => randomLink(random)),
    droppedLinksCount: 0,
    statusCode: random.below(statusCodes.length),
    statusMessage: random.pick(['', '', 'a', 'boom']),
    resource,
    scope,
  };
}

/** Up to 15 ms after the start; sometimes before it, not set, or so late that the duration has no place in 63 bits. */
function randomEnd(random: SeededRandom, startUnixNanos: bigint): bigint {
  const ordinary = startUnixNanos + BigInt(random.below(30)) * (millis / 2n);
  const dice = random.below(160);
  return dice < 4 ? ordinary - millis : dice === 4 ? 0n : dice === 5 ? 2n ** 64n - 1n : ordinary;
}

/** Mostly an earlier span; sometimes none, one that never came, or a later one (which may close a cycle). */
function randomParent(random: SeededRandom, number: number): string {
  const dice = random.below(20);
  if (number === 0) {
    return dice < 2 ? spanId(0xbad) : '';
  }
  return dice === 0 ? '' : dice === 1 ? spanId(0xbad) : dice === 2 ? spanId(number + 1) : spanId(random.below(number));
}

function spanId(number: number): string {
  return (number + 1).toString(16).padStart(16, '0');
}

function list<T>(random: SeededRandom, lengthMax: number, make: () => T): readonly T[] {
  return Array.from({ length: random.below(2) * random.below(lengthMax + 1) }, make);
}

function randomEvent(random: SeededRandom, startUnixNanos: bigint): SpanEvent {
  return {
    timeUnixNanos: startUnixNanos + BigInt(random.below(5)) * millis,
    name: random.pick(['exception', 'a']),
    attributes: randomAttributes(random, 2),
    droppedAttributesCount: 0,
  };
}

function randomLink(random: SeededRandom): SpanLink {
  const traceId = spanId(random.below(3)).padStart(32, '0');
  return {
    traceId,
    spanId: spanId(random.below(3)),
    traceState: '',
    attributes: randomAttributes(random, 2),
    droppedAttributesCount: 0,
    flags: 0,
  };
}

function randomResource(random: SeededRandom, service: string): Resource {
  const name: Attribute = { key: 'service.name', value: { type: 'string', value: service } };
  return { attributes: [name, ...randomAttributes(random, 2)], droppedAttributesCount: 0, schemaUrl: '' };
}

function randomAttributes(random: SeededRandom, countMax: number): readonly Attribute[] {
  // Keys repeat now and then: the first one counts.
  return Array.from({ length: random.below(countMax + 1) }, () => ({
    key: random.pick(['x', random.pick(keys)]),
    value: randomValue(random),
  }));
}

function randomValue(random: SeededRandom): AnyValue {
  const int = (): AnyValue => ({ type: 'int', value: BigInt(random.below(4)) });
  const text = (): AnyValue => ({ type: 'string', value: random.pick(texts) });
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return int();
    case 3:
      return { type: 'double', value: random.pick([0, 1, 1.5, 2, -0.5]) };
    case 4:
    case 5:
      return { type: 'bool', value: random.below(2) === 0 };
    case 6:
      return { type: 'array', value: Array.from({ length: random.below(4) }, random.below(2) === 0 ? int : text) };
    case 7:
      return random.pick<AnyValue>([
        { type: 'empty' },
        { type: 'bytes', value: Uint8Array.of(1, 2) },
        { type: 'kvlist', value: [{ key: 'k', value: int() }] },
        { type: 'array', value: [int(), text()] },
        { type: 'int', value: 2n ** 62n + 1n },
      ]);
    default:
      return text();
  }
}

// Queries.

/** A valid query. */
export function randomQuery(random: SeededRandom, options: RandomQueryOptions = {}): Query {
  const kind = options.kind ?? (random.below(3) === 0 ? 'metrics' : 'search');
  for (;;) {
    const query = parseQuery(kind === 'search' ? randomSearch(random) : randomMetrics(random));
    try {
      validateQuery(query);
      return query;
    } catch (error) {
      // Types are drawn with care but not proven (`nil < 1`, arithmetic that comes to nothing): draw again.
      if (!(error instanceof QueryError)) {
        throw error;
      }
    }
  }
}

function randomSearch(random: SeededRandom): string {
  const sort = `sort(${randomAggregate(random)}${random.pick(['', ', asc', ' * 2'])})`;
  return randomPipeline(random, 3) + (random.below(12) === 0 ? ` | ${sort}` : '');
}

function randomPipeline(random: SeededRandom, stagesMax: number): string {
  const stages = [randomSpanset(random, 2)];
  const count = random.below(3) === 0 ? random.below(stagesMax) : 0;
  for (let i = 0; i < count; i++) {
    stages.push(randomStage(random));
  }
  return stages.join(' | ');
}

function randomStage(random: SeededRandom): string {
  switch (random.below(8)) {
    case 0:
      return `by(${randomReference(random)})`;
    case 1:
      return 'coalesce()';
    case 2:
      return `select(${randomReference(random)}, ${randomReference(random)})`;
    case 3:
      return randomFilter(random);
    case 4:
      return `${randomAggregate(random)} ${random.pick(['+', '-', '*', '/', '%', '^'])} 2 ${randomComparison(random)} ${random.below(4)}`;
    case 5:
      return `${random.below(3)} ${random.pick(['<', '<=', '!='])} ${randomAggregate(random)}`;
    default:
      return `${randomAggregate(random)} ${random.pick(['>', '>=', '!=', randomComparison(random)])} ${random.pick(['0', '1', '2', '1.5', '5ms'])}`;
  }
}

function randomComparison(random: SeededRandom): string {
  return random.pick(['=', '!=', '<', '<=', '>', '>=']);
}

function randomAggregate(random: SeededRandom): string {
  const name = random.pick(['count', 'min', 'max', 'sum', 'avg']);
  return name === 'count'
    ? 'count()'
    : `${name}(${random.pick(['duration', 'duration', 'span.x', '.y', 'event:timeSinceStart', 'span:childCount', 'duration * 2'])})`;
}

const structural = ['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'] as const;

function randomSpanset(random: SeededRandom, depth: number): string {
  switch (depth === 0 ? 0 : random.below(9)) {
    case 7:
      return `(${randomSpanset(random, depth - 1)} !&& ${randomFilter(random)})`;
    case 1:
      return `(${randomSpanset(random, depth - 1)} && ${randomSpanset(random, depth - 1)})`;
    case 2:
      return `(${randomSpanset(random, depth - 1)} || ${randomSpanset(random, depth - 1)})`;
    case 3:
    case 4:
    case 5:
      // One side is often everything: two narrow sides seldom meet.
      return `(${random.below(2) === 0 ? '{ }' : randomSpanset(random, depth - 1)} ${random.pick(structural)} ${randomSpanset(random, depth - 1)})`;
    case 6:
      return `(${randomFilter(random)} | ${randomAggregate(random)} ${randomComparison(random)} 1) ${random.pick(['&&', '||'])} (${randomFilter(random)})`;
    default:
      return randomFilter(random);
  }
}

function randomFilter(random: SeededRandom): string {
  return random.below(12) === 0 ? '{ }' : `{ ${randomTruth(random, 2)} }`;
}

function randomTruth(random: SeededRandom, depth: number): string {
  switch (depth === 0 ? 0 : random.below(12)) {
    case 9:
    case 10:
    case 11:
      return `${randomTest(random)} || ${randomTruth(random, depth - 1)}`;
    case 1:
      return `${randomTest(random)} && ${randomIntrinsicTest(random, random.pick(['duration', 'kind', 'status', 'rootName', 'name']))}`;
    case 2:
      return `${randomTruth(random, depth - 1)} || (${randomTruth(random, depth - 1)})`;
    case 3:
      return `!(${randomTruth(random, depth - 1)})`;
    case 4:
      return random.pick([randomAttribute(random), 'true', 'false', `!${randomAttribute(random)}`]);
    case 5:
      return `${randomAttribute(random)} ${random.pick(['=', '!='])} nil`;
    case 6:
      return `${randomAttribute(random)} ${randomComparison(random)} ${randomAttribute(random)}`;
    case 7:
      return `${randomArithmetic(random)} ${randomComparison(random)} ${random.pick(['1', '2', '1.5', '-1', '4ms'])}`;
    default:
      return randomTest(random);
  }
}

function randomArithmetic(random: SeededRandom): string {
  const operand = (): string =>
    random.pick([
      randomAttribute(random),
      'duration',
      'span:childCount',
      '2',
      '3',
      '1.5',
      '1ms',
      `-${randomAttribute(random)}`,
    ]);
  return `${operand()} ${random.pick(['+', '-', '*', '/', '%', '^'])} ${operand()}`;
}

function randomTest(random: SeededRandom): string {
  if (random.below(2) === 0) {
    return randomIntrinsicTest(random, random.pick(Object.keys(intrinsicTypes) as IntrinsicName[]));
  }
  const field = randomAttribute(random);
  return random.below(4) === 0
    ? `${field} ${random.pick(['=~', '!~'])} ${randomPattern(random)}`
    : random.below(8) === 0
      ? `${randomLiteral(random)} ${randomComparison(random)} ${field}`
      : `${field} ${randomComparison(random)} ${randomLiteral(random)}`;
}

function randomIntrinsicTest(random: SeededRandom, name: IntrinsicName): string {
  switch (intrinsicTypes[name]) {
    case 'duration':
      return `${name} ${randomComparison(random)} ${random.pick(['0s', '1ms', '5ms', '10ms', '20ms'])}`;
    case 'status':
      return `${name} ${random.pick(['=', '!='])} ${random.pick(statusCodes)}`;
    case 'kind':
      return `${name} ${random.pick(['=', '!='])} ${random.pick(spanKinds)}`;
    case 'int':
      return `${name} ${randomComparison(random)} ${random.pick(['-1', '0', '1', '2', '3', '8'])}`;
    default:
      return random.below(3) === 0
        ? `${name} ${random.pick(['=~', '!~'])} ${randomPattern(random)}`
        : `${name} ${randomComparison(random)} ${JSON.stringify(random.pick(textsOf(name)))}`;
  }
}

function textsOf(name: IntrinsicName): readonly string[] {
  switch (name) {
    case 'trace:id':
      return ['1', '02', 'a3'];
    case 'link:traceID':
      return [spanId(0).padStart(32, '0'), spanId(1).padStart(32, '0')];
    case 'span:id':
    case 'span:parentID':
    case 'link:spanID':
      return [spanId(0), spanId(1), spanId(2), ''];
    case 'rootServiceName':
      return services;
    case 'event:name':
      return ['exception', 'a'];
    case 'instrumentation:name':
      return ['lib', ''];
    case 'instrumentation:version':
      return ['1.0', ''];
    case 'statusMessage':
      return ['', 'a', 'boom'];
    default:
      return names;
  }
}

function randomPattern(random: SeededRandom): string {
  return JSON.stringify(
    random.pick(['a', 'a.*', '.*b', 'a|b', '.+', '.*', '[a-c]+', 'GET.*', '(?i)get /', '^a$', '', 'sh?op|lib'])
  );
}

function randomLiteral(random: SeededRandom): string {
  const rare = ['1.5', '2.0', '-0.5', 'true', 'false', '""', '"GET /"', '1ns', '4611686018427387905'];
  return random.pick(['0', '1', '2', '3', '"a"', '"ab"', '"b"', random.pick(rare)]);
}

function randomAttribute(random: SeededRandom): string {
  const scope = random.pick([
    '.',
    '.',
    '.',
    'span.',
    'span.',
    'resource.',
    random.pick(['event.', 'link.', 'instrumentation.', random.pick(['parent.', 'parent.span.', 'parent.resource.'])]),
  ]);
  const key = scope === 'resource.' && random.below(2) === 0 ? 'service.name' : random.pick(['x', random.pick(keys)]);
  return scope + (key.includes(' ') ? JSON.stringify(key) : key);
}

function randomReference(random: SeededRandom): string {
  return random.below(2) === 0
    ? randomAttribute(random)
    : random.pick([...Object.keys(intrinsicTypes), random.pick(parentSpellings)]);
}

// Metrics queries.

function randomMetrics(random: SeededRandom): string {
  if (random.below(6) === 0) {
    const right = random.below(3) === 0 ? random.pick(['2', '0.5', '0']) : `(${randomSeries(random)})`;
    return `(${randomSeries(random)}) ${random.pick(['+', '-', '*', '/'])} ${right}${randomSecondStages(random)}`;
  }
  if (random.below(8) === 0) {
    return `${randomPipeline(random, 2)} | compare(${randomFilter(random)}, ${1 + random.below(3)})`;
  }
  return randomSeries(random) + randomSecondStages(random);
}

function randomSeries(random: SeededRandom): string {
  const name = random.pick([
    'rate',
    'count_over_time',
    'min_over_time',
    'max_over_time',
    'sum_over_time',
    'avg_over_time',
    'quantile_over_time',
    'histogram_over_time',
  ]);
  const argument = random.pick([
    'duration',
    'duration',
    'span.x',
    '.y',
    random.pick(['event:timeSinceStart', 'traceDuration', 'name']),
  ]);
  const call =
    name === 'rate' || name === 'count_over_time'
      ? `${name}()`
      : name === 'quantile_over_time'
        ? `${name}(${argument}, 0.5, 0.9)`
        : `${name}(${argument})`;
  const by = random.pick([
    '',
    ` by(${randomReference(random)})`,
    ` by(${randomReference(random)}, ${randomReference(random)})`,
  ]);
  return `${randomPipeline(random, 2)} | ${call}${by}`;
}

function randomSecondStages(random: SeededRandom): string {
  return random.pick(['', '', '', ' | topk(1)', ' | bottomk(2)', ' > 0', ' <= 2 | topk(2)', ' >= 5ms', ' != 1']);
}
