import { dateTime, type TimeRange } from '@grafana/data';
import { Button, InlineField, TextArea, useTheme2 } from '@grafana/ui';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { Client } from '../api/client.ts';
import { uiTheme } from '../app/ui-theme.ts';
import { cssVariables } from '../ui/kit/theme.ts';
import { formatTraceql } from '../ui/editor/format.ts';
import { matchText, useMatchCount } from '../ui/editor/use-match-count.ts';
import { checkText, hasVariables } from './diagnostics.ts';
import { planQuery } from './query.ts';
import type { TraceqlEditorInGrafanaProps } from './TraceqlEditorInGrafana.tsx';

interface TraceqlFieldProps {
  readonly client: Client;
  /** Names and values are completed from it. */
  readonly range: TimeRange | undefined;
  readonly text: string;
  /** Whether to say how many traces the text would find. */
  readonly counts: boolean;
  /** Called on blur and before a run, with the text as typed. */
  readonly onCommit: (text: string) => void;
  readonly onRun: () => void;
}

const placeholder =
  'Trace ID or TraceQL: { resource.service.name = "checkout" && duration > 1s }   (run with Shift+Enter)';

/** The editor comes with the first query that is edited: dashboards that only show traces need none. */
const Editor = lazy(() => import('./TraceqlEditorInGrafana.tsx').catch(() => ({ default: PlainEditor })));

/** A TraceQL query or a trace ID as text, completed and checked as one types. Shift+Enter runs it. */
export function TraceqlField({ client, range, text, counts, onCommit, onRun }: TraceqlFieldProps) {
  const [draft, setDraft] = useState(text);
  const [committed, setCommitted] = useState(text);
  // The query can change from outside: history, "edit as text", another data source.
  if (text !== committed) {
    setCommitted(text);
    setDraft(text);
  }
  const grafanaTheme = useTheme2();
  // Where the host gives no range: of the moment the editor was opened.
  const [lastHour] = useState(() => ({ fromMs: dateTime().subtract(1, 'h').valueOf(), toMs: dateTime().valueOf() }));
  const theme = useMemo(() => uiTheme(grafanaTheme), [grafanaTheme]);
  const editor: TraceqlEditorInGrafanaProps = {
    client,
    theme,
    placeholder,
    fromMs: range?.from.valueOf() ?? lastHour.fromMs,
    toMs: range?.to.valueOf() ?? lastHour.toMs,
    value: draft,
    onChange: setDraft,
    onBlur: () => draft !== text && onCommit(draft),
    onSubmit: () => {
      onCommit(draft);
      onRun();
    },
  };
  const plan =
    counts && checkText(draft) === undefined && !hasVariables(draft)
      ? planQuery({ refId: '', query: draft })
      : undefined;
  const search = plan?.kind === 'search' ? plan.traceql : undefined;
  const startSeconds = Math.floor(editor.fromMs / 1000);
  const count = useMatchCount(client, search, { startSeconds, endSeconds: Math.ceil(editor.toMs / 1000) });
  const formatted = formatTraceql(draft);
  return (
    <InlineField label="TraceQL" grow shrink labelWidth={14}>
      <div style={{ ...cssVariables(theme), flexGrow: 1, minWidth: 0 }} data-testid="vivace-traceql">
        <Suspense fallback={<PlainEditor {...editor} />}>
          <Editor {...editor} />
        </Suspense>
        <div style={{ display: 'flex', gap: 8, minHeight: 24, alignItems: 'center' }}>
          <Button
            size="sm"
            variant="secondary"
            fill="text"
            icon="brackets-curly"
            tooltip="Writes the query as our printer does (Shift+Alt+F)"
            disabled={formatted === draft}
            onClick={() => {
              setDraft(formatted);
              onCommit(formatted);
            }}
          >
            Format
          </Button>
          <span role="status" data-testid="vivace-match-count">
            {count === undefined ? '' : matchText(count)}
          </span>
        </div>
      </div>
    </InlineField>
  );
}

/** Until the editor is here, and where it cannot be loaded. */
function PlainEditor({ value, onChange, onBlur, onSubmit }: TraceqlEditorInGrafanaProps) {
  return (
    <TextArea
      aria-label="TraceQL query"
      placeholder={placeholder}
      rows={Math.min(20, Math.max(2, value.split('\n').length))}
      spellCheck={false}
      style={{ fontFamily: 'monospace' }}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={onBlur}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.shiftKey) {
          event.preventDefault();
          onSubmit();
        }
      }}
    />
  );
}
