import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { Icon } from '../kit/Icon.tsx';
import type { SpanDetailProps } from './SpanDetail.tsx';

/** A way to a span of another trace; as a step of the breadcrumb where there is one, else as an ordinary link. */
export function TraceLink({
  traceId,
  spanId,
  title,
  hrefOfTrace,
  onOpenTrace,
}: Pick<SpanDetailProps, 'hrefOfTrace' | 'onOpenTrace'> & {
  readonly traceId: string;
  readonly spanId: string;
  readonly title: string;
}): ReactElement {
  const href = hrefOfTrace?.(traceId, spanId);
  return (
    <div className={styles.root}>
      <Icon name="link" size={13} />
      {href === undefined ? (
        <span>{`${title} (trace ${traceId})`}</span>
      ) : (
        <a
          href={href}
          title={`Trace ${traceId}, span ${spanId}`}
          onClick={(event) => {
            if (onOpenTrace && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
              event.preventDefault();
              onOpenTrace(traceId, spanId);
            }
          }}
        >
          {title}
        </a>
      )}
    </div>
  );
}

const styles = {
  root: css({
    display: 'flex',
    gap: 8,
    alignItems: 'center',
    overflowWrap: 'anywhere',
    '& a': { color: 'var(--v-accent)' },
  }),
};
