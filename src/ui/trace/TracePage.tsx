import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { ClientAnswer } from '../../api/client.ts';
import type { Span } from '../../trace/model.ts';
import type { Host } from '../host.ts';
import { Button, ErrorNote, Notice, SkeletonRows } from '../kit/controls.tsx';
import type { Theme } from '../kit/theme.ts';
import { traceView } from '../search/SearchPage.tsx';
import { withAddedCondition } from '../search/form.ts';
import { startView } from '../state/view.ts';
import type { SearchView, TraceView } from '../state/view.ts';
import { SpansPane } from './TracePane.tsx';
import { traceNavigation } from './trace-navigation.ts';
import type { TracePaneProps } from './TracePane.tsx';

export interface TracePageProps {
  readonly host: Host;
  readonly view: TraceView;
  readonly theme: Theme;
  /** The search one came from: its range and query stay when a value is added to it. */
  readonly lastSearch: SearchView | undefined;
  readonly linksOfSpan?: TracePaneProps['linksOfSpan'];
}

interface Loaded {
  readonly request: string;
  readonly answer: ClientAnswer<readonly Span[] | undefined> | undefined;
  readonly error: unknown;
}

/** One trace of the server, by its id. */
export function TracePage({ host, view, theme, lastSearch, linksOfSpan }: TracePageProps): ReactElement {
  const [round, setRound] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>();
  // What was loaded for another trace, or before "look again", is no longer an answer.
  const request = `${view.traceId} ${round}`;
  const { answer, error } = loaded?.request === request ? loaded : { answer: undefined, error: undefined };

  useEffect(() => {
    const controller = new AbortController();
    host.client.trace(view.traceId, controller.signal).then(
      (found) => setLoaded({ request, answer: found, error: undefined }),
      (failure: unknown) => {
        if (!controller.signal.aborted) {
          setLoaded({ request, answer: undefined, error: failure });
        }
      }
    );
    return () => controller.abort();
  }, [host, view.traceId, request]);

  if (error !== undefined) {
    return (
      <>
        <ErrorNote>{error instanceof Error ? error.message : String(error)}</ErrorNote>
        <Notice
          title="The trace could not be loaded"
          actions={<Button onClick={() => setRound(round + 1)}>Try again</Button>}
        />
      </>
    );
  }
  if (!answer) {
    return <SkeletonRows rows={14} />;
  }
  if (!answer.data) {
    return (
      <Notice
        title="This trace is not here"
        actions={
          <>
            <Button onClick={() => setRound(round + 1)}>Look again</Button>
            <Button onClick={() => host.viewState.set(lastSearch ?? startView, 'push')}>Search</Button>
          </>
        }
      >
        The server knows no span of trace {view.traceId}. It may not have arrived yet, it may have passed its retention,
        or it was sampled away before it was sent.
      </Notice>
    );
  }
  return (
    <SpansPane
      key={view.traceId}
      spans={answer.data}
      focus={view.focus}
      theme={theme}
      host={host}
      warnings={answer.partial ? ['This trace is partial.', ...answer.warnings] : answer.warnings}
      {...traceNavigation(host, view)}
      onFocus={(focus, history) => host.viewState.set({ ...view, focus }, history)}
      addToSearch={(condition) =>
        host.viewState.set(
          { ...(lastSearch ?? startView), query: withAddedCondition(lastSearch?.query ?? '', condition) },
          'push'
        )
      }
      linksOfSpan={linksOfSpan}
      hrefOfTrace={(traceId, spanId) => host.viewState.href(traceView(traceId, spanId))}
    />
  );
}
