import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from './Commands.tsx';
import { matchingCommands } from './match.ts';

const command = (group: string, title: string): Command => ({ id: title, group, title, run: () => undefined });
const sources = [
  { commands: [command('Trace', 'Copy link'), command('Fold', 'Unfold all'), command('Fold', 'Fold all')] },
  { commands: [], matching: (text: string) => [command('Span', `find ${text}`)] },
];
const titles = (text: string): string[] => matchingCommands(sources, text).map(({ title }) => title);

test('all words must occur; a title that begins with the text comes first', () => {
  assert.deepEqual(titles('fold'), ['Fold all', 'Unfold all', 'find fold']);
  assert.deepEqual(titles('trace copy'), ['Copy link', 'find trace copy']);
  assert.deepEqual(titles('zebra'), ['find zebra']);
  assert.equal(titles('').length, 3);
});
