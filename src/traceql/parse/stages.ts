/** Stages between pipes that are no spansets: `by`, `coalesce`, `select`, `sort`, and the aggregates. */
import type { Aggregate, PipelineStage } from '../ast.ts';
import { intrinsicSpellings } from '../attributes.ts';
import { fixForWord, replace } from '../habits.ts';
import type { Token } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import type { Element } from './elements.ts';
import { describe, isScalar } from './elements.ts';
import { fieldExpression, fieldList } from './fields.ts';

const aggregateNames = ['count', 'min', 'max', 'sum', 'avg'] as const;

export function isAggregateName(name: string): boolean {
  return aggregateNames.some((known) => known === name);
}

export function group(cursor: Cursor): PipelineStage {
  const start = cursor.next().start;
  if (!cursor.isSymbol('(')) {
    throw cursor.unexpected(cursor.peek(), '`(`', fixForWord(cursor.text, cursor.peek(), 'by'));
  }
  cursor.expect('(');
  const by = fieldExpression(cursor, 0);
  cursor.expect(')');
  return cursor.grow({ kind: 'group', range: cursor.rangeFrom(start), by }, by);
}

export function coalesce(cursor: Cursor): PipelineStage {
  const start = cursor.next().start;
  cursor.expect('(');
  cursor.expect(')');
  return { kind: 'coalesce', range: cursor.rangeFrom(start) };
}

export function select(cursor: Cursor): PipelineStage {
  const start = cursor.next().start;
  cursor.expect('(');
  const fields = fieldList(cursor);
  cursor.expect(')');
  return { kind: 'select', range: cursor.rangeFrom(start), fields };
}

/** `element` parses what can stand between pipeline operators. */
export function sort(cursor: Cursor, element: () => Element): PipelineStage {
  const start = cursor.next().start;
  cursor.expect('(');
  const first = cursor.peek();
  if (first.kind === 'field' || (first.kind === 'word' && intrinsicSpellings[first.text] !== undefined)) {
    const replacement = `max(${cursor.text.slice(first.start, first.end)})`;
    throw cursor.error(first, {
      message: 'the spans of a trace may have many values: sort() wants one per spanset',
      expected: 'an aggregate such as `max(duration)`',
      fixes: [replace(first, replacement)],
    });
  }
  const by = element();
  if (!isScalar(by)) {
    throw cursor.error(by.range, {
      message: `sort() wants an aggregate, this is ${describe(by)}`,
      expected: '`max(…)`',
    });
  }
  const order = cursor.accept(',') ? cursor.next() : undefined;
  if (order !== undefined && !(order.kind === 'word' && (order.text === 'asc' || order.text === 'desc'))) {
    throw cursor.unexpected(order, '`asc` or `desc`');
  }
  cursor.expect(')');
  const isAscending = order?.kind === 'word' && order.text === 'asc';
  return cursor.grow({ kind: 'sort', range: cursor.rangeFrom(start), by, order: isAscending ? 'asc' : 'desc' }, by);
}

export function aggregate(cursor: Cursor): Aggregate {
  const token = cursor.next() as Token & { kind: 'word' };
  const name = token.text as Aggregate['name'];
  cursor.expect('(');
  const argument = name === 'count' ? undefined : fieldExpression(cursor, 0);
  cursor.expect(')');
  const node: Aggregate = { kind: 'aggregate', range: cursor.rangeFrom(token.start), name, argument };
  return argument === undefined ? node : cursor.grow(node, argument);
}
