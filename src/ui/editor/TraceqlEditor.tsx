import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { linter } from '@codemirror/lint';
import type { Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { css } from '@emotion/css';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import type { QueryError } from '../../traceql/errors.ts';
import type { Host } from '../host.ts';
import type { Theme } from '../kit/theme.ts';
import { checkQuery } from '../search/check-query.ts';
import { rangeSeconds } from '../state/view.ts';
import type { Range } from '../state/view.ts';
import { createCompleter, languageAlone } from './completion.ts';
import type { Completer } from './completion.ts';
import { formatTraceql } from './format.ts';
import { highlighting } from './highlighting.ts';

export interface TraceqlEditorProps {
  /** `client` is asked for completion where there is no `completer`. */
  readonly host: Pick<Host, 'nowMs' | 'styleNonce'> & Partial<Pick<Host, 'client'>>;
  /** Where names and values come from, if not from the server. */
  readonly completer?: Completer;
  readonly autoFocus?: boolean;
  readonly value: string;
  readonly range: Range;
  readonly theme: Theme;
  /** Which Enter asks; the other one breaks the line. Grafana's editors run with Shift+Enter. */
  readonly submitKey?: 'enter' | 'shift-enter';
  readonly placeholder?: string;
  /** What is wrong with the text, where a host knows better than {@link checkQuery}. */
  readonly check?: (text: string) => QueryError | undefined;
  readonly onBlur?: () => void;
  onChange(value: string): void;
  onSubmit(): void;
}

const fixKey = /Mac/.test(navigator.userAgent) ? '⌘.' : 'Ctrl+.';

/** More than anybody scrolls through. */
const optionsMax = 200;

/**
 * TraceQL with colours, completion from what the server has seen, and faults underlined as one types. Enter asks, Shift+Enter breaks the
 * line, Mod+. applies the first fix, Shift+Alt+F formats.
 */
export default function TraceqlEditor(props: TraceqlEditorProps): ReactElement {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(undefined);
  const themeSlot = useRef(new Compartment());
  // Extensions live as long as the editor: they read the newest props through this.
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    const { host } = latest.current;
    const completer =
      latest.current.completer ?? (host.client && createCompleter(host.client, () => host.nowMs())) ?? languageAlone;
    const view = new EditorView({
      parent: parent.current!,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          keymap.of([
            ...completionKeymap,
            {
              key: 'Enter',
              run: (target) => submitOrBreak(target, latest.current, 'enter'),
              shift: (target) => submitOrBreak(target, latest.current, 'shift-enter'),
            },
            { key: 'Mod-.', run: (target) => applyFix(target, latest.current.check ?? checkQuery) },
            { key: 'Shift-Alt-f', run: formatText },
            ...defaultKeymap,
            ...historyKeymap,
          ]),
          history(),
          host.styleNonce === undefined ? [] : EditorView.cspNonce.of(host.styleNonce),
          closeBrackets(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'TraceQL query' }),
          placeholder(latest.current.placeholder ?? '{ resource.service.name = "checkout" && duration > 500ms }'),
          highlighting,
          replaceAsPlainText,
          autocompletion({
            override: [(context) => candidatesAt(context, completer, latest.current)],
            activateOnTyping: true,
          }),
          linter((target) => diagnosticsOf(target.state.doc.toString(), latest.current.check ?? checkQuery), {
            delay: 250,
          }),
          EditorView.domEventHandlers({ blur: () => latest.current.onBlur?.() }),
          themeSlot.current.of(editorTheme(latest.current.theme)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              latest.current.onChange(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    editor.current = view;
    if (latest.current.autoFocus) {
      view.focus();
      view.dispatch({ selection: { anchor: view.state.doc.length } });
    }
    return () => view.destroy();
  }, []);

  useEffect(() => {
    const view = editor.current;
    if (view && view.state.doc.toString() !== props.value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: props.value } });
    }
  }, [props.value]);
  useEffect(() => {
    editor.current?.dispatch({ effects: themeSlot.current.reconfigure(editorTheme(props.theme)) });
  }, [props.theme]);

  return <div ref={parent} className={styles.root} data-testid="traceql-editor" />;
}

/**
 * Typing over a selection: left to itself, Chromium carries the colour of the replaced text over in a style attribute, which the page's
 * policy refuses with a report each time.
 */
const replaceAsPlainText = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || !event.data || event.isComposing || view.state.selection.main.empty) {
      return false;
    }
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

async function candidatesAt(
  context: CompletionContext,
  completer: Completer,
  { host, range }: TraceqlEditorProps
): Promise<CompletionResult | null> {
  const controller = new AbortController();
  context.addEventListener('abort', () => controller.abort());
  const text = context.state.doc.toString();
  const found = await completer.complete(text, context.pos, rangeSeconds(range, host.nowMs()), controller.signal);
  const isWanted = context.explicit || found.from < context.pos || /[{.:=(|&<>~]\s*$/.test(text.slice(0, context.pos));
  // Nothing typed and not asked for: a list that pops up would only be in the way.
  if (found.candidates.length === 0 || !isWanted) {
    return null;
  }
  const options = found.candidates.slice(0, optionsMax).map((candidate): Completion => ({
    label: candidate.label,
    detail: candidate.kind,
    info: candidate.documentation || undefined,
    apply: (view, _completion, from, to) =>
      view.dispatch({
        changes: { from, to, insert: candidate.insert },
        selection: { anchor: from + candidate.cursorOffset },
        userEvent: 'input.complete',
      }),
  }));
  return { from: found.from, to: found.to, options, filter: false };
}

function submitOrBreak(view: EditorView, props: TraceqlEditorProps, key: 'enter' | 'shift-enter'): boolean {
  if (key === (props.submitKey ?? 'enter')) {
    props.onSubmit();
  } else {
    view.dispatch(view.state.replaceSelection('\n'));
  }
  return true;
}

/** The first fix of what is wrong. */
function applyFix(view: EditorView, check: (text: string) => QueryError | undefined): boolean {
  const [fix] = check(view.state.doc.toString())?.fixes ?? [];
  if (fix === undefined) {
    return false;
  }
  const changes = { from: fix.offset, to: fix.offset + fix.length, insert: fix.replacement };
  view.dispatch({ changes, selection: { anchor: fix.offset + fix.replacement.length }, userEvent: 'input.fix' });
  return true;
}

function formatText(view: EditorView): boolean {
  const text = view.state.doc.toString();
  const insert = formatTraceql(text);
  if (insert !== text) {
    view.dispatch({ changes: { from: 0, to: text.length, insert }, selection: { anchor: insert.length } });
  }
  return true;
}

function diagnosticsOf(text: string, check: (text: string) => QueryError | undefined): Diagnostic[] {
  const error = check(text);
  if (!error) {
    return [];
  }
  const from = Math.min(error.offset, Math.max(0, text.length - 1));
  return [
    {
      from,
      to: Math.min(text.length, Math.max(from + 1, error.offset + error.length)),
      severity: 'error',
      message: error.message,
      actions: error.fixes.map((fix, index) => ({
        name: index === 0 ? `${fix.title} (${fixKey})` : fix.title,
        apply: (view) =>
          view.dispatch({ changes: { from: fix.offset, to: fix.offset + fix.length, insert: fix.replacement } }),
      })),
    },
  ];
}

function editorTheme(theme: Theme): Extension {
  return EditorView.theme(
    {
      '&': { backgroundColor: theme.background, color: theme.text, fontSize: '13px' },
      '.cm-content': { fontFamily: mono, caretColor: theme.text, padding: '6px 0' },
      '.cm-line': { padding: '0 9px' },
      '&.cm-focused': { outline: 'none' },
      '.cm-cursor': { borderLeftColor: theme.text },
      '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': { backgroundColor: theme.selected },
      '.cm-placeholder': { color: theme.textMuted },
      '.cm-tooltip': {
        backgroundColor: theme.surface,
        border: `1px solid ${theme.line}`,
        borderRadius: '5px',
        color: theme.text,
      },
      '.cm-tooltip-autocomplete ul li': { padding: '2px 8px', fontFamily: mono },
      '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: theme.selected, color: theme.text },
      '.cm-completionDetail': { color: theme.textMuted, fontStyle: 'normal' },
      '.cm-tooltip.cm-completionInfo': { padding: '6px 9px', maxWidth: '340px' },
      '.cm-diagnostic-error': { borderLeftColor: theme.error },
    },
    { dark: theme.scheme === 'dark' }
  );
}

const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';

const styles = {
  root: css({
    border: '1px solid var(--v-line)',
    borderRadius: 5,
    overflow: 'hidden',
    '&:focus-within': { outline: '2px solid var(--v-focus)', outlineOffset: -1 },
    '& .tq-function, & .tq-keyword, & .tq-intrinsic': { color: 'var(--v-accent)' },
    '& .tq-string, & .tq-number, & .tq-constant': { color: 'var(--v-warning)' },
    '& .tq-operator, & .tq-bracket': { color: 'var(--v-text-muted)' },
    '& .tq-comment': { color: 'var(--v-text-muted)', fontStyle: 'italic' },
    '& .tq-invalid': { color: 'var(--v-error)' },
  }),
};
