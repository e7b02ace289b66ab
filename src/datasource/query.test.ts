import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planQuery, traceqlOf, unitOfMetrics, type VivaceQuery } from './query.ts';
import { traceqlFromFilters } from './search-filters.ts';
import { explorePanelId } from './settings.ts';

const plan = (query: Partial<VivaceQuery>) => planQuery({ refId: 'A', ...query });

test('hex text is a trace id under any query type', () => {
  const expected = { kind: 'trace', traceId: '0000000000000000b7ad6b7169203331' };
  for (const queryType of [undefined, 'traceql', 'traceId', 'traceqlSearch', 'nativeSearch', 'getTrace']) {
    assert.deepEqual(plan({ query: ' B7AD6B7169203331\n', queryType }), expected, String(queryType));
  }
  assert.equal(plan({ query: 'a'.repeat(33), queryType: 'traceql' }).kind, 'search');
});

test('rows of the builder win over text that came with them', () => {
  const filters = [
    { id: 's', scope: 'resource', tag: 'service.name', operator: '=', value: 'shop', valueType: 'string' },
  ];
  const query = { queryType: 'traceqlSearch', query: 'abc', filters };
  assert.deepEqual(plan(query), {
    kind: 'search',
    traceql: '{resource.service.name = "shop"}',
    limit: 20,
    spansPerSpanset: 3,
    tableType: 'traces',
  });
  assert.equal(traceqlOf({ refId: 'A', ...query }), '{resource.service.name = "shop"}');
  assert.deepEqual(plan({ queryType: 'traceqlSearch', filters: [] }), { ...plan(query), traceql: '{}' });
});

test('a metrics stage makes a metrics query; its name in a string or comment does not', () => {
  for (const query of [
    '{} | rate()',
    '{ .a = 1 } | quantile_over_time(duration, .9) by(name)',
    '{}|compare({status=error})',
  ]) {
    assert.equal(plan({ query }).kind, 'metrics', query);
  }
  for (const query of [
    '{ .a = "x | rate()" }',
    '{} // | rate()',
    '{ .a = `| rate()` }',
    '{} /* | rate() */ | count() > 1',
  ]) {
    assert.equal(plan({ query }).kind, 'search', query);
  }
  assert.deepEqual(plan({ query: '{} | rate()', metricsQueryType: 'instant', step: '' }), {
    kind: 'metrics',
    traceql: '{} | rate()',
    instant: true,
    step: undefined,
    exemplars: undefined,
  });
});

test('nothing to ask, and what cannot be asked', () => {
  assert.equal(plan({}).kind, 'none');
  assert.equal(plan({ query: '  ' }).kind, 'none');
  assert.equal(plan({ queryType: 'clear', query: '{}' }).kind, 'none');
  const graph = { kind: 'service-graph', source: 'server', traceql: '{ }', selectors: [], byNamespace: false };
  assert.deepEqual(plan({ queryType: 'serviceMap', query: ' { } ' }), graph);
  const linked = { queryType: 'serviceMap', serviceMapQuery: ['{client="a"}', ' ', 'server="b"'] };
  assert.deepEqual(plan({ ...linked, serviceMapIncludeNamespace: true }), {
    ...graph,
    source: 'linked',
    traceql: '',
    selectors: ['{client="a"}', '{server="b"}'],
    byNamespace: true,
  });
});

test('filters as Tempo writes them', () => {
  const text = (filter: object, ...more: object[]) =>
    traceqlFromFilters([{ id: 'x', ...filter }, ...more.map((one) => ({ id: 'y', ...one }))]);
  assert.equal(text({}), '{}');
  assert.equal(text({ tag: 'a', operator: '=', value: '' }), '{}');
  assert.equal(
    text({ scope: 'span', tag: 'http.status_code', operator: '>=', value: '500', valueType: 'int' }),
    '{span.http.status_code >= 500}'
  );
  assert.equal(
    text({ scope: 'intrinsic', tag: 'status', operator: '=', value: 'error', valueType: 'keyword' }),
    '{status = error}'
  );
  assert.equal(text({ tag: 'name', operator: '=~', value: ['a', 'b.*'] }), '{name =~ "a|b.*"}');
  const chosen = { tag: 'name', operator: '=~', value: ['a.b', '$service'], isCustomValue: false };
  assert.equal(text({ ...chosen, value: ['a.b', 'c'] }), '{name =~ "a\\\\.b|c"}');
  assert.equal(text({ ...chosen, isCustomValue: true }), '{name =~ "a.b|$service"}');
  assert.equal(text({ scope: 'span', tag: 'name', operator: '=', value: 'x' }), '{name = "x"}');
  assert.equal(
    text({ scope: 'unscoped', tag: 'a b', operator: '=', value: 'say "hi" \\' }),
    '{."a b" = "say \\"hi\\" \\\\"}'
  );
  assert.equal(text({ scope: 'span', tag: 'k', operator: '=', value: ['a', 'b'] }), '{(span.k = "a" || span.k = "b")}');
  assert.equal(
    text({ scope: 'span', tag: 'k', operator: '!=', value: ['a', 'b'] }),
    '{(span.k != "a" && span.k != "b")}'
  );
  assert.equal(
    traceqlFromFilters([
      { id: 'duration-type', value: 'trace' },
      { id: 'min-duration', tag: 'duration', operator: '>', value: '1s', valueType: 'duration' },
      { id: 'max-duration', tag: 'duration', operator: '<', value: '2s', valueType: 'duration' },
    ]),
    '{traceDuration > 1s && traceDuration < 2s}'
  );
});

test('an uploaded file, and the unit of durations', () => {
  assert.deepEqual(plan({ queryType: 'upload', query: 'abc' }), { kind: 'upload' });
  assert.equal(traceqlOf({ refId: 'A', queryType: 'upload', query: 'abc' }), '');
  assert.equal(unitOfMetrics('{} | quantile_over_time(duration, .9) by(name)'), 's');
  assert.equal(unitOfMetrics('{ status = error } | max_over_time(span:duration)'), 's');
  for (const text of [
    '{} | rate()',
    '{} | avg_over_time(span.bytes)',
    '({} | max_over_time(duration)) / ({} | rate())',
  ]) {
    assert.equal(unitOfMetrics(text), undefined, text);
  }
});

test('Explore: its own trace view up to 10,000 spans, ours above, or as the settings say', () => {
  const ours = 'vivace-waterfall-panel';
  const views = (spanCount: number) =>
    ([undefined, 'auto', 'grafana', 'vivace'] as const).map((view) => explorePanelId(view, spanCount));
  assert.deepEqual(views(10_000), [undefined, undefined, undefined, ours]);
  assert.deepEqual(views(10_001), [ours, ours, undefined, ours]);
});
