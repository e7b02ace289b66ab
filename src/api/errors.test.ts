import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { errorTable } from './errors.ts';

test('docs/errors.md holds exactly the table of errors.ts', () => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => /^\| `/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    );
  const expected = Object.entries(errorTable).map(([code, { http, grpc, retryable, meaning }]) => [
    `\`${code}\``,
    String(http),
    String(grpc),
    retryable ? 'yes' : 'no',
    meaning,
  ]);
  assert.deepEqual(rows, expected);
});

test('what HTTP clients of OTLP retry is what the table calls retryable', () => {
  // OTLP: 429, 502, 503 and 504 are retryable, nothing else; 499 never reaches a client.
  for (const [code, { http, retryable }] of Object.entries(errorTable)) {
    assert.equal(retryable, [429, 499, 502, 503, 504].includes(http), code);
  }
});
