import type { seededRandom } from '../../src/base/random.ts';
import { emptyResource, emptyScope } from '../../src/trace/model.ts';
import type { AnyValue, Attribute, InstrumentationScope, Resource, Span } from '../../src/trace/model.ts';

/** Parts that every shape is made of. */
export type Rng = ReturnType<typeof seededRandom>;

const hexOfWord: readonly string[] = Array.from({ length: 65536 }, (_, word) => word.toString(16).padStart(4, '0'));

/** `digits` random hex digits, a multiple of 8. */
export function randomHex(random: Rng, digits: number): string {
  let hex = '';
  for (let i = 0; i < digits; i += 8) {
    const word = random.uint32();
    hex += hexOfWord[word >>> 16] + hexOfWord[word & 0xffff];
  }
  return hex;
}

export const randomTraceId = (random: Rng): string => randomHex(random, 32);
export const randomSpanId = (random: Rng): string => randomHex(random, 16);

/** Version 4. */
export function randomUuid(random: Rng): string {
  const hex = randomHex(random, 32);
  const variant = '89ab'[random.below(4)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

export const text = (key: string, value: string): Attribute => ({ key, value: { type: 'string', value } });
export const int = (key: string, value: number | bigint): Attribute => ({
  key,
  value: { type: 'int', value: typeof value === 'bigint' ? value : BigInt(value) },
});
export const double = (key: string, value: number): Attribute => ({ key, value: { type: 'double', value } });
export const bool = (key: string, value: boolean): Attribute => ({ key, value: { type: 'bool', value } });
export const attribute = (key: string, value: AnyValue): Attribute => ({ key, value });

export function serviceOf(name: string, ...attributes: Attribute[]): Resource {
  return { ...emptyResource, attributes: [text('service.name', name), ...attributes] };
}

export function scopeOf(name: string, version: string): InstrumentationScope {
  return { ...emptyScope, name, version };
}

/** A span with what is given, defaults for the rest. */
export function spanWith(
  span: Partial<Span> & Pick<Span, 'traceId' | 'spanId' | 'startUnixNanos' | 'endUnixNanos'>
): Span {
  return {
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: '',
    kind: 1,
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: 0,
    statusMessage: '',
    resource: emptyResource,
    scope: emptyScope,
    ...span,
  };
}
