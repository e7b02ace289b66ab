import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { Span, SpanEvent, SpanLink } from '../../trace/model.ts';
import { Button } from '../kit/controls.tsx';
import { formatNanos, formatTime } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import type { TraceModel } from '../trace/model.ts';
import { attributeGroups, conditionOf, exceptionOf } from './attributes.ts';
import { AttributeTable, ValueText } from './AttributeTable.tsx';
import { RelatedLinks } from './RelatedLinks.tsx';
import type { RelatedLink } from './RelatedLinks.tsx';
import { spanJson } from './span-json.ts';

export interface SpanDetailProps {
  readonly model: TraceModel;
  readonly row: number;
  readonly color: string;
  copyText(text: string): Promise<void>;
  /** `undefined` where there is no search to add to. */
  readonly addToSearch: ((condition: string) => void) | undefined;
  /** A link to another trace, or `undefined` where there is none to open. */
  readonly hrefOfTrace: ((traceId: string, spanId: string) => string) | undefined;
  /** Where a span leads outside of tracing. */
  readonly linksOfSpan?: (span: Span) => readonly RelatedLink[];
  onSelectRow(row: number): void;
  onClose(): void;
}

/** Everything known of one span, what failed first. Plain text throughout: nothing of a span is ever HTML. */
export function SpanDetail(props: SpanDetailProps): ReactElement {
  const { model, row, color, copyText, addToSearch, onClose } = props;
  const { table } = model;
  const span = table.spans[row];
  const groups = useMemo(() => attributeGroups(span), [span]);
  const exceptions = span.events.flatMap((event) => exceptionOf(event.name, event.attributes) ?? []);
  return (
    <aside className={styles.root} aria-label="Span detail" data-testid="span-detail">
      <header className={styles.header}>
        <span className={styles.serviceBar} style={{ background: color }} />
        <div className={styles.title}>
          <div className={styles.service}>{table.services[table.service[row]] || 'unknown service'}</div>
          <h2 className={styles.name}>{span.name || '(no name)'}</h2>
        </div>
        <Button look="quiet" aria-label="Close span detail" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </Button>
      </header>
      <div className={styles.body}>
        {span.statusCode === 2 && (
          <section className={styles.failure}>
            <strong>Error</strong>
            {span.statusMessage !== '' && <div>{span.statusMessage}</div>}
            {exceptions.map((exception, index) => (
              <ExceptionBlock key={index} {...exception} copyText={copyText} />
            ))}
          </section>
        )}
        <RelatedLinks links={props.linksOfSpan?.(span) ?? []} />
        <Facts {...props} span={span} />
        {groups.map((group) => (
          <Section key={group.title} title={group.title} count={group.attributes.length}>
            <AttributeTable
              attributes={group.attributes}
              copyText={copyText}
              conditionOf={(attribute) => conditionOf(group.scope, attribute.key, attribute.value)}
              addToSearch={addToSearch}
            />
            <Dropped count={group.droppedCount} what="attributes" />
          </Section>
        ))}
        {(span.events.length > 0 || span.droppedEventsCount > 0) && (
          <Section title="Events" count={span.events.length}>
            {span.events.map((event, index) => (
              <EventBlock
                key={index}
                event={event}
                model={model}
                row={row}
                copyText={copyText}
                isShownAbove={span.statusCode === 2}
              />
            ))}
            <Dropped count={span.droppedEventsCount} what="events" />
          </Section>
        )}
        {(span.links.length > 0 || span.droppedLinksCount > 0) && (
          <Section title="Links" count={span.links.length}>
            {span.links.map((link, index) => (
              <LinkBlock key={index} link={link} {...props} />
            ))}
            <Dropped count={span.droppedLinksCount} what="links" />
          </Section>
        )}
        <RawJson span={span} copyText={copyText} />
      </div>
    </aside>
  );
}

function Facts({ model, row, span, copyText, onSelectRow }: SpanDetailProps & { readonly span: Span }): ReactElement {
  const { table } = model;
  const parent = table.parent[row];
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Duration', formatNanos(table.durationNanos[row])],
    ['Self time', formatNanos(model.selfNanos[row])],
    ['On critical path', model.criticalNanos[row] > 0 ? formatNanos(model.criticalNanos[row]) : 'no'],
    ['Start', formatTime(Number(span.startUnixNanos / 1_000_000n))],
    ['After trace start', formatNanos(table.offsetNanos[row])],
    ['Kind', spanKinds[span.kind] ?? `unknown (${span.kind})`],
    ['Status', statusCodes[span.statusCode] ?? `unknown (${span.statusCode})`],
    ['Span id', <CopyableId key="id" id={span.spanId} copyText={copyText} />],
    [
      'Parent',
      parent >= 0 ? (
        <button type="button" className={styles.linkButton} onClick={() => onSelectRow(parent)}>
          {table.names[table.name[parent]] || span.parentSpanId}
        </button>
      ) : span.parentSpanId === '' ? (
        'none: a root span'
      ) : (
        `${span.parentSpanId}, not in this trace`
      ),
    ],
  ];
  const rest = span.traceState === '' ? facts : [...facts, ['Trace state', span.traceState] as const];
  return (
    <dl className={styles.facts}>
      {rest.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function CopyableId({ id, copyText }: { readonly id: string; copyText(text: string): Promise<void> }): ReactElement {
  return (
    <button type="button" className={styles.idButton} title="Copy" onClick={() => void copyText(id)}>
      {id} <Icon name="copy" size={12} />
    </button>
  );
}

function Section({ title, count, children }: { title: string; count: number; children: ReactNode }): ReactElement {
  return (
    <details className={styles.section} open>
      <summary>
        {title} <span className={styles.count}>{count}</span>
      </summary>
      {children}
    </details>
  );
}

function Dropped({ count, what }: { readonly count: number; readonly what: string }): ReactElement | undefined {
  return count > 0 ? (
    <div className={styles.dropped}>{`${count} ${what} were dropped before they were sent.`}</div>
  ) : undefined;
}

/** Frames beyond these are folded: the message and the top of the stack tell most. */
const framesShown = 6;

function ExceptionBlock(exception: {
  readonly type: string;
  readonly message: string;
  readonly stackTrace: string;
  copyText(text: string): Promise<void>;
}): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const frames = exception.stackTrace.trimEnd().split('\n');
  const isLong = frames.length > framesShown;
  return (
    <div className={styles.exception}>
      <div className={styles.exceptionTitle}>
        <strong>{exception.type || 'Exception'}</strong>
        {exception.message !== '' && <span>{exception.message}</span>}
      </div>
      {exception.stackTrace !== '' && (
        <>
          <pre className={styles.stack}>{(isOpen ? frames : frames.slice(0, framesShown)).join('\n')}</pre>
          <div className={styles.stackActions}>
            {isLong && (
              <Button small look="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
                {isOpen ? 'Fold stack trace' : `Show ${frames.length - framesShown} more frames`}
              </Button>
            )}
            <Button small look="quiet" onClick={() => void exception.copyText(exception.stackTrace)}>
              <Icon name="copy" size={12} /> Copy
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

function EventBlock({
  event,
  model,
  row,
  copyText,
  isShownAbove,
}: {
  readonly event: SpanEvent;
  readonly model: TraceModel;
  readonly row: number;
  readonly isShownAbove: boolean;
  copyText(text: string): Promise<void>;
}): ReactElement {
  const exception = exceptionOf(event.name, event.attributes);
  const offset = Number(event.timeUnixNanos - model.table.baseUnixNanos) - model.table.offsetNanos[row];
  const rest = exception ? event.attributes.filter(({ key }) => !key.startsWith('exception.')) : event.attributes;
  return (
    <div className={styles.event}>
      <div className={styles.eventTitle}>
        <span className={styles.eventTime} title={formatTime(Number(event.timeUnixNanos / 1_000_000n))}>
          +{formatNanos(offset)}
        </span>
        <span>{event.name || '(no name)'}</span>
      </div>
      {exception && !isShownAbove && <ExceptionBlock {...exception} copyText={copyText} />}
      {rest.length > 0 && (
        <AttributeTable attributes={rest} copyText={copyText} conditionOf={() => undefined} addToSearch={undefined} />
      )}
      <Dropped count={event.droppedAttributesCount} what="attributes" />
    </div>
  );
}

function LinkBlock({ link, hrefOfTrace, copyText }: SpanDetailProps & { readonly link: SpanLink }): ReactElement {
  const href = hrefOfTrace?.(link.traceId, link.spanId);
  return (
    <div className={styles.event}>
      <div className={styles.eventTitle}>
        <Icon name="link" size={13} />
        {href === undefined ? (
          <span className={styles.mono}>{link.traceId}</span>
        ) : (
          <a className={styles.link} href={href}>
            Trace {link.traceId.slice(0, 8)}…, span {link.spanId}
          </a>
        )}
      </div>
      {link.attributes.length > 0 && (
        <AttributeTable
          attributes={link.attributes}
          copyText={copyText}
          conditionOf={() => undefined}
          addToSearch={undefined}
        />
      )}
    </div>
  );
}

function RawJson({ span, copyText }: { readonly span: Span; copyText(text: string): Promise<void> }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  // Built only when somebody looks: a span may carry megabytes.
  const json = isOpen ? spanJson(span) : '';
  return (
    <details className={styles.section} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Raw JSON</summary>
      {isOpen && (
        <>
          <div className={styles.stackActions}>
            <Button small look="quiet" onClick={() => void copyText(json)}>
              <Icon name="copy" size={12} /> Copy
            </Button>
          </div>
          <pre className={styles.stack}>
            <ValueText text={json} />
          </pre>
        </>
      )}
    </details>
  );
}

const styles = {
  root: css({
    display: 'flex',
    flexDirection: 'column',
    height: '100%',
    minHeight: 0,
    background: 'var(--v-background)',
  }),
  header: css({
    display: 'flex',
    alignItems: 'stretch',
    gap: 10,
    padding: '10px 8px 10px 14px',
    borderBottom: '1px solid var(--v-line)',
  }),
  serviceBar: css({ width: 4, borderRadius: 2, flex: 'none' }),
  title: css({ flex: 1, minWidth: 0 }),
  service: css({ fontSize: 12, color: 'var(--v-text-muted)' }),
  name: css({ margin: 0, fontSize: 15, fontWeight: 600, lineHeight: 1.3, overflowWrap: 'anywhere' }),
  body: css({ flex: 1, minHeight: 0, overflowY: 'auto', scrollbarWidth: 'thin', padding: '10px 14px 24px' }),
  failure: css({
    padding: '10px 12px',
    marginBottom: 10,
    borderRadius: 5,
    background: 'var(--v-error-surface)',
    overflowWrap: 'anywhere',
    '& > strong': { color: 'var(--v-error)' },
  }),
  facts: css({
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))',
    gap: '8px 16px',
    margin: '2px 0 14px',
    '& dt': { fontSize: 11, color: 'var(--v-text-muted)' },
    '& dd': { margin: 0, overflowWrap: 'anywhere', fontVariantNumeric: 'tabular-nums' },
  }),
  section: css({
    borderTop: '1px solid var(--v-line)',
    padding: '8px 0',
    '& > summary': { cursor: 'pointer', fontWeight: 600, fontSize: 12.5, padding: '3px 0', borderRadius: 3 },
    '& > summary:focus-visible': { outline: '2px solid var(--v-focus)' },
  }),
  count: css({ color: 'var(--v-text-muted)', fontWeight: 400, fontVariantNumeric: 'tabular-nums' }),
  dropped: css({ color: 'var(--v-warning)', fontSize: 12, padding: '4px 0' }),
  exception: css({ marginTop: 8 }),
  exceptionTitle: css({ display: 'flex', flexWrap: 'wrap', gap: '2px 8px', overflowWrap: 'anywhere' }),
  stack: css({
    margin: '6px 0 2px',
    padding: '8px 10px',
    borderRadius: 4,
    background: 'var(--v-surface)',
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 11.5,
    lineHeight: 1.5,
    overflowX: 'auto',
    maxHeight: 420,
  }),
  stackActions: css({ display: 'flex', gap: 4 }),
  event: css({ padding: '6px 0', '& + &': { borderTop: '1px dashed var(--v-line)' } }),
  eventTitle: css({ display: 'flex', gap: 8, alignItems: 'center', overflowWrap: 'anywhere' }),
  eventTime: css({ color: 'var(--v-text-muted)', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
  mono: css({
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 12,
    overflowWrap: 'anywhere',
  }),
  link: css({ color: 'var(--v-accent)', overflowWrap: 'anywhere' }),
  linkButton: css({
    padding: 0,
    border: 0,
    background: 'none',
    color: 'var(--v-accent)',
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    overflowWrap: 'anywhere',
  }),
  idButton: css({
    padding: 0,
    border: 0,
    background: 'none',
    color: 'var(--v-text)',
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 12,
    cursor: 'pointer',
  }),
};
