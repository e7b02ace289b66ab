import { InlineField, TextArea } from '@grafana/ui';
import { useEffect, useState, type KeyboardEvent } from 'react';

const diagnosticsDelayMs = 300;

interface TraceqlFieldProps {
  readonly text: string;
  /** Called on blur and before a run, with the text as typed. */
  readonly onCommit: (text: string) => void;
  readonly onRun: () => void;
}

/** A TraceQL query or a trace ID as text. Shift+Enter runs it; what does not parse is explained below. */
export function TraceqlField({ text, onCommit, onRun }: TraceqlFieldProps) {
  const [draft, setDraft] = useState(text);
  const [committed, setCommitted] = useState(text);
  // The query can change from outside: history, "edit as text", another data source.
  if (text !== committed) {
    setCommitted(text);
    setDraft(text);
  }
  const problem = useProblem(draft);

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

/** The parser is loaded with the first text: dashboards that only show traces need no editor. */
function useProblem(text: string): string | undefined {
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    // A moment without typing: half a query is no mistake yet.
    const timer = setTimeout(async () => {
      const { problemOf } = await import('./diagnostics.ts');
      if (isCurrent) {
        setProblem(problemOf(text));
      }
    }, diagnosticsDelayMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text]);
  return problem;
}
