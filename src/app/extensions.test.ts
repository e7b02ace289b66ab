import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOfQueries, pathOfTrace } from './extensions.ts';

const ours = { type: 'vivace-traces-datasource', uid: 'v 1' };
const timeRange = { from: 'now-6h', to: 'now' };

test('a menu leads to what its first query of ours asks for', () => {
  const path = (target: object) => pathOfQueries({ targets: [target], timeRange })?.path;
  assert.equal(
    path({ datasource: ours, query: ' 4BF92F3577B34DA6A3CE929D0E0E4736 ' }),
    '/a/vivace-traces-app/trace/4bf92f3577b34da6a3ce929d0e0e4736?ds=v+1'
  );
  assert.equal(
    path({ datasource: ours, query: '{ status = error }', queryType: 'traceql' }),
    '/a/vivace-traces-app/search?ds=v+1&from=now-6h&to=now&q=%7B+status+%3D+error+%7D&editor=traceql'
  );
  assert.equal(
    path({ datasource: ours, queryType: 'serviceMap' }),
    '/a/vivace-traces-app/services?ds=v+1&from=now-6h&to=now'
  );
});

test('absolute ranges of every shape become Unix milliseconds; odd ones are left out', () => {
  const search = (range: object) =>
    new URLSearchParams(pathOfQueries({ targets: [{ datasource: ours }], timeRange: range })?.path.split('?')[1]);
  const moment = { valueOf: () => 1_700_000_000_000 };
  assert.equal(search({ from: moment, to: '2023-11-14T22:13:20.000Z' }).get('from'), '1700000000000');
  assert.equal(search({ from: moment, to: '2023-11-14T22:13:20.000Z' }).get('to'), '1700000000000');
  assert.equal(search({ from: 'now/d', to: undefined }).get('from'), null);
});

test('no link for anybody else, for hidden queries, and for contexts of other versions', () => {
  assert.equal(pathOfQueries(undefined), undefined);
  assert.equal(pathOfQueries({}), undefined);
  assert.equal(
    pathOfQueries({ targets: [{ datasource: { type: 'tempo', uid: 't' }, query: 'abc' }, { datasource: null }] }),
    undefined
  );
  assert.equal(pathOfQueries({ targets: [{ datasource: ours, query: '{}', hide: true }] }), undefined);
});

test("the trace of Grafana's view", () => {
  const trace = { traceID: '4bf92f3577b34da6a3ce929d0e0e4736', datasource: ours };
  assert.equal(pathOfTrace(trace)?.path, '/a/vivace-traces-app/trace/4bf92f3577b34da6a3ce929d0e0e4736?ds=v+1');
  assert.equal(pathOfTrace({ ...trace, datasource: { type: 'tempo', uid: 't' } }), undefined);
  assert.equal(pathOfTrace({ datasource: ours }), undefined);
});
