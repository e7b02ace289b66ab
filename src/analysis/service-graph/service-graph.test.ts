import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { traceFromText } from '../../trace/text.ts';
import type { Attribute, Span, Trace } from '../../trace/model.ts';
import { drawnSpans } from '../testing.ts';
import { ServiceGraphBuilder } from './builder.ts';
import { Durations } from './durations.ts';
import type { GraphStats, ServiceGraph } from './model.ts';
import { exactQuantile, recount } from './testing.ts';

const always = { startUnixNanos: undefined, endUnixNanos: undefined };

function graphOf(...traces: readonly Trace[]): ServiceGraph {
  const builder = new ServiceGraphBuilder(always);
  traces.forEach((trace) => builder.addTrace(trace));
  assert.deepEqual(builder.warnings(), []);
  return builder.finish();
}

const edgesOf = ({ edges }: ServiceGraph): string[] =>
  edges.map(
    ({ source, target, kind, requests, errors }) =>
      `${source} → ${target} ${kind} ${requests}${errors === 0 ? '' : ` (${errors} failed)`}`
  );
const nodesOf = ({ nodes }: ServiceGraph): string[] =>
  nodes.map(({ id, requests, errors }) => `${id} ${requests}${errors === 0 ? '' : ` (${errors} failed)`}`);

test('services, a database, a queue and peers without spans are told apart', () => {
  const graph = graphOf(
    traceFromText(`
      web GET /cart          |====================| {kind=server}
        web GET              |==================  | {kind=client}
          cart GET /cart     | ================   | {kind=server resource.service.namespace=shop status=error}
            cart SELECT      |  ===               | {kind=client resource.service.namespace=shop db.system=postgresql db.namespace=carts}
            cart POST        |     ====           | {kind=client resource.service.namespace=shop server.address=pay.example}
            cart publish     |         ==         | {kind=producer resource.service.namespace=shop messaging.system=kafka messaging.destination.name=orders}
              mail process   |           =====    | {kind=consumer messaging.system=kafka messaging.destination.name=orders}
    `)
  );
  assert.deepEqual(nodesOf(graph), [
    'database:postgresql/carts 1',
    'external:pay.example 1',
    'queue:kafka/orders 1',
    'service:mail 1',
    'service:shop/cart 1 (1 failed)',
    'service:web 1',
  ]);
  assert.deepEqual(edgesOf(graph), [
    'queue:kafka/orders → service:mail messaging 1',
    'service:shop/cart → database:postgresql/carts call 1',
    'service:shop/cart → external:pay.example call 1',
    'service:shop/cart → queue:kafka/orders messaging 1',
    'service:web → service:shop/cart call 1 (1 failed)',
  ]);
});

test('a peer with the name of a service is that service, unless two have it', () => {
  const called = traceFromText('web GET |=====| {kind=client peer.service=pay}');
  const pay = traceFromText('pay POST |==| {kind=server}', { traceId: '2' });
  const otherPay = traceFromText('pay POST |==| {kind=server resource.service.namespace=eu}', { traceId: '3' });
  assert.deepEqual(edgesOf(graphOf(called, pay)), ['service:web → service:pay call 1']);
  assert.deepEqual(edgesOf(graphOf(called, pay, otherPay)), ['service:web → external:pay call 1']);
});

test('a call to oneself is an edge, internal work is none', () => {
  const graph = graphOf(
    traceFromText(`
      a GET          |======| {kind=server}
        a work       | ==== |
          a POST     |  ==  | {kind=client}
            a POST   |  ==  | {kind=server}
    `)
  );
  assert.deepEqual(edgesOf(graph), ['service:a → service:a call 1']);
  assert.deepEqual(nodesOf(graph), ['service:a 2']);
});

test('beyond the limits requests are left out, and the graph says how many', () => {
  const builder = new ServiceGraphBuilder(always, { nodesMax: 3, edgesMax: 10 });
  for (let i = 0; i < 10; i++) {
    builder.addTrace(traceFromText(`web GET |==| {kind=client peer.service=p${i}}`, { traceId: String(i + 1) }));
  }
  assert.equal(builder.finish().nodes.length, 3);
  assert.match(builder.warnings()[0], /^8 requests are not in the graph/);
});

test('a quantile is within 0.4 % of the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(1_000), fc.nat(), fc.integer({ min: -5, max: 5 })), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.95, 0.99),
      (nanos, share) => {
        const durations = new Durations();
        nanos.forEach((value) => durations.add(value));
        assertClose(durations.quantiles([share])[0], exactQuantile(nanos, share));
      }
    )
  );
});

function assertClose(actual: number, exact: number): void {
  assert.ok(Math.abs(actual - exact) <= 0.004 * exact, `${actual} is not ${exact}`);
}

/** Few names, so that everything meets everything. */
const attributes: fc.Arbitrary<readonly Attribute[]> = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom(
        'messaging.system',
        'messaging.destination.name',
        'messaging.operation.type',
        'db.system',
        'db.namespace',
        'peer.service',
        'server.address'
      ),
      fc.constantFrom('a', 'b', 'x', 'receive', '')
    ),
    { maxLength: 3, selector: ([key]) => key }
  )
  .map((pairs) => pairs.map(([key, value]) => ({ key, value: { type: 'string', value } })));

const traces: fc.Arbitrary<readonly Trace[]> = fc.array(
  fc
    .array(
      fc.record({
        pick: fc.nat(),
        start: fc.nat(1_000),
        length: fc.integer({ min: -50, max: 100_000 }),
        service: fc.constantFrom('a', 'b', 'c', ''),
        namespace: fc.constantFrom('', '', 'n'),
        isError: fc.boolean(),
        kind: fc.nat(5),
        attributes,
      }),
      { minLength: 1, maxLength: 12 }
    )
    .map((drawn): Trace => {
      const spans = drawnSpans(
        drawn.map(({ pick, start, length, service, isError }, index) => {
          const parent = index === 0 || pick % 5 === 0 ? -1 : pick % index;
          return { parent, start, end: start + length, service, isError };
        })
      ).map((span, index): Span => {
        const namespace = {
          key: 'service.namespace',
          value: { type: 'string', value: drawn[index].namespace },
        } as const;
        const resource = { ...span.resource, attributes: [...span.resource.attributes, namespace] };
        return { ...span, kind: drawn[index].kind, attributes: drawn[index].attributes, resource };
      });
      return { traceId: spans[0].traceId, spans };
    }),
  { minLength: 1, maxLength: 5 }
);

test('every number equals a slow recount over the spans, whatever the traces and the range', () => {
  fc.assert(
    fc.property(traces, fc.nat(800), fc.nat(1_000), (drawn, from, length) => {
      const startUnixNanos = 1_000_000_000n + BigInt(from);
      const range = { startUnixNanos, endUnixNanos: startUnixNanos + BigInt(length) };
      const builder = new ServiceGraphBuilder(range);
      drawn.forEach((trace) => builder.addTrace(trace));
      const { nodes, edges } = builder.finish();
      const found = new Map<string, GraphStats>(
        edges.map((edge) => [`${edge.source} → ${edge.target} (${edge.kind})`, edge])
      );
      nodes
        .filter(({ kind, requests }) => kind === 'service' && requests > 0)
        .forEach((node) => found.set(node.id, node));
      const expected = Map.groupBy(recount(drawn, range.startUnixNanos, range.endUnixNanos), ({ key }) => key);
      assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
      for (const [key, counted] of expected) {
        const stats = found.get(key) ?? assert.fail(key);
        const nanos = counted.map((each) => each.nanos);
        assert.equal(stats.requests, counted.length, key);
        assert.equal(stats.errors, counted.filter(({ failed }) => failed).length, key);
        assertClose(stats.p50Nanos, exactQuantile(nanos, 0.5));
        assertClose(stats.p95Nanos, exactQuantile(nanos, 0.95));
        assertClose(stats.p99Nanos, exactQuantile(nanos, 0.99));
      }
    }),
    { numRuns: 2_000 }
  );
});

test('the numbers of a peer are those of the calls to it', () => {
  fc.assert(
    fc.property(traces, (drawn) => {
      const { nodes, edges } = graphOf(...drawn);
      for (const { id, kind, requests, errors } of nodes) {
        const incoming = edges.filter(({ target }) => target === id);
        if (kind !== 'service') {
          assert.equal(
            requests,
            incoming.reduce((sum, edge) => sum + edge.requests, 0)
          );
          assert.equal(
            errors,
            incoming.reduce((sum, edge) => sum + edge.errors, 0)
          );
        }
      }
      const ids = new Set(nodes.map(({ id }) => id));
      assert.ok(edges.every(({ source, target }) => ids.has(source) && ids.has(target)));
    })
  );
});
