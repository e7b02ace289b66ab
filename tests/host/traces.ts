/** The traces that the specs ask for: small, drawn by hand, a minute old. */
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { emptyScope, type Attribute, type Resource, type Span } from '../../src/trace/model.ts';

/** Gives the fixture to a server's OTLP/HTTP door. */
export async function sendFixture(otlpUrl: string): Promise<void> {
  const sent = await fetch(new URL('/v1/traces', otlpUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: encodeTraces(fixtureSpans(Date.now())),
  });
  if (!sent.ok) {
    throw new Error(`the server refused the fixture: ${sent.status} ${await sent.text()}`);
  }
}

export const checkoutTraceId = '4bf92f3577b34da6a3ce929d0e0e4736';
/** Beyond core's view: Explore is pointed to our panel. */
export const wideTraceId = 'aaaa2f3577b34da6a3ce929d0e0e4736';
export const wideSpanCount = 20_000;

export function fixtureSpans(nowMs: number): Span[] {
  const startUnixNanos = BigInt(nowMs - 60_000) * 1_000_000n;
  const at = spanFactory(startUnixNanos);
  const spans = [
    at('checkout', 'POST /checkout', 1, 0, 0, 480, { kind: 2 }),
    at('cart', 'GET /cart', 2, 1, 10, 60, { kind: 3 }),
    at('payment', 'charge card', 3, 1, 80, 390, {
      kind: 3,
      statusCode: 2,
      statusMessage: 'card refused',
      attributes: [text('customer.id', '42'), { key: 'attempt', value: { type: 'int', value: 3n } }],
      events: [
        {
          timeUnixNanos: startUnixNanos + 300_000_000n,
          name: 'exception',
          attributes: [text('exception.type', 'CardRefused'), text('exception.message', 'insufficient funds')],
          droppedAttributesCount: 0,
        },
      ],
    }),
    at('payment', 'SELECT accounts', 4, 3, 100, 120, { kind: 3 }),
  ];
  const wide = spanFactory(startUnixNanos, wideTraceId);
  for (let number = 1; number <= wideSpanCount; number++) {
    spans.push(
      wide('batch', number === 1 ? 'import' : `row ${number}`, number, number === 1 ? 0 : 1, number / 100, 20, {})
    );
  }
  return spans;
}

function spanFactory(baseUnixNanos: bigint, traceId = checkoutTraceId) {
  const resources = new Map<string, Resource>();
  const resourceOf = (service: string): Resource => {
    const known = resources.get(service) ?? {
      attributes: [text('service.name', service)],
      droppedAttributesCount: 0,
      schemaUrl: '',
    };
    resources.set(service, known);
    return known;
  };
  return (
    service: string,
    name: string,
    id: number,
    parent: number,
    startMs: number,
    durationMs: number,
    part: Partial<Span>
  ): Span => {
    const startUnixNanos = baseUnixNanos + BigInt(Math.round(startMs * 1e6));
    return {
      traceId,
      spanId: spanId(id),
      parentSpanId: parent === 0 ? '' : spanId(parent),
      traceState: '',
      flags: 1,
      name,
      kind: 1,
      startUnixNanos,
      endUnixNanos: startUnixNanos + BigInt(durationMs * 1e6),
      attributes: [],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: 0,
      statusMessage: '',
      resource: resourceOf(service),
      scope: emptyScope,
      ...part,
    };
  };
}

export function spanId(number: number): string {
  return number.toString(16).padStart(16, '0');
}

function text(key: string, value: string): Attribute {
  return { key, value: { type: 'string', value } };
}
