/** Traces of many shapes for a comparison: ordinary ones, and random ones without what the list of deviations says Tempo sees otherwise. */
import { seededRandom } from '../../src/base/random.ts';
import type { Attribute, Span } from '../../src/trace/model.ts';
import { randomTraces } from '../../src/traceql/testing.ts';
import { generate, shopBatches } from '../traces/generate.ts';

const nanosPerSecond = 1_000_000_000n;

export interface ComparedTraces {
  readonly traces: readonly (readonly Span[])[];
  readonly spanCount: number;
  /** Half-open; every trace lies inside. */
  readonly startUnixSeconds: number;
  readonly endUnixSeconds: number;
}

/** Exactly `traceCount` traces within a minute of `startUnixSeconds`; the same options give the same traces everywhere. */
export function comparedTraces(seed: number, traceCount: number, startUnixSeconds: number): ComparedTraces {
  const at = (seconds: number): bigint => BigInt(startUnixSeconds + seconds) * nanosPerSecond;
  const spans = traceCount * 2;
  const ordinary = [
    [...shopBatches({ seed, spans, startUnixNanos: at(0), spansPerSecond: spans / 40 })].flat(),
    generate('retries', { seed, spans: traceCount / 10, startUnixNanos: at(5) }),
    generate('n-plus-one', { seed: seed + 1, spans: traceCount / 20, startUnixNanos: at(10) }),
    generate('deep', { seed: seed + 2, spans: 90, startUnixNanos: at(15) }),
    generate('orphans', { seed: seed + 3, spans: traceCount / 10, startUnixNanos: at(17) }),
  ];
  const byTrace = new Map<string, Span[]>();
  for (const span of ordinary.flat()) {
    const trace = byTrace.get(span.traceId);
    if (trace === undefined) {
      byTrace.set(span.traceId, [span]);
    } else {
      trace.push(span);
    }
  }
  const random = randomTraces(seededRandom(seed), {
    traceCount: Math.max(0, traceCount - byTrace.size),
    baseUnixNanos: at(20),
  });
  const traces = [...byTrace.values(), ...random.map((trace, at) => plain(trace.spans, at))].slice(0, traceCount);
  return {
    traces,
    spanCount: traces.reduce((count, trace) => count + trace.length, 0),
    startUnixSeconds: startUnixSeconds - 5,
    endUnixSeconds: startUnixSeconds + 60,
  };
}

/**
 * One root, no shared ids, no cycles; no span that ends before it starts or centuries later (one such span hides its block from Tempo's
 * searches with a range); one type and one scope for each key.
 */
function plain(spans: readonly Span[], number: number): Span[] {
  const traceId = `e${number.toString(16).padStart(31, '0')}`;
  const kept = new Map<string, Span>();
  let rootId: string | undefined;
  for (const span of [...spans].sort((a, b) => (a.spanId < b.spanId ? -1 : 1))) {
    if (kept.has(span.spanId)) {
      continue;
    }
    let { parentSpanId } = span;
    if (parentSpanId === '' && rootId !== undefined) {
      parentSpanId = rootId;
    }
    rootId ??= parentSpanId === '' ? span.spanId : undefined;
    if (parentSpanId >= span.spanId && parentSpanId !== missingParent) {
      parentSpanId = missingParent;
    }
    kept.set(span.spanId, plainSpan({ ...span, traceId, parentSpanId }));
  }
  return [...kept.values()];
}

/** The parent that the random traces name and that never comes. */
const missingParent = '0000000000000bae';

/** Kept all, each second, each fourth, three of four with a random value, and what says nothing. */
const sampledAs = ['', 'ot=th:8', 'a=b,ot=th:c', 'ot=th:4;rv:5a000000000000', 'ot=th:4;rv:0a000000000000', 'ot=th:x'];

function plainSpan(span: Span): Span {
  const far = (id: string): string => (id === '' ? '' : `f${id.slice(1)}`);
  const isPlainEnd =
    span.endUnixNanos >= span.startUnixNanos && span.endUnixNanos < span.startUnixNanos + 3_600n * nanosPerSecond;
  const farTrace = (id: string): string => `e${id.slice(1)}`;
  return {
    ...span,
    spanId: far(span.spanId),
    parentSpanId: far(span.parentSpanId),
    traceState: sampledAs[hashOf(span.traceId + span.spanId) % sampledAs.length],
    endUnixNanos: isPlainEnd ? span.endUnixNanos : span.startUnixNanos,
    attributes: plainAttributes(span.attributes, ''),
    resource: { ...span.resource, attributes: plainAttributes(span.resource.attributes, '') },
    scope: { ...span.scope, attributes: plainAttributes(span.scope.attributes, 'i.') },
    events: span.events.map((event) => ({ ...event, attributes: plainAttributes(event.attributes, 'e.') })),
    links: span.links.map((link) => ({
      ...link,
      traceId: farTrace(link.traceId),
      spanId: far(link.spanId),
      attributes: plainAttributes(link.attributes, 'l.'),
    })),
  };
}

function plainAttributes(attributes: readonly Attribute[], prefix: string): Attribute[] {
  const byKey = new Map<string, Attribute>();
  for (const [at, { key, value }] of attributes.entries()) {
    if (key === 'service.name') {
      byKey.set(key, { key, value });
      continue;
    }
    const number = hashOf(key + value.type + ('value' in value ? String(value.value) : '') + at);
    for (const attribute of ofOneType(key, number)) {
      const plainKey = prefix + attribute.key;
      byKey.set(plainKey, byKey.get(plainKey) ?? { ...attribute, key: plainKey });
    }
  }
  return [...byKey.values()];
}

function ofOneType(key: string, number: number): Attribute[] {
  switch (key) {
    case 'y':
      return [{ key, value: { type: 'string', value: ['a', 'ab', 'b', '', 'GET /'][number % 5] } }];
    case 'odd key':
      return number % 2 === 0
        ? [{ key: 'ok', value: { type: 'bool', value: number % 4 === 0 } }]
        : [{ key, value: { type: 'double', value: [1.5, -0.5, 0.25][number % 3] } }];
    default:
      return [{ key, value: { type: 'int', value: BigInt(number % 4) } }];
  }
}

function hashOf(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) {
    hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
  }
  return hash >>> 3;
}
