import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../api/client.ts';
import { createCompleter } from './completion.ts';
import { formatTraceql } from './format.ts';
import { otherConditions } from '../../traceql/other-conditions.ts';
import { matchText } from './use-match-count.ts';

test('format: our printer’s spelling, a line a stage when it is long; what would be lost stays', () => {
  assert.equal(
    formatTraceql('{.a="x"&&duration>1s}|rate()by(name)'),
    '{ .a = "x" && duration > 1s } | rate() by(name)'
  );
  const long = `{ resource.service.name = "${'x'.repeat(80)}" } | by(name) | count() > 2`;
  assert.equal(formatTraceql(long), long.replaceAll(' | ', '\n  | '));
  assert.equal(formatTraceql(formatTraceql(long)), formatTraceql(long));
  for (const kept of ['{ .a = }', '{.a=1} // why', 'abc', '', '{.a=$x}']) {
    assert.equal(formatTraceql(kept), kept);
  }
});

test('the other conditions of a spanset: before and behind, not those of other spansets', () => {
  const at = (marked: string) => {
    const cursor = marked.indexOf('¦');
    return otherConditions(marked.replace('¦', ''), cursor, cursor);
  };
  assert.equal(at('{ span.a = 1 && span.b = ¦ && span.c = 2 }'), '{ span.a = 1 && span.b =   && span.c = 2 }');
  assert.equal(at('{ span.a = 1 } >> { span.b = ¦'), '{ span.b =  }');
  assert.equal(at('{ span.b = ¦ } >> { span.a = "}" }'), '{ span.b =   }');
  assert.equal(at('{ span.a = 1 } | by(¦)'), undefined);
});

test('completion asks for values with the other conditions and the range; names anew when the range moves', async () => {
  const asked: unknown[] = [];
  const client = {
    attributeNames: (request: { range: unknown }) => {
      asked.push(request.range);
      return Promise.resolve([{ scope: 'span', name: 'b' }]);
    },
    attributeValues: (attribute: string, { query, range }: { query: string; range: unknown }) => {
      asked.push([attribute, query, range]);
      return Promise.resolve([{ type: 'string', value: 'x' }]);
    },
  } as unknown as Client;
  const completer = createCompleter(client, () => 0);
  const text = '{ span.b =  && span.c = 1 }';
  const hour = { startSeconds: 0, endSeconds: 3600 };
  const { signal } = new AbortController();
  const found = await completer.complete(text, 11, hour, signal);
  assert.deepEqual(found.candidates.map(({ insert }) => insert).slice(0, 1), ['"x"']);
  const day = { startSeconds: 0, endSeconds: 86_400 };
  await completer.complete(text, 11, { startSeconds: 20, endSeconds: 3620 }, signal);
  await completer.complete(text, 11, day, signal);
  const query = '{ span.b =   && span.c = 1 }';
  assert.deepEqual(
    asked.filter((one) => !Array.isArray(one)),
    [hour, day]
  );
  assert.deepEqual(asked[1], ['span.b', query, hour]);
});

test('the count in words', () => {
  const words = [
    [0, false],
    [1, false],
    [7, false],
    [100, true],
  ] as const;
  assert.deepEqual(
    words.map(([traces, isLimit]) => matchText({ traces, isLimit })),
    ['no trace matches', '1 trace matches', '7 traces match', '100 traces or more match']
  );
});
