import { RangeSetBuilder } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { Decoration, ViewPlugin } from '@codemirror/view';
import type { DecorationSet, EditorView } from '@codemirror/view';
import { highlight } from '../../traceql/highlight.ts';

/** Colours from our own lexer: what the editor shows is what the parser reads. Classes are `tq-` and the style's name. */
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

function decorationsOf(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { start, end, style } of highlight(view.state.doc.toString())) {
    if (end > start) {
      builder.add(start, end, Decoration.mark({ class: `tq-${style}` }));
    }
  }
  return builder.finish();
}
