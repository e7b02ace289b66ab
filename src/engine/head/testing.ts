/** Random spans for the tests of heads: every field, every value type, few enough ids and keys that they meet again. */
import type { seededRandom } from '../../base/random.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from '../../trace/model.ts';
import type { Head } from './head.ts';
import { openSnapshot } from './snapshot.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import type { RowSet } from '../row-set.ts';

export type TestRandom = ReturnType<typeof seededRandom>;

export const baseUnixNanos = 1_700_000_000_000_000_000n;

export function randomSpans(random: TestRandom, count: number): Span[] {
  const resources = Array.from({ length: 1 + random.below(3) }, () => randomResource(random));
  const scopes = Array.from({ length: 1 + random.below(3) }, () => randomScope(random));
  return Array.from({ length: count }, () => randomSpan(random, random.pick(resources), random.pick(scopes)));
}

export function randomSpan(random: TestRandom, resource: Resource, scope: InstrumentationScope): Span {
  const start = random.below(20) === 0 ? random64(random) : baseUnixNanos + BigInt(random.below(1e9));
  return {
    traceId: id(random, 32, 40),
    spanId: id(random, 16, 2000),
    parentSpanId: random.below(3) === 0 ? '' : id(random, 16, 2000),
    traceState: random.below(5) === 0 ? `vendor=${random.below(4)}` : '',
    flags: random.pick([0, 1, 257, 0xffff_ffff]),
    name: random.below(10) === 0 ? '' : `operation ${random.below(12)}`,
    kind: random.below(6),
    startUnixNanos: start,
    endUnixNanos: random.below(20) === 0 ? random64(random) : BigInt.asUintN(64, start + BigInt(random.below(1e9))),
    attributes: randomAttributes(random, 14),
    droppedAttributesCount: random.below(8) === 0 ? random.uint32() : 0,
    events: Array.from({ length: random.below(4) === 0 ? random.below(3) : 0 }, () => ({
      timeUnixNanos: random64(random),
      name: random.pick(['exception', 'log', '']),
      attributes: randomAttributes(random, 3),
      droppedAttributesCount: random.below(3),
    })),
    droppedEventsCount: random.below(8) === 0 ? 3 : 0,
    links: Array.from({ length: random.below(4) === 0 ? random.below(3) : 0 }, () => ({
      traceId: id(random, 32, 9),
      spanId: id(random, 16, 9),
      traceState: random.pick(['', 'a=b']),
      attributes: randomAttributes(random, 3),
      droppedAttributesCount: random.below(3),
      flags: random.pick([0, 1]),
    })),
    droppedLinksCount: random.below(8) === 0 ? 1 : 0,
    statusCode: random.below(3),
    statusMessage: random.below(5) === 0 ? 'it broke – ünd hów' : '',
    resource,
    scope,
  };
}

export function randomAttributes(random: TestRandom, countMax: number): Attribute[] {
  return Array.from({ length: random.below(countMax + 1) }, () => ({
    key: random.below(30) === 0 ? random.pick(['', 'Ключ', 'name', 'a b."c"']) : `key.${random.below(25)}`,
    value: randomValue(random, 0),
  }));
}

export function randomValue(random: TestRandom, depth: number): AnyValue {
  switch (random.below(depth > 3 ? 7 : 12)) {
    case 0:
    case 1:
      return { type: 'string', value: `value ${random.below(50)}` };
    case 2:
      return {
        type: 'string',
        value: random.pick(['', 'é', '日本語', '\u0000', 'x'.repeat(random.below(300)), '\ufeffbom']),
      };
    case 3:
      return {
        type: 'int',
        value: random.below(2) === 0 ? BigInt(random.below(40)) : BigInt.asIntN(64, random64(random)),
      };
    case 4:
      return { type: 'double', value: random.pick([0, -0, 1, 1.5, NaN, Infinity, -Infinity, 5e-324, random.float()]) };
    case 5:
      return { type: 'bool', value: random.below(2) === 0 };
    case 6:
      return { type: 'empty' };
    case 7:
      return { type: 'bytes', value: random.fill(new Uint8Array(random.below(5))) };
    case 8:
      return { type: 'array', value: Array.from({ length: random.below(4) }, () => randomValue(random, depth + 1)) };
    case 9:
      return {
        type: 'kvlist',
        value: Array.from({ length: random.below(3) }, () => ({
          key: `k${random.below(3)}`,
          value: randomValue(random, depth + 1),
        })),
      };
    default:
      return { type: 'string', value: `often ${random.below(3)}` };
  }
}

/** Canonical contents, sorted, each once: what a head keeps of spans. */
export function contentsOf(spans: readonly Span[]): string[] {
  return [...new Set(spans.map(canonicalSpan))].sort();
}

/** All published spans of a head, sorted by content; duplicates would show. */
export function contentsOfHead(head: Head): string[] {
  return contentsOfRowSet(openSnapshot(head.snapshot()));
}

export function contentsOfRowSet(rowSet: RowSet): string[] {
  return spansOfRows(
    rowSet,
    Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row)
  )
    .map(canonicalSpan)
    .sort();
}

function randomResource(random: TestRandom): Resource {
  return {
    attributes: [
      { key: 'service.name', value: { type: 'string', value: `service ${random.below(4)}` } },
      ...randomAttributes(random, 4),
    ],
    droppedAttributesCount: random.below(3),
    schemaUrl: random.pick(['', 'https://example.test/1']),
  };
}

function randomScope(random: TestRandom): InstrumentationScope {
  return {
    name: random.pick(['', 'lib.a', 'lib.b']),
    version: random.pick(['', '1.0']),
    attributes: randomAttributes(random, 2),
    droppedAttributesCount: random.below(2),
    schemaUrl: random.pick(['', 'https://example.test/2']),
  };
}

function random64(random: TestRandom): bigint {
  return (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
}

/** One of `distinct` ids, none of them zero. */
function id(random: TestRandom, digits: number, distinct: number): string {
  const number = 1 + random.below(distinct);
  return (number * 2654435761).toString(16).padStart(12, 'b').repeat(3).slice(0, digits);
}
