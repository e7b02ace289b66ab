/** Traces whose runs of siblings are known: what `repeats.ts` is measured against. Seeded. */
import { seededRandom } from '../base/random.ts';
import type { Span } from '../trace/model.ts';
import type { RepeatPattern } from './repeats.ts';
import { drawnSpans, spanIdOf } from './testing.ts';

export interface Labelled {
  readonly spans: readonly Span[];
  /** Span ids of each run, by the pattern it was made as; runs that only look like one are not in it. */
  readonly labels: readonly { readonly spanIds: readonly string[]; readonly pattern: RepeatPattern }[];
}

/** What a trace may have in it. Those without a pattern are there to be mistaken for one. */
export const shapes = [
  'n+1',
  'n+1 of a service',
  'retry',
  'retry, given up',
  'fan-out',
  'loop',
  'polling',
  'batch of messages',
  'some items failed',
  'three calls',
  'pairs at once',
  'mixed calls',
] as const;
export type ShapeName = (typeof shapes)[number];

interface Drawing {
  parent: number;
  start: number;
  end: number;
  service: string;
  isError: boolean;
  kind: number;
  name: string;
}

/** A trace of a root, a few ordinary spans, and two of {@link shapes}. Nanoseconds are microseconds here: only proportions matter. */
export function labelledTrace(seed: number): Labelled {
  const random = seededRandom(seed);
  const drawn: Drawing[] = [];
  const labels: { spanIds: string[]; pattern: RepeatPattern }[] = [];
  const add = (parent: number, name: string, start: number, length: number, more: Partial<Drawing> = {}): number => {
    const from = Math.round(start);
    const end = from + Math.max(1, Math.round(length));
    drawn.push({ parent, name, start: from, end, service: 'shop', isError: false, kind: 1, ...more });
    return drawn.length - 1;
  };
  const label = (pattern: RepeatPattern, rows: readonly number[]): void => {
    labels.push({ pattern, spanIds: rows.map(spanIdOf) });
  };
  /** Between half and one and a half times. */
  const around = (length: number): number => length * (0.5 + random.float());

  const root = add(-1, 'GET /orders', 0, 1_000_000, { kind: 2 });
  add(root, 'authenticate', 1_000, 3_000);
  add(root, 'SELECT user', 5_000, 2_000, { kind: 3 });
  const make: Readonly<Record<ShapeName, (at: number) => void>> = {
    'n+1': (at) => {
      const handler = add(root, 'list orders', at, 200_000);
      let cursor = at + 500 + random.below(2_000);
      add(handler, 'SELECT orders', cursor, 900, { kind: 3 });
      cursor += 1_000;
      const rows = Array.from({ length: 5 + random.below(60) }, () => {
        const length = around(900);
        const row = add(handler, 'SELECT order_lines', cursor, length, { kind: 3 });
        cursor += length + around(120);
        return row;
      });
      label('n+1', rows);
    },
    'n+1 of a service': (at) => {
      const handler = add(root, 'enrich', at, 300_000);
      let cursor = at + 700;
      const rows = Array.from({ length: 5 + random.below(30) }, () => {
        const length = around(4_000);
        const row = add(handler, 'GET /price', cursor, length, { kind: 3 });
        const served = add(row, 'GET /price', cursor + 200, length - 400, { kind: 2, service: 'prices' });
        if (random.below(3) > 0) {
          add(served, 'SELECT price', cursor + 300, length / 3, { kind: 3, service: 'prices' });
        }
        cursor += length + around(600);
        return row;
      });
      // With and without the inner query are two shapes, and fold apart, but are one run.
      byChildren(drawn, rows).forEach((part) => part.length >= 3 && label('n+1', part));
    },
    retry: (at) => tries(at, 1 + random.below(4), true),
    'retry, given up': (at) => tries(at, 2 + random.below(3), false),
    'fan-out': (at) => {
      const handler = add(root, 'scatter', at, 120_000);
      const service = random.pick(['shop', 'shards']);
      label(
        'fan-out',
        Array.from({ length: 4 + random.below(40) }, () =>
          add(handler, 'query shard', at + around(900), around(60_000), { kind: 3, service })
        )
      );
    },
    loop: (at) => {
      const handler = add(root, 'render', at, 200_000);
      for (let step = 0, cursor = at; step < 6 + random.below(30); step++) {
        const length = around(2_000);
        add(handler, 'render line', cursor, length);
        cursor += length + around(50);
      }
    },
    polling: (at) => {
      const handler = add(root, 'wait for job', at, 400_000);
      for (let step = 0, cursor = at; step < 6 + random.below(20); step++) {
        add(handler, 'GET /job', cursor, around(800), { kind: 3 });
        cursor += 15_000;
      }
    },
    'batch of messages': (at) => {
      for (let step = 0, cursor = at; step < 6 + random.below(20); step++) {
        const length = around(3_000);
        add(root, 'process order', cursor, length, { kind: 5, service: 'worker' });
        cursor += length + around(100);
      }
    },
    'some items failed': (at) => {
      const handler = add(root, 'import', at, 200_000);
      for (let step = 0, cursor = at; step < 8 + random.below(20); step++) {
        const length = around(2_000);
        add(handler, 'import item', cursor, length, { isError: step % 3 === 1 });
        cursor += length + around(50);
      }
    },
    'three calls': (at) => {
      const handler = add(root, 'checkout', at, 40_000);
      for (let step = 0, cursor = at; step < 3 + random.below(2); step++) {
        const length = around(2_000);
        add(handler, 'SELECT stock', cursor, length, { kind: 3 });
        cursor += length + around(200);
      }
    },
    'pairs at once': (at) => {
      const handler = add(root, 'mirror', at, 150_000);
      for (let step = 0, cursor = at; step < 6 + random.below(10); step++) {
        add(handler, 'PUT copy', cursor, 3_000, { kind: 3 });
        add(handler, 'PUT copy', cursor + 1_500, 3_000, { kind: 3 });
        cursor += 4_700;
      }
    },
    'mixed calls': (at) => {
      const handler = add(root, 'profile', at, 100_000);
      for (let step = 0, cursor = at; step < 8; step++) {
        const length = around(1_500);
        add(handler, `SELECT ${['user', 'cart', 'address', 'points'][step % 4]}`, cursor, length, { kind: 3 });
        cursor += length;
      }
    },
  };
  function tries(at: number, failures: number, worked: boolean): void {
    const handler = add(root, 'pay', at, 200_000);
    const rows: number[] = [];
    let cursor = at + 300;
    for (let attempt = 0; attempt < failures + (worked ? 1 : 0); attempt++) {
      const isError = attempt < failures;
      const length = around(6_000);
      const row = add(handler, 'POST /charge', cursor, length, { kind: 3, isError });
      if (!isError) {
        add(row, 'POST /charge', cursor + 100, length - 200, { kind: 2, service: 'payment' });
      }
      // Each pause twice as long.
      cursor += length + 1_000 * 2 ** attempt;
      rows.push(row);
    }
    if (rows.length >= 2) {
      label('retry', rows);
    }
  }
  make[shapes[seed % shapes.length]](20_000);
  make[random.pick(shapes)](500_000);
  const spans = drawnSpans(drawn).map((span, index) => ({ ...span, name: drawn[index].name, kind: drawn[index].kind }));
  return { spans, labels };
}

/** Rows with the same count of spans two levels below, together. */
function byChildren(drawn: readonly Drawing[], rows: readonly number[]): readonly (readonly number[])[] {
  const hasQuery = (row: number): boolean =>
    drawn.some(({ parent, name }) => name === 'SELECT price' && drawn[parent].parent === row);
  return [rows.filter(hasQuery), rows.filter((row) => !hasQuery(row))];
}
