import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryStore } from '../store/memory-store.ts';
import { emptyScope, type Span } from '../trace/model.ts';
import { encodeTraces } from '../wire/otlp-protobuf.ts';
import { dependencyTracesMax, serviceDependencies } from './dependencies.ts';
import { always } from './whole-traces.ts';

const text = (value: string) => ({ type: 'string', value }) as const;
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** `id`, `parent` (0: none), service, kind; with a peer, and failed. */
type Row = readonly [id: number, parent: number, service: string, kind: number, peer?: string, failed?: boolean];

function spansOf(trace: number, rows: readonly Row[]): Span[] {
  return rows.map(([id, parent, service, kind, peer, failed]) => ({
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    parentSpanId: parent === 0 ? '' : hex(parent, 16),
    traceState: '',
    flags: 0,
    name: 'n',
    kind,
    startUnixNanos: 1_000n,
    endUnixNanos: 2_000n,
    attributes: peer === undefined ? [] : [{ key: 'peer.service', value: text(peer) }],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    statusCode: failed ? 2 : 0,
    statusMessage: '',
    resource: {
      attributes: [{ key: 'service.name', value: text(service) }],
      droppedAttributesCount: 0,
      schemaUrl: '',
    },
    scope: emptyScope,
  }));
}

async function dependenciesOf(spans: readonly Span[]) {
  const store = new MemoryStore();
  const body = encodeTraces(spans);
  await store.ingest({ tenant: 't', encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body });
  const { found, warnings } = await serviceDependencies({ tenant: 't' }, { store }, always);
  const links = found.map((link) => `${link.parent} > ${link.child}: ${link.callCount}, ${link.errorCount} failed`);
  return { links, warnings };
}

const [internal, server, client, producer, consumer] = [1, 2, 3, 4, 5];

test('who calls whom', async () => {
  const rows: [what: string, spans: readonly Row[], links: string[]][] = [
    [
      'both sides traced: the name of the peer does not count again',
      [
        [1, 0, 'a', client, 'b'],
        [2, 1, 'b', server],
      ],
      ['a > b: 1, 0 failed'],
    ],
    [
      'a failure on either side is one',
      [
        [1, 0, 'a', client, undefined, true],
        [2, 1, 'b', server, undefined, true],
        [3, 0, 'a', client, undefined, true],
        [4, 3, 'b', server],
      ],
      ['a > b: 2, 2 failed'],
    ],
    [
      'work inside a service is no call',
      [
        [1, 0, 'a', server],
        [2, 1, 'a', internal],
        [3, 2, 'b', server],
      ],
      ['a > b: 1, 0 failed'],
    ],
    ['a database that nobody traces', [[1, 0, 'a', client, 'db', true]], ['a > db: 1, 1 failed']],
    ['a caller that nobody traces', [[1, 0, 'a', server, 'web']], ['web > a: 1, 0 failed']],
    [
      'a queue between two services',
      [
        [1, 0, 'a', producer, 'kafka'],
        [2, 0, 'b', consumer, 'kafka'],
      ],
      ['a > kafka: 1, 0 failed', 'kafka > b: 1, 0 failed'],
    ],
    [
      'one id on both sides, as Zipkin shares it',
      [
        [1, 0, 'a', client],
        [1, 0, 'b', server],
        [2, 1, 'c', server],
      ],
      ['a > b: 1, 0 failed', 'b > c: 1, 0 failed'],
    ],
    [
      'services without a name, parents that never came, spans that are their own parent',
      [
        [1, 0, '', client],
        [2, 1, 'b', server],
        [3, 99, 'b', server],
        [4, 4, 'b', client],
      ],
      [],
    ],
  ];
  for (const [what, spans, links] of rows) {
    assert.deepEqual(await dependenciesOf(spansOf(1, spans)), { links, warnings: [] }, what);
  }
});

test('beyond the bound the answer says so', async () => {
  const trace = (n: number): Span[] => spansOf(n + 1, [[1, 0, 'a', client, 'b']]);
  const traces = Array.from({ length: dependencyTracesMax + 1 }, (_, n) => trace(n));
  assert.deepEqual(await dependenciesOf(traces.slice(1).flat()), {
    links: [`a > b: ${dependencyTracesMax}, 0 failed`],
    warnings: [],
  });
  const { links, warnings } = await dependenciesOf(traces.flat());
  assert.deepEqual(links, [`a > b: ${dependencyTracesMax}, 0 failed`]);
  assert.match(warnings[0], /newest 2000 traces/);
});
