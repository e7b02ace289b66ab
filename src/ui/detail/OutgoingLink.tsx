import { css } from '@emotion/css';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Span, SpanLink } from '../../trace/model.ts';
import { AttributeTable } from './AttributeTable.tsx';
import { LinkAxis } from './LinkAxis.tsx';
import { spanOfLink } from './linked-spans.ts';
import type { LinkedSpan } from './linked-spans.ts';
import { Dropped } from './Section.tsx';
import type { SpanDetailProps } from './SpanDetail.tsx';
import { TraceLink } from './TraceLink.tsx';

/** A link of the span; once the server has told what stands at its other end, both are on one axis. */
export function OutgoingLink({
  span,
  link,
  host,
  hrefOfTrace,
  onOpenTrace,
}: Pick<SpanDetailProps, 'host' | 'hrefOfTrace' | 'onOpenTrace'> & {
  readonly span: Span;
  readonly link: SpanLink;
}): ReactElement {
  const [found, setFound] = useState<{ readonly link: SpanLink; readonly other: LinkedSpan | undefined }>();
  const { client } = host;
  useEffect(() => {
    if (!client) {
      return undefined;
    }
    const controller = new AbortController();
    spanOfLink(client, span, link, controller.signal).then(
      (other) => setFound({ link, other }),
      // The link itself is there; what it leads to is then not foretold.
      () => undefined
    );
    return () => controller.abort();
  }, [client, span, link]);
  const other = found?.link === link ? found.other : undefined;
  return (
    <div className={styles.root}>
      <TraceLink
        traceId={link.traceId}
        spanId={link.spanId}
        title={other ? `${other.service} · ${other.name}` : `Trace ${link.traceId.slice(0, 8)}…, span ${link.spanId}`}
        hrefOfTrace={hrefOfTrace}
        onOpenTrace={onOpenTrace}
      />
      {found?.link === link && !other && (
        <div className={styles.muted}>The server does not know this span: it may have passed its retention.</div>
      )}
      {other && (
        <LinkAxis
          producer={other}
          consumer={{
            startUnixNanos: span.startUnixNanos,
            durationNanos: Number(span.endUnixNanos - span.startUnixNanos),
          }}
        />
      )}
      {link.attributes.length > 0 && <AttributeTable scope="link" attributes={link.attributes} />}
      <Dropped count={link.droppedAttributesCount} what="attributes" />
    </div>
  );
}

const styles = {
  root: css({ padding: '6px 0', '& + &': { borderTop: '1px dashed var(--v-line)' } }),
  muted: css({ color: 'var(--v-text-muted)', fontSize: 12 }),
};
