import { RangeSetBuilder } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { Decoration, ViewPlugin } from '@codemirror/view';
import type { DecorationSet, EditorView } from '@codemirror/view';
import { lexAll } from '../../traceql/lexer.ts';
import type { Token } from '../../traceql/lexer.ts';

/** Colours from our own lexer: what the editor shows is what the parser reads. */
export const highlighting: Extension = ViewPlugin.define(
  (view) => ({
    decorations: decorationsOf(view),
    update(update) {
      if (update.docChanged) {
        this.decorations = decorationsOf(update.view);
      }
    },
  }),
  { decorations: (plugin) => plugin.decorations }
);

const marks: Readonly<Record<string, Decoration>> = Object.fromEntries(
  ['keyword', 'attribute', 'string', 'number', 'operator', 'comment', 'error'].map((name) => [
    name,
    Decoration.mark({ class: `tq-${name}` }),
  ])
);

function decorationsOf(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const token of lexAll(view.state.doc.toString())) {
    const look = lookOf(token);
    if (look !== undefined && token.end > token.start) {
      builder.add(token.start, token.end, marks[look]);
    }
  }
  return builder.finish();
}

function lookOf(token: Token): string | undefined {
  switch (token.kind) {
    case 'symbol':
      return 'operator';
    case 'word':
      return 'keyword';
    case 'literal':
      return token.value.type === 'string' ? 'string' : 'number';
    case 'field':
      return token.field.kind === 'intrinsic' ? 'keyword' : 'attribute';
    case 'comment':
      return 'comment';
    case 'invalid':
      return 'error';
    case 'end':
      return undefined;
  }
}
