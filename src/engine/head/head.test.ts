import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '../../base/coded-error.ts';
import { seededRandom } from '../../base/random.ts';
import { canonicalSpan } from '../../trace/canonical.ts';
import { bytesFromHex } from '../../trace/ids.ts';
import type { Span } from '../../trace/model.ts';
import { decodeTraces, encodeTraces } from '../../wire/otlp-protobuf.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import { Head } from './head.ts';
import { defaultHeadLimits } from './limits.ts';
import { openSnapshot } from './snapshot.ts';
import { contentsOf, contentsOfHead, randomSpans } from './testing.ts';
import { OtlpWalker } from './walk.ts';

test('what was appended comes back equal, over growth of every chunk kind', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = seededRandom(seed);
    const head = new Head();
    const sent: Span[] = [];
    for (let request = 0; request < 12; request++) {
      const spans = randomSpans(random, 1 + random.below(request === 5 ? 2000 : 120));
      const verdict = head.append(encodeTraces(spans));
      assert.equal(verdict.acceptedSpans, spans.length, `seed ${seed}`);
      sent.push(...spans);
      head.commit(head.rowCount, request);
    }
    head.verify();
    assert.deepEqual(contentsOfHead(head), contentsOf(sent), `seed ${seed}`);
    assert.deepEqual([head.minWalSequence, head.maxWalSequence], [0, 11]);
    const starts = sent.map((span) => span.startUnixNanos);
    const ends = sent.map((span) => span.endUnixNanos);
    assert.equal(
      head.minStartUnixNanos,
      starts.reduce((a, b) => (a < b ? a : b))
    );
    assert.equal(
      head.maxEndUnixNanos,
      ends.reduce((a, b) => (a > b ? a : b))
    );
  }
});

test('a trace is found by its id at once, alone as in the whole head', () => {
  const seed = 77;
  const random = seededRandom(seed);
  const head = new Head();
  const spans = randomSpans(random, 800);
  head.append(encodeTraces(spans));
  head.commit(head.rowCount);
  const rowSet = openSnapshot(head.snapshot());
  const byTrace = new Map<string, Span[]>();
  for (const span of spans) {
    byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
  }
  assert.equal(rowSet.traceCount, byTrace.size);
  // Twice: by the chain of rows first, by all traces sorted out later.
  for (let round = 0; round < 3; round++) {
    for (const [traceId, expected] of byTrace) {
      const ordinal = rowSet.findTrace(bytesFromHex(traceId)!);
      assert.ok(ordinal >= 0, `seed ${seed}, trace ${traceId}`);
      const rows = Array.from(rowSet.rowsOfTrace(ordinal));
      assert.deepEqual(
        rows,
        rows.toSorted((a, b) => a - b)
      );
      assert.deepEqual(spansOfRows(rowSet, rows).map(canonicalSpan).sort(), contentsOf(expected));
    }
  }
  assert.equal(rowSet.findTrace(new Uint8Array(16).fill(0xee)), -1);
});

test('spans of one resource share it by identity', () => {
  const spans = randomSpans(seededRandom(5), 300);
  const head = new Head();
  head.append(encodeTraces(spans));
  head.commit(head.rowCount);
  const rowSet = openSnapshot(head.snapshot());
  for (const count of [rowSet.rowCount, 40]) {
    const back = spansOfRows(
      rowSet,
      Uint32Array.from({ length: count }, (_, row) => row)
    );
    assert.ok(new Set(back.map((span) => span.resource)).size <= 3);
    assert.ok(new Set(back.map((span) => span.scope)).size <= 3);
  }
});

test('a retried request adds nothing and is accepted', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = seededRandom(seed);
    const head = new Head();
    const spans = randomSpans(random, 400);
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    const { rowCount } = head;
    const again = head.append(encodeTraces(spans));
    assert.equal(again.acceptedSpans, spans.length);
    assert.equal(again.duplicateSpans, spans.length, `seed ${seed}`);
    // The same content in another order of attributes and spans.
    const shuffled = spans.toReversed().map((span) => ({ ...span, attributes: sortedDistinct(span.attributes) }));
    const before = new Set(spans.map(canonicalSpan));
    const expected = new Set(shuffled.map(canonicalSpan).filter((content) => !before.has(content))).size;
    head.append(encodeTraces(shuffled));
    assert.equal(head.rowCount, rowCount + expected, `seed ${seed}`);
    head.verify();
  }
});

/** By key backwards; stable, so that the first of equal keys stays first. */
function sortedDistinct(attributes: Span['attributes']): Span['attributes'] {
  return attributes.toSorted((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0));
}

test('one id with many contents: all kept, each once', () => {
  const [span] = randomSpans(seededRandom(9), 1);
  const variants = Array.from({ length: 40 }, (_, i) => ({ ...span, name: `variant ${i % 10}` }));
  const head = new Head();
  const verdict = head.append(encodeTraces(variants));
  assert.deepEqual([verdict.acceptedSpans, verdict.duplicateSpans, head.rowCount], [40, 30, 10]);
  head.commit(10);
  head.verify();
  assert.deepEqual(contentsOfHead(head), contentsOf(variants));
});

test('rollback leaves no trace: rows, values, keys, memory, later answers', () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = seededRandom(seed);
    const head = new Head();
    const twin = new Head();
    for (let round = 0; round < 8; round++) {
      const kept = encodeTraces(randomSpans(random, random.below(60)));
      assert.deepEqual(head.append(kept), twin.append(kept), `seed ${seed}`);
      head.commit(head.rowCount);
      twin.commit(twin.rowCount);
      const { rowCount } = head;
      const dropped = 1 + random.below(3);
      for (let i = 0; i < dropped; i++) {
        head.append(encodeTraces(randomSpans(random, random.below(80))));
      }
      head.rollback(rowCount);
      head.verify();
      assert.equal(head.rowCount, twin.rowCount);
      assert.equal(head.minStartUnixNanos, twin.minStartUnixNanos);
      assert.equal(head.maxEndUnixNanos, twin.maxEndUnixNanos);
      assert.ok(columnsOf(head) === columnsOf(twin), `seed ${seed} round ${round}`);
    }
    assert.deepEqual(contentsOfHead(head), contentsOfHead(twin), `seed ${seed}`);
  }
});

/** Every column with its dictionary, to the last value. */
function columnsOf(head: Head): string {
  const rowSet = openSnapshot(head.snapshot());
  const columns = rowSet.columnKeys.map(({ scope, key, type }) => {
    const column = rowSet.column(scope, key, type)!;
    return [scope, key, type, column.dictionary.size, column.codes.join(' ')];
  });
  return JSON.stringify(columns);
}

test('commit and rollback in parts: a reader sees whole durable requests', () => {
  const random = seededRandom(31);
  const head = new Head();
  const first = randomSpans(random, 50);
  const second = randomSpans(random, 70);
  const third = randomSpans(random, 30);
  head.append(encodeTraces(first));
  const afterFirst = head.rowCount;
  head.append(encodeTraces(second));
  const afterSecond = head.rowCount;
  head.append(encodeTraces(third));
  assert.equal(openSnapshot(head.snapshot()).rowCount, 0);
  head.commit(afterFirst);
  assert.deepEqual(contentsOfHead(head), contentsOf(first));
  head.rollback(afterSecond);
  head.commit(afterSecond);
  assert.deepEqual(contentsOfHead(head), contentsOf([...first, ...second]));
  assert.throws(() => head.commit(afterSecond + 1), /commit of/);
});

test('mutated bodies: only invalid_argument, the head unchanged; what is accepted is what the object decoder reads', () => {
  const walker = new OtlpWalker();
  let accepted = 0;
  let refused = 0;
  for (let seed = 1; seed <= 800; seed++) {
    const random = seededRandom(seed);
    const head = new Head(defaultHeadLimits, walker);
    head.append(encodeTraces(randomSpans(random, 3)));
    head.commit(head.rowCount);
    const before = columnsOf(head);
    const body = mutated(encodeTraces(randomSpans(random, 1 + random.below(5))), random);
    const { rowCount } = head;
    try {
      const verdict = head.append(body);
      accepted++;
      if (verdict.rejectedSpans === 0) {
        const decoded = decodeTraces(body);
        assert.equal(verdict.acceptedSpans, decoded.length, `seed ${seed}`);
        const known = contentsOfHead(head);
        head.commit(head.rowCount);
        const expected = decoded.filter((span) => isByte(span.kind) && isByte(span.statusCode));
        const contents = new Set(contentsOfHead(head));
        for (const content of contentsOf(expected)) {
          assert.ok(contents.has(content), `seed ${seed}: ${content} is missing`);
        }
        assert.ok(contents.size <= known.length + decoded.length);
      }
    } catch (error) {
      assert.ok(error instanceof CodedError && error.code === 'invalid_argument', `seed ${seed}: ${String(error)}`);
      refused++;
      assert.throws(() => decodeTraces(body), CodedError, `seed ${seed}: ${String(error)}`);
      assert.equal(head.rowCount, rowCount);
      assert.ok(columnsOf(head) === before, `seed ${seed}`);
    }
    head.verify();
  }
  assert.ok(accepted > 80 && refused > 300, `${accepted} accepted, ${refused} refused`);
});

function isByte(value: number): boolean {
  return value >= 0 && value <= 0xff;
}

function mutated(body: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  const bytes = Array.from(body);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    switch (random.below(5)) {
      case 0:
        bytes[at % bytes.length] = random.below(256);
        break;
      case 1:
        bytes[at % bytes.length] ^= 1 << random.below(8);
        break;
      case 2:
        bytes.splice(at, random.below(6));
        break;
      case 3:
        bytes.splice(at, 0, ...random.fill(new Uint8Array(random.below(4))));
        break;
      default:
        bytes.length = Math.min(bytes.length, at + 1);
    }
    if (bytes.length === 0) {
      bytes.push(0);
    }
  }
  return Uint8Array.from(bytes);
}

test('an almost empty head is small', () => {
  const spans = randomSpans(seededRandom(3), 10);
  const walker = new OtlpWalker();
  const heads: Head[] = [];
  const before = process.memoryUsage();
  for (let i = 0; i < 400; i++) {
    const head = new Head(defaultHeadLimits, walker);
    head.append(encodeTraces(spans));
    head.commit(head.rowCount);
    heads.push(head);
  }
  const after = process.memoryUsage();
  const bytesPerHead = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / heads.length;
  assert.ok(heads[0].memoryBytes < 64 << 10, `memoryBytes says ${heads[0].memoryBytes}`);
  // Garbage is counted in: an upper bound.
  assert.ok(bytesPerHead < 160 << 10, `${bytesPerHead} bytes a head`);
});
