import type { ReactElement, ReactNode } from 'react';
import { styles } from './styles.ts';

/** A part of the detail that folds. */
export function Section({
  title,
  count,
  isOpen = true,
  children,
}: {
  readonly title: string;
  readonly count?: number;
  readonly isOpen?: boolean;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <details className={styles.section} open={isOpen}>
      <summary>
        {title} {count !== undefined && <span className={styles.count}>{count}</span>}
      </summary>
      {children}
    </details>
  );
}

/** What the sender cut: a partial span is never shown as whole. */
export function Dropped({ count, what }: { readonly count: number; readonly what: string }): ReactElement | undefined {
  return count > 0 ? (
    <div className={styles.dropped}>{`${count} ${what} were dropped before they were sent.`}</div>
  ) : undefined;
}
