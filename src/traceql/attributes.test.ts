import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceFromText } from '../trace/text.ts';
import { fieldValues, listedIntrinsics, parseAttribute, printField } from './attributes.ts';
import { printStatic } from './literals.ts';

test('attribute references and their canonical spelling', () => {
  const rows: readonly (readonly [text: string, canonical: string | undefined])[] = [
    ['.service.name', '.service.name'],
    ['resource.service.name', 'resource.service.name'],
    ['span."a b".c', 'span."a b.c"'],
    ['.a"b"c', '.abc'],
    ['."with \\" and \\\\"', '."with \\" and \\\\"'],
    ['span:name', 'name'],
    ['name', 'name'],
    ['trace:rootService', 'rootServiceName'],
    ['event:timeSinceStart', 'event:timeSinceStart'],
    ['."1"', '."1"'],
    ['span.1', 'span.1'],
    ['foo', undefined],
    ['foo.bar', undefined],
    ['parent.x', undefined],
    ['span.', undefined],
    ['span.a b', undefined],
    ['.a"', undefined],
    ['', undefined],
    ['constructor', undefined],
    ['span:constructor', undefined],
  ];
  for (const [text, canonical] of rows) {
    const field = parseAttribute(text);
    assert.equal(field && printField(field), canonical, text);
    assert.deepEqual(field && parseAttribute(printField(field)), field, text);
  }
});

test('listed intrinsics are both spellings, without nested sets', () => {
  for (const name of [
    'duration',
    'span:duration',
    'rootName',
    'trace:rootService',
    'trace:id',
    'link:spanID',
    'event:name',
  ]) {
    assert(listedIntrinsics.includes(name), name);
  }
  assert(!listedIntrinsics.some((name) => name.startsWith('nestedSet')));
});

test('all values a span has for a field', () => {
  const trace = traceFromText(`
    s A |==| {x=1 resource.x=2}
      * e1 @0 {x=3}
      * e2 @1 {x=4 y=[1, 2]}
      s B |==|
  `);
  const values = (text: string): string =>
    fieldValues(parseAttribute(text)!, trace.spans[0], trace).map(printStatic).join(' ');
  assert.equal(values('.x'), '1 2 3 4');
  assert.equal(values('event.x'), '3 4');
  assert.equal(values('resource.x'), '2');
  assert.equal(values('.y'), '[1, 2]');
  assert.equal(values('.missing'), '');
  assert.equal(values('event:name'), '"e1" "e2"');
  assert.equal(values('link:spanID'), '');
  assert.equal(values('span:childCount'), '1');
  assert.equal(values('nestedSetRight'), '4');
  assert.equal(values('rootName'), '"A"');
});
