/** Traces by number, and questions about them over HTTP. */
import assert from 'node:assert/strict';
import { emptyScope, type Span } from '../../src/trace/model.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { decodeTraceByIdResponse } from '../../src/wire/tempo.ts';

export const spansPerTrace = 4;
const nowNanos = BigInt(Date.now()) * 1_000_000n;

export function idOf(n: number): string {
  return (n + 1).toString(16).padStart(32, '7');
}

export function traceOf(n: number): Span[] {
  return Array.from({ length: spansPerTrace }, (_, i) => {
    const startUnixNanos = nowNanos - 60_000_000_000n + BigInt(n) * 1_000_000n;
    return {
      traceId: idOf(n),
      spanId: (n * spansPerTrace + i + 1).toString(16).padStart(16, '0'),
      parentSpanId: '',
      traceState: '',
      flags: 1,
      name: `step ${i}`,
      kind: 1,
      startUnixNanos,
      endUnixNanos: startUnixNanos + 1000n,
      attributes: [{ key: 'n', value: { type: 'string', value: `number ${n}` } }],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      statusCode: 0,
      statusMessage: '',
      resource: {
        attributes: [{ key: 'service.name', value: { type: 'string', value: 'objects' } }],
        droppedAttributesCount: 0,
        schemaUrl: '',
      },
      scope: emptyScope,
    };
  });
}

/** Acknowledged when it resolves. */
export async function sendTraces(otlpUrl: string, first: number, count: number): Promise<void> {
  const body = encodeTraces(Array.from({ length: count }, (_, i) => traceOf(first + i)).flat());
  const response = await fetch(`${otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: body as Uint8Array<ArrayBuffer>,
  });
  assert.equal(response.status, 200, await response.text());
}

export async function traceSpans(queryUrl: string, traceId: string): Promise<number> {
  const response = await fetch(`${queryUrl}/api/v2/traces/${traceId}`, {
    headers: { accept: 'application/protobuf' },
  });
  return decodeTraceByIdResponse(new Uint8Array(await response.arrayBuffer())).trace.length;
}

export async function countByMetrics(queryUrl: string): Promise<number> {
  const params = new URLSearchParams({
    q: '{ resource.service.name = "objects" } | count_over_time()',
    start: String(nowNanos / 1_000_000_000n - 3600n),
    end: String(nowNanos / 1_000_000_000n + 7200n),
  });
  const response = await fetch(`${queryUrl}/api/metrics/query?${params}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { series } = JSON.parse(text) as { series?: { value: number }[] };
  return (series ?? []).reduce((sum, { value }) => sum + value, 0);
}
