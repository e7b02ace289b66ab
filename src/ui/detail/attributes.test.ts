import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exceptionOf, linkOf } from './attributes.ts';

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
