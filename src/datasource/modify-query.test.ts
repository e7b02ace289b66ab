import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../tests/support/grafana-data.ts';
import { withFilter, withFilters } from './modify-query.ts';
import type { VivaceQuery } from './query.ts';

const { AbstractLabelOperator } = await import('@grafana/data');
const { fromAbstractQuery, toAbstractQuery } = await import('./abstract-query.ts');
const { Equal, NotEqual, EqualRegEx } = AbstractLabelOperator;

const clicked = (query: Partial<VivaceQuery>, type: string, key: string, value: unknown) =>
  withFilter({ refId: 'A', ...query }, { type, options: { key, value } });

test('a clicked value is added or excluded', () => {
  assert.deepEqual(clicked({ query: '{ status = error }' }, 'ADD_FILTER', 'resource.service.name', 'shop'), {
    refId: 'A',
    queryType: 'traceql',
    query: '{ status = error && resource.service.name = "shop" }',
  });
  assert.equal(
    clicked({ query: '{} | rate()' }, 'ADD_FILTER_OUT', 'traceService', 'shop').query,
    '{ rootServiceName != "shop" } | rate()'
  );
  const filters = [{ id: 'a', scope: 'span', tag: 'b', operator: '=', value: 'c', valueType: 'string' }];
  const rows = clicked({ queryType: 'traceqlSearch', filters }, 'ADD_FILTER', 'name', 'd');
  assert.equal(rows.queryType, 'traceql');
  assert.equal(rows.query, '{ span.b = "c" && name = "d" }');
});

test('trace ids, uploads, other actions and unfinished text stay', () => {
  const id = { refId: 'A', query: '4bf92f3577b34da6a3ce929d0e0e4736' };
  assert.equal(withFilter(id, { type: 'ADD_FILTER', options: { key: 'a', value: 'b' } }), id);
  const other = { refId: 'A', query: '{}' };
  assert.equal(withFilter(other, { type: 'EXPAND', options: { key: 'a', value: 'b' } }), other);
  const unfinished = { refId: 'A', query: '{ .a = ' };
  assert.equal(withFilter(unfinished, { type: 'ADD_FILTER', options: { key: 'a', value: 'b' } }), unfinished);
  const upload = { refId: 'A', queryType: 'upload' };
  assert.equal(withFilters(upload, [{ key: 'a', operator: '=', value: 'b' }], 'throw'), upload);
  assert.throws(() => withFilters(unfinished, [{ key: 'a', operator: '=', value: 'b' }], 'throw'));
});

test('label matchers come from logs and metrics, and go back', () => {
  const imported = fromAbstractQuery({
    refId: 'A',
    labelMatchers: [
      { name: '__name__', value: 'up', operator: Equal },
      { name: 'service_name', value: 'shop', operator: Equal },
      { name: 'k8s_pod_name', value: 'shop-.*', operator: EqualRegEx },
      { name: 'team', value: 'a', operator: NotEqual },
    ],
  });
  assert.equal(
    imported.query,
    '{ resource.service.name = "shop" && resource.k8s.pod.name =~ "shop-.*" && .team != "a" }'
  );
  assert.deepEqual(toAbstractQuery({ ...imported, query: `${imported.query} | rate()` }).labelMatchers, [
    { name: 'service_name', value: 'shop', operator: Equal },
    { name: 'k8s_pod_name', value: 'shop-.*', operator: EqualRegEx },
    { name: 'team', value: 'a', operator: NotEqual },
  ]);
  for (const query of ['abc', '{ status = error || .a = "x" }', '{', '{ .a = "x" } >> {}']) {
    assert.deepEqual(toAbstractQuery({ refId: 'A', query }).labelMatchers, [], query);
  }
});
