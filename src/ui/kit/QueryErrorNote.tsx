import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import type { QueryError, QueryFix } from '../../traceql/errors.ts';
import { Button } from './controls.tsx';

/** Where a query is wrong, what was expected there, and the fix where there is one. */
export function QueryErrorNote({
  error,
  onFix,
}: {
  readonly error: QueryError;
  onFix(fix: QueryFix): void;
}): ReactElement {
  // The title stands above; line and caret are what toString draws below it.
  const [, line = '', caret = ''] = error.toString().split('\n');
  return (
    <div className={styles.root} role="alert">
      <div>{`Line ${error.line}, column ${error.column}: ${error.message}`}</div>
      <pre className={styles.caret}>{`${line}\n${caret}`}</pre>
      {error.fixes.length > 0 && (
        <div className={styles.fixes}>
          {error.fixes.map((fix) => (
            <Button key={fix.title} small onClick={() => onFix(fix)}>
              Fix: {fix.title}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

const styles = {
  root: css({
    padding: '7px 10px',
    borderRadius: 5,
    background: 'var(--v-error-surface)',
    color: 'var(--v-error)',
    fontSize: 12.5,
    overflowWrap: 'anywhere',
  }),
  caret: css({
    margin: '4px 0 0',
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 12,
    lineHeight: 1.35,
    overflowX: 'auto',
  }),
  fixes: css({ display: 'flex', gap: 6, flexWrap: 'wrap', marginTop: 6 }),
};
