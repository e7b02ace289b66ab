import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuery } from '../../traceql/parser.ts';
import { evaluateTrace } from '../../traceql/evaluate.ts';
import type { AnyValue } from '../../trace/model.ts';
import { arbitraryAnyValue, arbitrarySpans, arbitraryText } from '../../../tests/fixtures/arbitrary-spans.ts';
import {
  attributeTarget,
  durationTarget,
  filterWith,
  focusAfter,
  kindTarget,
  quotedKey,
  serviceTarget,
  spanNameTarget,
  statusTarget,
} from './value-target.ts';
import { wholeTrace } from './view.ts';

test('a value becomes the condition that finds it', () => {
  const target = attributeTarget('span', 'http.route', { type: 'string', value: '/a "b"\n' });
  assert.equal(target.condition, 'span.http.route = "/a \\"b\\"\\n"');
  assert.equal(target.attribute, 'span.http.route');
  assert.equal(attributeTarget('resource', 'k8s pod', { type: 'int', value: 7n }).condition, 'resource."k8s pod" = 7');
  assert.equal(attributeTarget('span', 'ok', { type: 'bool', value: true }).condition, 'span.ok = true');
  const bytes = attributeTarget('span', 'x', { type: 'bytes', value: Uint8Array.of(1) });
  assert.deepEqual([bytes.condition, bytes.exclusion, bytes.text], [undefined, undefined, '"0x01"']);
});

test('keys are quoted only where they must be', () => {
  assert.equal(quotedKey('db.system'), 'db.system');
  assert.equal(quotedKey('a"b'), '"a\\"b"');
});

test('of every value, filter and exclusion are TraceQL', () => {
  const targets = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('span' as const, 'resource' as const),
        arbitraryText.filter((key) => key !== ''),
        arbitraryAnyValue
      )
      .map(([scope, key, value]) => attributeTarget(scope, key, value as AnyValue)),
    arbitraryText.map(serviceTarget),
    arbitraryText.map(spanNameTarget),
    fc.nat(5).map(kindTarget),
    fc.nat(2).map(statusTarget),
    fc.nat().map((nanos) => durationTarget(nanos, 'x'))
  );
  fc.assert(
    fc.property(targets, (target) => {
      for (const condition of [target.condition, target.exclusion]) {
        if (condition !== undefined) {
          parseQuery(`{ ${condition} }`);
        }
      }
    }),
    { numRuns: 500 }
  );
});

test('what is kept and what is excluded are all spans together', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const span = spans[0];
      const attribute = span?.attributes[0];
      if (span === undefined || attribute === undefined || attribute.key === '') {
        return;
      }
      const target = attributeTarget('span', attribute.key, attribute.value);
      if (target.condition === undefined || target.exclusion === undefined) {
        return;
      }
      const trace = { traceId: span.traceId, spans };
      const count = (condition: string): number =>
        evaluateTrace(parseQuery(`{ ${condition} }`), trace).reduce((sum, set) => sum + set.spans.length, 0);
      const first = span.attributes.find(({ key }) => key === attribute.key)!;
      assert.ok(first !== attribute || count(target.condition) > 0 || attribute.value.type === 'double');
      assert.equal(count(target.condition) + count(target.exclusion), spans.length);
    }),
    { numRuns: 200 }
  );
});

test('conditions join, also with an alternative before them, and none twice', () => {
  assert.equal(filterWith('', 'span.a = 1'), 'span.a = 1');
  assert.equal(filterWith('{ span.a = 1 }', 'span.b = 2'), 'span.a = 1 && span.b = 2');
  assert.equal(filterWith('span.a = 1 && span.b = 2', 'span.b = 2'), 'span.a = 1 && span.b = 2');
  assert.equal(filterWith('span.a = 1 || span.a = 2', 'span.b = 2'), '(span.a = 1 || span.a = 2) && span.b = 2');
});

test('the actions change the focus, or say that they cannot', () => {
  const route = attributeTarget('span', 'http.route', { type: 'string', value: '/a' });
  assert.equal(focusAfter('filter', wholeTrace, route)?.filter, 'span.http.route = "/a"');
  assert.equal(focusAfter('exclude', wholeTrace, route)?.filter, '!(span.http.route = "/a")');
  assert.deepEqual(focusAfter('group', wholeTrace, route)?.groupBy, ['span.http.route']);
  assert.equal(focusAfter('color', wholeTrace, route)?.colorBy, 'span.http.route');
  const bytes = attributeTarget('span', 'x', { type: 'bytes', value: Uint8Array.of(1) });
  assert.equal(focusAfter('filter', wholeTrace, bytes), undefined);
});
