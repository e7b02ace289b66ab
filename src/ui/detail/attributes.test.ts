import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, exceptionOf, linkOf, quotedKey } from './attributes.ts';

test('a value becomes the condition that finds it', () => {
  assert.equal(
    conditionOf('span', 'http.route', { type: 'string', value: '/a "b"\n' }),
    'span.http.route = "/a \\"b\\"\\n"'
  );
  assert.equal(conditionOf('resource', 'k8s pod', { type: 'int', value: 7n }), 'resource."k8s pod" = 7');
  assert.equal(conditionOf('span', 'ok', { type: 'bool', value: true }), 'span.ok = true');
  assert.equal(conditionOf('span', 'x', { type: 'bytes', value: Uint8Array.of(1) }), undefined);
});

test('keys are quoted only where they must be', () => {
  assert.equal(quotedKey('db.system'), 'db.system');
  assert.equal(quotedKey('a"b'), '"a\\"b"');
});

test('only harmless addresses become links', () => {
  assert.equal(linkOf('https://example.test/a'), 'https://example.test/a');
  assert.equal(linkOf('mailto:a@example.test'), 'mailto:a@example.test');
  for (const text of ['javascript:alert(1)', ' https://x', 'data:text/html,x', 'https://a b', 'ftp://x']) {
    assert.equal(linkOf(text), undefined, text);
  }
});

test('exceptions are found by name or by their attributes', () => {
  const attributes = [{ key: 'exception.type', value: { type: 'string' as const, value: 'IOError' } }];
  assert.equal(exceptionOf('failed', attributes)?.type, 'IOError');
  assert.equal(exceptionOf('cache miss', []), undefined);
});
