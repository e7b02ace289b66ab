import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../../tests/support/grafana-data.ts';
import type { Client } from '../api/client.ts';
import type { VivaceVariableQuery } from './variables.ts';

const { filterKeys, filterValues, listVariable, planVariable, variableFrame } = await import('./variables.ts');

const plan = (query: Partial<VivaceVariableQuery>) => planVariable({ refId: 'A', ...query });

test('services, operations of a service, names of a scope, scoped values', () => {
  assert.deepEqual(plan({ kind: 'services', condition: ' { status = error } ' }), {
    kind: 'values',
    attribute: 'resource.service.name',
    traceql: '{ status = error }',
  });
  assert.deepEqual(plan({ kind: 'operations', service: 'shop"s' }), {
    kind: 'values',
    attribute: 'name',
    traceql: '{ resource.service.name = "shop\\"s" }',
  });
  assert.deepEqual(plan({ kind: 'operations' }), { kind: 'values', attribute: 'name', traceql: undefined });
  assert.deepEqual(plan({ kind: 'names', scope: 'resource' }), {
    kind: 'names',
    scope: 'resource',
    traceql: undefined,
  });
  assert.equal(
    (plan({ kind: 'values', attribute: 'span.http.route' }) as { attribute: string }).attribute,
    'span.http.route'
  );
  assert.equal((plan({ kind: 'values', attribute: 'http.route' }) as { attribute: string }).attribute, '.http.route');
  assert.deepEqual(plan({ kind: 'values', attribute: ' ' }), { kind: 'none' });
  assert.deepEqual(plan({}), { kind: 'none' });
});

test("the Tempo data source's variables are read as they are", () => {
  assert.equal(plan({ type: 0 }).kind, 'names');
  assert.deepEqual(plan({ type: 1, label: 'service.name' }), {
    kind: 'values',
    attribute: '.service.name',
    traceql: undefined,
  });
});

test('look-ups carry range, limit and condition; lists are sorted and hold each value once', async () => {
  const asked: unknown[] = [];
  const client: Pick<Client, 'attributeNames' | 'attributeValues'> = {
    attributeNames: (request) => {
      asked.push(request);
      return Promise.resolve([
        { scope: 'span', name: 'a b' },
        { scope: 'resource', name: 'service.name' },
        { scope: 'intrinsic', name: 'span:duration' },
      ]);
    },
    attributeValues: (attribute, request) => {
      asked.push([attribute, request]);
      return Promise.resolve(['pod-10', 'pod-2', 'pod-2'].map((value) => ({ type: 'string', value })));
    },
  };
  const range = { startSeconds: 1, endSeconds: 2 };
  const lookUp = { range, limit: 9, signal: undefined };
  const values = plan({ kind: 'values', attribute: 'span.pod', condition: '{}' });
  assert.deepEqual(await listVariable(client, values, lookUp), ['pod-2', 'pod-10']);
  assert.deepEqual(asked.pop(), ['span.pod', { query: '{}', range, limit: 9, signal: undefined }]);
  assert.deepEqual(await listVariable(client, plan({ kind: 'names' }), lookUp), [
    'resource.service.name',
    'span:duration',
    'span."a b"',
  ]);
  assert.deepEqual(asked.pop(), { query: undefined, range, signal: undefined });
  assert.deepEqual(await listVariable(client, plan({ kind: 'names', scope: 'resource' }), lookUp), [
    'resource.service.name',
  ]);
  assert.deepEqual(await listVariable(client, { kind: 'none' }, lookUp), []);
});

test('frames and ad hoc choices as Grafana reads them', () => {
  assert.deepEqual(
    variableFrame(['x', 'y'], 'V').fields.map((field) => [field.name, field.values]),
    [
      ['text', ['x', 'y']],
      ['value', ['x', 'y']],
    ]
  );
  assert.deepEqual(
    filterKeys([
      { scope: 'link', name: 'b' },
      { scope: 'link', name: 'b' },
    ]),
    ['link.b']
  );
  assert.ok(filterKeys([]).includes('status'));
  assert.deepEqual(filterValues([{ type: 'int', value: '500' }]), [
    { text: '500', value: '500', properties: { valueType: 'int' } },
  ]);
});
