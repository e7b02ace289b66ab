import { useState } from 'react';
import type { ReactElement } from 'react';
import type { Attribute, Span, SpanEvent } from '../../trace/model.ts';
import type { Host } from '../host.ts';
import { Button, ErrorNote, SkeletonRows } from '../kit/controls.tsx';
import { formatNanos, formatTime } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import type { LinkedTrace } from '../links/variables.ts';
import type { ValueScope } from '../state/value-target.ts';
import type { TraceModel } from '../trace/model.ts';
import { pathOfRow, spanSentence } from '../trace/span-path.ts';
import { exceptionOf } from './attributes.ts';
import { AttributeTable, ValueText } from './AttributeTable.tsx';
import { ExceptionBlock } from './ExceptionBlock.tsx';
import { familiesOf } from './families.ts';
import { IncomingLinks } from './IncomingLinks.tsx';
import { OutgoingLink } from './OutgoingLink.tsx';
import { PeerPercentile } from './PeerPercentile.tsx';
import { RelatedLinks } from './RelatedLinks.tsx';
import type { LinksOfSpan } from './RelatedLinks.tsx';
import { Dropped, Section } from './Section.tsx';
import { SpanFacts } from './SpanFacts.tsx';
import { spanJson } from './span-json.ts';
import { styles } from './styles.ts';

export interface SpanDetailProps {
  readonly model: TraceModel;
  readonly row: number;
  /** `undefined` while it is on its way. */
  readonly span: Span | undefined;
  readonly error?: unknown;
  readonly color: string;
  /** `client` answers how slow the span is among its peers and who links to it; absent in panels. */
  readonly host: Pick<Host, 'copyText'> & Partial<Pick<Host, 'client'>>;
  /** A link to another trace, or `undefined` where there is none to open. */
  readonly hrefOfTrace: ((traceId: string, spanId: string) => string) | undefined;
  /** Where a span leads outside of tracing. */
  readonly linksOfSpan?: LinksOfSpan;
  /** Opens a span of another trace as a step of the breadcrumb; absent: the link is followed. */
  readonly onOpenTrace?: (traceId: string, spanId: string) => void;
  /** Rows of this trace that link to the span. */
  readonly linkingRows?: (span: Span, signal: AbortSignal) => Promise<readonly number[]>;
  onSelectRow(row: number): void;
  onClose(): void;
}

/** Ancestors named above the title. */
const pathShown = 4;

/** Everything known of one span, what failed first. Plain text throughout: nothing of a span is ever HTML. */
export function SpanDetail(props: SpanDetailProps): ReactElement {
  const { model, row, span, color, onClose, onSelectRow } = props;
  const { table } = model;
  const path = pathOfRow(table, row, pathShown + 1).slice(0, -1);
  const isCut = table.depth[row] > path.length;
  return (
    <aside className={styles.root} aria-label={`Span detail: ${spanSentence(table, row)}`} data-testid="span-detail">
      <header className={styles.header}>
        <span className={styles.serviceBar} style={{ background: color }} />
        <div className={styles.title}>
          <nav className={styles.path} aria-label="Path of the span">
            {path.map((ancestor, index) => (
              <span key={ancestor}>
                <button type="button" className={styles.linkButton} onClick={() => onSelectRow(ancestor)}>
                  {table.names[table.name[ancestor]] || '(no name)'}
                </button>
                {` › ${isCut && index === 0 ? `${table.depth[row] - path.length} more › ` : ''}`}
              </span>
            ))}
            <span>{table.services[table.service[row]] || 'unknown service'}</span>
          </nav>
          <h2 className={styles.name}>{table.names[table.name[row]] || '(no name)'}</h2>
        </div>
        <Button look="quiet" aria-label="Close span detail" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </Button>
      </header>
      <div className={styles.body}>
        {span ? (
          <Body {...props} span={span} />
        ) : props.error === undefined ? (
          <SkeletonRows rows={8} />
        ) : (
          <ErrorNote>{props.error instanceof Error ? props.error.message : String(props.error)}</ErrorNote>
        )}
      </div>
    </aside>
  );
}

/** Named as in Grafana's trace view. */
function linkedTrace({ table }: TraceModel): LinkedTrace {
  const name = `${table.services[table.service[0]]}: ${table.names[table.name[0]]}`;
  return { traceId: table.traceId, name, durationNanos: table.traceNanos };
}

function Body(props: SpanDetailProps & { readonly span: Span }): ReactElement {
  const { model, row, span, host, onSelectRow } = props;
  const exceptions = span.events.flatMap((event) => exceptionOf(event.name, event.attributes) ?? []);
  const scopeTitle = span.scope.name === '' ? 'Scope' : `Scope · ${span.scope.name} ${span.scope.version}`.trimEnd();
  return (
    <>
      {span.statusCode === 2 && (
        <section className={styles.failure} aria-label="Error">
          <strong>Error</strong>
          {span.statusMessage !== '' && <div>{span.statusMessage}</div>}
          {exceptions.map((exception, index) => (
            <ExceptionBlock key={index} {...exception} copyText={host.copyText} />
          ))}
        </section>
      )}
      <RelatedLinks links={props.linksOfSpan?.(span, linkedTrace(model)) ?? []} />
      {host.client && <PeerPercentile client={host.client} span={span} />}
      <SpanFacts model={model} row={row} span={span} onSelectRow={onSelectRow} />
      {familiesOf(span.attributes).map((family) => (
        <Section key={family.title} title={family.title} count={family.attributes.length}>
          <AttributeTable scope="span" attributes={family.attributes} />
        </Section>
      ))}
      <Dropped count={span.droppedAttributesCount} what="attributes" />
      {(span.events.length > 0 || span.droppedEventsCount > 0) && (
        <Section title="Events" count={span.events.length}>
          {span.events.map((event, index) => (
            <EventBlock
              key={index}
              event={event}
              model={model}
              row={row}
              copyText={host.copyText}
              isShownAbove={span.statusCode === 2}
            />
          ))}
          <Dropped count={span.droppedEventsCount} what="events" />
        </Section>
      )}
      {(span.links.length > 0 || span.droppedLinksCount > 0) && (
        <Section title="Links" count={span.links.length}>
          {span.links.map((link, index) => (
            <OutgoingLink key={index} link={link} {...props} />
          ))}
          <Dropped count={span.droppedLinksCount} what="links" />
        </Section>
      )}
      <IncomingLinks {...props} />
      <Families
        title="Resource"
        scope="resource"
        attributes={span.resource.attributes}
        dropped={span.resource.droppedAttributesCount}
      />
      {(span.scope.name !== '' || span.scope.attributes.length > 0) && (
        <Families
          title={scopeTitle}
          scope="instrumentation"
          attributes={span.scope.attributes}
          dropped={span.scope.droppedAttributesCount}
        />
      )}
      <RawJson span={span} copyText={host.copyText} />
    </>
  );
}

/** One section whose families are headings: a resource has many, of which most are read seldom. */
function Families({
  title,
  scope,
  attributes,
  dropped,
}: {
  readonly title: string;
  readonly scope: ValueScope;
  readonly attributes: readonly Attribute[];
  readonly dropped: number;
}): ReactElement | undefined {
  if (attributes.length === 0 && dropped === 0 && scope === 'resource') {
    return undefined;
  }
  const families = familiesOf(attributes);
  return (
    <Section title={title} count={attributes.length}>
      {families.map((family) => (
        <div key={family.title}>
          {families.length > 1 && <h3 className={styles.family}>{family.title}</h3>}
          <AttributeTable scope={scope} attributes={family.attributes} />
        </div>
      ))}
      <Dropped count={dropped} what="attributes" />
    </Section>
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
      {rest.length > 0 && <AttributeTable scope="event" attributes={rest} />}
      <Dropped count={event.droppedAttributesCount} what="attributes" />
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
          <div className={styles.actions}>
            <Button small look="quiet" onClick={() => void copyText(json)}>
              <Icon name="copy" size={12} /> Copy
            </Button>
          </div>
          <pre className={styles.stack} tabIndex={0} aria-label="Raw JSON of the span">
            <ValueText text={json} />
          </pre>
        </>
      )}
    </details>
  );
}
