/** Names, values and whole traces: the engine tells what the reference tells. VIVACE_SEED sets the first seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { attributeNamesView, attributeValuesView, traceView } from '../../src/engine/query/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { randomQuery } from '../../src/traceql/testing.ts';
import { outcomeOf, randomRange } from './pairs.ts';
import { randomWorld, tenant } from './world.ts';

const firstSeed = Number(process.env.VIVACE_SEED ?? 1);
const everything = { startUnixNanos: undefined, endUnixNanos: undefined };

test('names, values and whole traces are the same in engine and reference', async () => {
  for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
    const random = seededRandom(seed);
    const { view, reference, traces } = await randomWorld(random);
    const filters = [undefined, ...Array.from({ length: 3 }, () => randomQuery(random, { kind: 'search' }))];
    for (const filter of filters) {
      const where = `seed ${seed}, filter ${filter === undefined ? 'none' : printQuery(filter)}`;
      // Without a filter whole sources count, whatever of them is in the range.
      const range = filter === undefined ? everything : randomRange(random);
      const request = { tenant, range, filter };
      const names = await outcomeOf(() => reference.attributeNames(request));
      // The second time much of it is known.
      for (const time of ['first', 'second']) {
        assert.deepEqual(await outcomeOf(() => attributeNamesView(view, request)), names, `${where}, ${time} time`);
      }
      for (const attribute of [
        '.x',
        'span.y',
        'resource.service.name',
        'event.x',
        'name',
        'status',
        'kind',
        'span:id',
        'event:name',
        'rootName',
      ]) {
        const values = { ...request, attribute, limit: 1000 };
        const expected = await outcomeOf(() => reference.attributeValues(values));
        for (const time of attribute === '.x' || attribute === 'rootName' ? ['first', 'second'] : ['first']) {
          const actual = await outcomeOf(() => attributeValuesView(view, values));
          assert.deepEqual(actual, expected, `${where}, values of ${attribute}, ${time} time`);
        }
      }
    }
    for (const { traceId } of [...traces, { traceId: 'f'.repeat(32) }]) {
      const expected = await reference.trace({ tenant, traceId });
      const { data } = await traceView(view, { traceId });
      assert.deepEqual(normalised(data), normalised(expected.data), `seed ${seed}, trace ${traceId}`);
    }
  }
});

/** Attributes are a set: their order is not kept. */
function normalised(trace: Trace | undefined): unknown {
  const sorted = <T extends { readonly key: string }>(attributes: readonly T[]): T[] =>
    [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return trace?.spans.map((span) => ({
    ...span,
    attributes: sorted(span.attributes),
    resource: { ...span.resource, attributes: sorted(span.resource.attributes) },
    scope: { ...span.scope, attributes: sorted(span.scope.attributes) },
  }));
}
