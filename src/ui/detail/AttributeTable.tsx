import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import type { Attribute } from '../../trace/model.ts';
import { Button } from '../kit/controls.tsx';
import { formatValue } from '../kit/format.ts';
import { Value } from '../kit/ValueMenu.tsx';
import { attributeTarget } from '../state/value-target.ts';
import type { ValueScope } from '../state/value-target.ts';
import { linkOf } from './attributes.ts';
import { pretty, prettyKindOf } from './pretty.ts';

interface AttributeTableProps {
  readonly attributes: readonly Attribute[];
  readonly scope: ValueScope;
}

/** Keys and values; each value offers its five actions. */
export function AttributeTable({ attributes, scope }: AttributeTableProps): ReactElement {
  return (
    <dl className={styles.root}>
      {attributes.map((attribute, index) => (
        <div key={`${index} ${attribute.key}`} className={styles.entry}>
          <dt className={styles.key}>{attribute.key}</dt>
          <dd className={styles.value}>
            <Value target={attributeTarget(scope, attribute.key, attribute.value)}>
              <PrettyValue name={attribute.key} text={formatValue(attribute.value)} />
            </Value>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** SQL and JSON laid out for reading, and back as they came. */
function PrettyValue({ name, text }: { readonly name: string; readonly text: string }): ReactElement {
  const [isRaw, setRaw] = useState(false);
  const kind = useMemo(() => prettyKindOf(name, text), [name, text]);
  const formatted = useMemo(() => (kind === undefined ? text : pretty(kind, text)), [kind, text]);
  return (
    <>
      <ValueText text={isRaw ? text : formatted} />
      {formatted !== text && (
        <Button
          small
          look="quiet"
          className={styles.raw}
          aria-pressed={isRaw}
          title={isRaw ? 'Show it formatted' : 'Show it as it was sent'}
          onClick={() => setRaw(!isRaw)}
        >
          raw
        </Button>
      )}
    </>
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
    gridTemplateColumns: 'minmax(96px, 38%) 1fr',
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
  raw: css({ height: 18, marginLeft: 4, padding: '0 5px', fontSize: 11 }),
  link: css({ color: 'var(--v-accent)' }),
  empty: css({ color: 'var(--v-text-muted)', fontStyle: 'italic' }),
};
