/** The service graph of the engine is that of the reference, whatever the layout, filter and range. VIVACE_SEED sets the first seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { serviceGraphView } from '../../src/engine/query/index.ts';
import { printQuery } from '../../src/traceql/printer.ts';
import { randomQuery } from '../../src/traceql/testing.ts';
import { outcomeOf, randomRange } from './pairs.ts';
import { randomWorld, tenant } from './world.ts';

const firstSeed = Number(process.env.VIVACE_SEED ?? 1);

test('the service graph is the same in engine and reference', async () => {
  let edges = 0;
  for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
    const random = seededRandom(seed);
    const { view, reference } = await randomWorld(random);
    const filters = [undefined, ...Array.from({ length: 3 }, () => randomQuery(random, { kind: 'search' }))];
    for (const filter of filters) {
      const request = { tenant, range: randomRange(random), filter };
      const expected = await outcomeOf(() => reference.serviceGraph(request));
      const where = `seed ${seed}, filter ${filter === undefined ? 'none' : printQuery(filter)}`;
      assert.deepEqual(await outcomeOf(() => serviceGraphView(view, request)), expected, where);
      edges += typeof expected === 'string' ? 0 : expected.edges.length;
    }
  }
  assert.ok(edges > 100, `only ${edges} edges were compared`);
});
