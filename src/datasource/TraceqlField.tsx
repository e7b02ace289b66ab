import { InlineField, TextArea } from '@grafana/ui';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { problemOf } from './diagnostics.ts';

interface TraceqlFieldProps {
  readonly text: string;
  /** Called on blur and before a run, with the text as typed. */
  readonly onCommit: (text: string) => void;
  readonly onRun: () => void;
}

/** A TraceQL query or a trace ID as text. Shift+Enter runs it; what does not parse is explained below. */
export function TraceqlField({ text, onCommit, onRun }: TraceqlFieldProps) {
  const [draft, setDraft] = useState(text);
  // The query can change from outside: history, "edit as text", another data source.
  useEffect(() => setDraft(text), [text]);
  const problem = problemOf(draft);

  const runOnShiftEnter = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && event.shiftKey) {
      event.preventDefault();
      onCommit(draft);
      onRun();
    }
  };

  return (
    <>
      <InlineField label="TraceQL" grow shrink invalid={problem !== undefined} labelWidth={14}>
        <TextArea
          aria-label="TraceQL query"
          data-testid="vivace-traceql"
          placeholder='Trace ID or TraceQL: { resource.service.name = "checkout" && duration > 1s }   (run with Shift+Enter)'
          rows={Math.min(20, Math.max(2, draft.split('\n').length))}
          spellCheck={false}
          style={{ fontFamily: 'monospace' }}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={() => draft !== text && onCommit(draft)}
          onKeyDown={runOnShiftEnter}
        />
      </InlineField>
      {problem !== undefined && (
        <pre role="status" data-testid="vivace-traceql-problem" style={{ whiteSpace: 'pre-wrap' }}>
          {problem}
        </pre>
      )}
    </>
  );
}
