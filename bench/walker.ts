/**
 * `npm run bench walker [spans]`: OTLP protobuf bodies of 1,000 spans (the shop corpus) into the columns of a head. CPU seconds are of
 * the whole process, garbage collection included. The yardstick, protobufjs decoding the same bodies to objects, runs in turns with the
 * walker: on a busy machine the ratio says more than the figures.
 */
import protobuf from 'protobufjs';
import { Head } from '../src/engine/head/head.ts';
import { defaultHeadLimits } from '../src/engine/head/limits.ts';
import { openSnapshot } from '../src/engine/head/snapshot.ts';
import { OtlpWalker } from '../src/engine/head/walk.ts';
import { spansOfRows } from '../src/engine/rows-to-spans.ts';
import { shopBodies } from '../scripts/traces/generate.ts';

const rounds = 7;
const spanCount = Number(process.argv[2] ?? 200_000);

const bodies = [...shopBodies({ seed: 1, spans: spanCount, startUnixNanos: 1_700_000_000_000_000_000n })];
const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0);

/** CPU seconds of `work`. */
function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const walker = new OtlpWalker();
const decoder = exportRequestType();
const walkSeconds: number[] = [];
const yardstickSeconds: number[] = [];
let head = new Head(defaultHeadLimits, walker);
for (let round = 0; round < rounds; round++) {
  walkSeconds.push(
    cpuSecondsOf(() => {
      head = new Head(defaultHeadLimits, walker);
      for (const body of bodies) {
        head.append(body);
        head.commit(head.rowCount);
      }
    })
  );
  yardstickSeconds.push(
    cpuSecondsOf(() => {
      // An eighth: it is slow and its speed does not depend on what came before.
      for (let i = 0; i < bodies.length; i += 8) {
        decoder.decode(bodies[i]);
      }
    }) *
      (bodies.length / Math.ceil(bodies.length / 8))
  );
}

const milliseconds = (work: () => void): string => {
  const start = performance.now();
  work();
  return (performance.now() - start).toFixed(2);
};
const walk = median(walkSeconds);
const yardstick = median(yardstickSeconds);
const rowSet = openSnapshot(head.snapshot());
const traceId = rowSet.traceIds.slice(16 * (rowSet.traceCount >> 1), 16 * (rowSet.traceCount >> 1) + 16);
console.log({
  'walker, k spans/cpu-s (median)': (spanCount / walk / 1000).toFixed(0),
  'walker, k spans/cpu-s (best)': (spanCount / Math.min(...walkSeconds) / 1000).toFixed(0),
  'walker, MB/cpu-s (median)': (bodyBytes / walk / 1e6).toFixed(0),
  'protobufjs to objects, k spans/cpu-s (median)': (spanCount / yardstick / 1000).toFixed(0),
  'ratio of the medians': (yardstick / walk).toFixed(1),
  'body, B/span': (bodyBytes / spanCount).toFixed(0),
  'head, B/span': (head.memoryBytes / spanCount).toFixed(0),
  'one whole column, cold code, ms': milliseconds(() =>
    openSnapshot(head.snapshot()).column('intrinsic', 'name', 'string')
  ),
  'trace by id from an opened snapshot, cold code, ms': milliseconds(() => {
    const fresh = openSnapshot(head.snapshot());
    spansOfRows(fresh, fresh.rowsOfTrace(fresh.findTrace(traceId)));
  }),
});

/** ExportTraceServiceRequest for protobufjs, from the public definitions of OTLP 1.x. */
function exportRequestType(): protobuf.Type {
  const field = (id: number, type: string, rule?: 'repeated'): protobuf.IField => ({ id, type, ...(rule && { rule }) });
  const root = protobuf.Root.fromJSON({
    nested: {
      ExportRequest: { fields: { resourceSpans: field(1, 'ResourceSpans', 'repeated') } },
      ResourceSpans: {
        fields: {
          resource: field(1, 'Resource'),
          scopeSpans: field(2, 'ScopeSpans', 'repeated'),
          schemaUrl: field(3, 'string'),
        },
      },
      Resource: {
        fields: { attributes: field(1, 'KeyValue', 'repeated'), droppedAttributesCount: field(2, 'uint32') },
      },
      ScopeSpans: {
        fields: { scope: field(1, 'Scope'), spans: field(2, 'Span', 'repeated'), schemaUrl: field(3, 'string') },
      },
      Scope: {
        fields: { name: field(1, 'string'), version: field(2, 'string'), attributes: field(3, 'KeyValue', 'repeated') },
      },
      Span: {
        fields: {
          traceId: field(1, 'bytes'),
          spanId: field(2, 'bytes'),
          traceState: field(3, 'string'),
          parentSpanId: field(4, 'bytes'),
          name: field(5, 'string'),
          kind: field(6, 'int32'),
          startTimeUnixNano: field(7, 'fixed64'),
          endTimeUnixNano: field(8, 'fixed64'),
          attributes: field(9, 'KeyValue', 'repeated'),
          events: field(11, 'Event', 'repeated'),
          status: field(15, 'Status'),
          flags: field(16, 'fixed32'),
        },
      },
      Event: {
        fields: {
          timeUnixNano: field(1, 'fixed64'),
          name: field(2, 'string'),
          attributes: field(3, 'KeyValue', 'repeated'),
        },
      },
      Status: { fields: { message: field(2, 'string'), code: field(3, 'int32') } },
      KeyValue: { fields: { key: field(1, 'string'), value: field(2, 'AnyValue') } },
      AnyValue: {
        fields: {
          stringValue: field(1, 'string'),
          boolValue: field(2, 'bool'),
          intValue: field(3, 'int64'),
          doubleValue: field(4, 'double'),
        },
      },
    },
  });
  return root.lookupType('ExportRequest');
}
