import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { prettyJson, prettyKindOf, prettySql } from './pretty.ts';

test('SQL gets a line for each clause', () => {
  assert.equal(
    prettySql(
      "select a, count(*) from t left join u on t.id = u.id where x = 'a  b' and y in (1, 2) or z in (select id from v) order by a"
    ),
    [
      'select a, count(*)',
      'from t',
      'left join u on t.id = u.id',
      "where x = 'a  b'",
      '  and y in (1, 2)',
      '  or z in (',
      '  select id',
      '  from v',
      ')',
      'order by a',
    ].join('\n')
  );
});

test('JSON keeps numbers and repeated keys as they came', () => {
  assert.equal(
    prettyJson('{"a":12345678901234567890,"a":1.0,"b":[]}'),
    '{"a": 12345678901234567890, "a": 1.0, "b": []}'
  );
  assert.equal(
    prettyJson('[{"name":"a long enough text to need a line"},{"name":"and one more of that kind"}]').split('\n')
      .length,
    4
  );
});

test('formatting SQL changes nothing but white space between tokens', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'select ',
      ' from ',
      ' where ',
      ' and ',
      '(',
      ')',
      "'it''s'",
      ' -- note\n',
      '/* x */',
      ',',
      ' t.a',
      ' = ',
      '$1',
      '\n',
      '::text'
    ),
    fc.string({ maxLength: 5 })
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
      (sql) => {
        const bare = (text: string): string => text.replace(/\s+/gu, '');
        assert.equal(bare(prettySql(sql)), bare(sql));
      }
    ),
    { numRuns: 1_000 }
  );
});

test('formatting JSON gives the same JSON', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      assert.deepEqual(JSON.parse(prettyJson(json)), JSON.parse(json));
    }),
    { numRuns: 500 }
  );
});

test('what is SQL or JSON is told by key and looks', () => {
  assert.equal(prettyKindOf('db.query.text', 'SELECT 1'), 'sql');
  assert.equal(prettyKindOf('note', 'select the best'), undefined);
  assert.equal(prettyKindOf('body', '{"a":1}'), 'json');
  assert.equal(prettyKindOf('body', '{not json}'), undefined);
});
