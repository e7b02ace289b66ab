import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Attribute } from '../../trace/model.ts';
import { arbitraryAttributes } from '../../../tests/fixtures/arbitrary-spans.ts';
import { familiesOf } from './families.ts';

const attribute = (key: string): Attribute => ({ key, value: { type: 'string', value: 'x' } });

test('attributes stand with what they mean', () => {
  const keys = [
    'zebra',
    'db.system',
    'http.route',
    'url.path',
    'exception.type',
    'aws.s3.bucket',
    'aws.region',
    'client.address',
  ];
  assert.deepEqual(
    familiesOf(keys.map(attribute)).map(({ title, attributes }) => [title, attributes.map(({ key }) => key)]),
    [
      ['Exception', ['exception.type']],
      ['HTTP', ['http.route', 'url.path']],
      ['Database', ['db.system']],
      ['Object storage', ['aws.s3.bucket']],
      ['Network', ['client.address']],
      ['Cloud', ['aws.region']],
      ['Other', ['zebra']],
    ]
  );
});

test('no attribute is lost or doubled', () => {
  fc.assert(
    fc.property(arbitraryAttributes, (attributes) => {
      const grouped = familiesOf(attributes as Attribute[]).flatMap((family) => family.attributes);
      assert.equal(grouped.length, (attributes as Attribute[]).length);
      assert.deepEqual(new Set(grouped), new Set(attributes as Attribute[]));
    })
  );
});
