import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import type { Span } from '../../trace/model.ts';
import type { LinkedTrace } from '../links/variables.ts';

/** A page that shows the same moment through other data. */
export interface RelatedLink {
  readonly title: string;
  /** Made by the host from its own settings: a path of it, never a text out of a span. */
  readonly href: string;
}

export type LinksOfSpan = (span: Span, trace: LinkedTrace) => readonly RelatedLink[];

/** Logs, metrics and profiles of a span; nothing where the host has none. Each opens in a tab of its own. */
export function RelatedLinks({ links }: { readonly links: readonly RelatedLink[] }): ReactElement | undefined {
  return links.length === 0 ? undefined : (
    <nav className={styles.root} aria-label="Related data">
      {links.map(({ title, href }) => (
        <a key={title + href} href={href} target="_blank" rel="noopener noreferrer">
          {title}
        </a>
      ))}
    </nav>
  );
}

const styles = {
  root: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '4px 14px',
    padding: '8px 0',
    '& a': { color: 'var(--v-accent)' },
  }),
};
