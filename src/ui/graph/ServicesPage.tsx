import { css } from '@emotion/css';
import { useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import type { ServiceGraphBody } from '../../api/vivace/graph.ts';
import type { Host } from '../host.ts';
import { Button, ErrorNote, SkeletonRows, TextInput, WarningBanner } from '../kit/controls.tsx';
import type { Theme } from '../kit/theme.ts';
import { RangePicker } from '../search/RangePicker.tsx';
import { rangeSeconds, startView } from '../state/view.ts';
import type { ServicesView } from '../state/view.ts';
import { ServiceGraphPane } from './ServiceGraphPane.tsx';

interface Settled {
  readonly request: object;
  readonly body: ServiceGraphBody | undefined;
  readonly error: unknown;
}

/** Services, databases, queues and peers of a range: who calls whom, and how well. */
export function ServicesPage({
  host,
  view,
  theme,
}: {
  readonly host: Host;
  readonly view: ServicesView;
  readonly theme: Theme;
}): ReactElement {
  const { query, range } = view;
  const [text, setText] = useState(query);
  const [round, setRound] = useState(0);
  const request = useMemo(() => ({ query, range, round }), [query, range, round]);
  const [settled, setSettled] = useState<Settled>();
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    host.client.serviceGraph({ query: request.query, range: rangeSeconds(request.range, host.nowMs()), signal }).then(
      (body) => setSettled({ request, body, error: undefined }),
      (error: unknown) => signal.aborted || setSettled({ request, body: undefined, error })
    );
    return () => controller.abort();
  }, [host, request]);

  const { body, error } = settled ?? {};
  const run = (): void => {
    if (text === query) {
      setRound((n) => n + 1);
    } else {
      host.viewState.set({ ...view, query: text }, 'push');
    }
  };
  return (
    <div className={styles.root}>
      <form
        className={styles.form}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <TextInput
          className={styles.query}
          aria-label="TraceQL: only traces that match"
          placeholder='TraceQL: only traces that match, e.g. { resource.service.name = "checkout" }'
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <RangePicker
          range={range}
          nowMs={host.nowMs()}
          onRange={(next) => host.viewState.set({ ...view, range: next }, 'push')}
        />
        <Button type="submit" look="primary">
          Show
        </Button>
      </form>
      {body?.warnings.map((warning) => (
        <WarningBanner key={warning}>{warning}</WarningBanner>
      ))}
      {error !== undefined && <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>}
      {settled === undefined && <SkeletonRows rows={8} />}
      {body !== undefined && (
        <ServiceGraphPane
          nodes={body.nodes}
          edges={body.edges}
          theme={theme}
          startWorker={host.startWorker}
          hrefOfTraces={(traceql) => host.viewState.href({ ...startView, query: traceql, range, editor: 'traceql' })}
        />
      )}
    </div>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
  form: css({ display: 'flex', flexWrap: 'wrap', gap: 8, padding: '10px 12px 0' }),
  query: css({ flex: '1 1 300px', fontFamily: 'ui-monospace, monospace' }),
};
