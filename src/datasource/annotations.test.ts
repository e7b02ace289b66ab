import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../tests/support/grafana-data.ts';
import { parseQuery } from '../traceql/parser.ts';
import { validateQuery } from '../traceql/validate.ts';
import type { VivaceAnnotationQuery } from './annotations.ts';

const { createTheme } = await import('@grafana/data');
const { annotationEvents, annotationSearch } = await import('./annotations.ts');
const { searchFrames } = await import('./frames/search-frame.ts');

const search = (target: Partial<VivaceAnnotationQuery>) => annotationSearch({ refId: 'Anno', ...target });

test('errors, slow traces and any search become a search for traces', () => {
  assert.equal(search({ annotates: 'errors' })?.query, '{ nestedSetParent < 0 && status = error }');
  assert.equal(
    search({ annotates: 'slow', slowerThan: '250ms', service: 'a"b' })?.query,
    '{ nestedSetParent < 0 && traceDuration > 250ms && rootServiceName = "a\\"b" }'
  );
  assert.equal(search({ annotates: 'slow' })?.query, '{ nestedSetParent < 0 && traceDuration > 1s }');
  assert.deepEqual(search({ query: ' { name = "deploy" } ', limit: 5 }), {
    refId: 'Anno',
    queryType: 'traceql',
    query: '{ name = "deploy" }',
    tableType: 'traces',
    limit: 5,
    spss: 1,
  });
  assert.equal(search({}), undefined);
  assert.equal(annotationSearch(undefined), undefined);
  for (const annotates of ['errors', 'slow'] as const) {
    validateQuery(parseQuery(search({ annotates, service: 'x' })!.query!));
  }
  assert.throws(() => search({ annotates: 'slow', slowerThan: 'very' }), /expected a duration/);
});

test('found traces become events: regions with escaped text and a link to the trace', () => {
  const traces = [
    {
      traceID: 'aa'.repeat(16),
      rootServiceName: 'shop',
      rootTraceName: '<img src=x>',
      startTimeUnixNano: '1700000001000000000',
      durationMs: 12,
    },
    { traceID: 'bb'.repeat(16), startTimeUnixNano: '1700000000000000000' },
  ];
  const options = { refId: 'A', tableType: 'traces' as const, target: { uid: 'v', name: 'V' }, theme: createTheme() };
  const [slow, short] = annotationEvents(searchFrames({ traces }, options), (id) => `/a/app/trace/${id}?ds="v"`);
  assert.deepEqual(slow, {
    id: 'aa'.repeat(16),
    time: 1_700_000_001_000,
    timeEnd: 1_700_000_001_012,
    isRegion: true,
    title: 'shop: &#60;img src=x&#62;',
    text: `12 ms · <a href="/a/app/trace/${'aa'.repeat(16)}?ds=&#34;v&#34;">Open the trace</a>`,
    tags: ['shop'],
  });
  assert.equal(short.timeEnd, undefined);
  assert.equal(short.title, 'root span not received');
  assert.match(short.text!, /^&lt;1 ms/);
});
