import { css } from '@emotion/css';
import { useState } from 'react';
import type { ReactElement } from 'react';
import type { Attribute } from '../../trace/model.ts';
import { Button } from '../kit/controls.tsx';
import { formatValue } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { linkOf } from './attributes.ts';

interface AttributeTableProps {
  readonly attributes: readonly Attribute[];
  copyText(text: string): Promise<void>;
  conditionOf(attribute: Attribute): string | undefined;
  readonly addToSearch: ((condition: string) => void) | undefined;
}

/** Keys and values; each value can be copied and added to the search. */
export function AttributeTable({ attributes, copyText, conditionOf, addToSearch }: AttributeTableProps): ReactElement {
  return (
    <dl className={styles.root}>
      {attributes.map((attribute, index) => {
        const text = formatValue(attribute.value);
        const condition = conditionOf(attribute);
        return (
          <div key={`${index} ${attribute.key}`} className={styles.entry}>
            <dt className={styles.key}>{attribute.key}</dt>
            <dd className={styles.value}>
              <ValueText text={text} />
            </dd>
            <div className={styles.actions}>
              <Button
                small
                look="quiet"
                aria-label={`Copy ${attribute.key}`}
                title="Copy value"
                onClick={() => void copyText(text)}
              >
                <Icon name="copy" size={13} />
              </Button>
              {addToSearch && condition !== undefined && (
                <Button
                  small
                  look="quiet"
                  aria-label={`Add ${attribute.key} to search`}
                  title={`Search for ${condition}`}
                  onClick={() => addToSearch(condition)}
                >
                  <Icon name="search" size={13} />
                </Button>
              )}
            </div>
          </div>
        );
      })}
    </dl>
  );
}

/** Longer values are folded: one of five megabytes must not stop the page. */
const textLengthShown = 2_000;

/** Text as text, folded when long; a link when it is harmless and nothing but a link. */
export function ValueText({ text }: { readonly text: string }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const href = linkOf(text);
  if (href !== undefined) {
    return (
      <a className={styles.link} href={href} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    );
  }
  if (text.length <= textLengthShown || isOpen) {
    return <>{text === '' ? <span className={styles.empty}>empty</span> : text}</>;
  }
  return (
    <>
      {text.slice(0, textLengthShown)}…{' '}
      <Button small onClick={() => setOpen(true)}>
        Show all {text.length.toLocaleString('en-US')} characters
      </Button>
    </>
  );
}

const styles = {
  root: css({ margin: '4px 0 0' }),
  entry: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(96px, 42%) 1fr auto',
    gap: 10,
    alignItems: 'start',
    padding: '2px 0',
    borderRadius: 3,
    '&:hover': { background: 'var(--v-surface)' },
  }),
  key: css({ color: 'var(--v-text-muted)', overflowWrap: 'anywhere', fontSize: 12.5, lineHeight: '20px' }),
  value: css({
    margin: 0,
    minWidth: 0,
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 12,
    lineHeight: '20px',
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
  }),
  actions: css({ display: 'flex', '& > button': { height: 20, padding: '0 4px' } }),
  link: css({ color: 'var(--v-accent)' }),
  empty: css({ color: 'var(--v-text-muted)', fontStyle: 'italic' }),
};
