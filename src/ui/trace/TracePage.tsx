import { startTransition, useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Host } from '../host.ts';
import { Button, ErrorNote, Notice, SkeletonRows } from '../kit/controls.tsx';
import type { Theme } from '../kit/theme.ts';
import { traceView } from '../state/open-trace.ts';
import { withAddedCondition } from '../search/form.ts';
import { startView } from '../state/view.ts';
import type { SearchView, TraceView } from '../state/view.ts';
import { openServerTrace } from './engine/open-trace-data.ts';
import type { TraceData } from './trace-data.ts';
import { traceNavigation } from './trace-navigation.ts';
import { TracePane } from './TracePane.tsx';
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
  /** `undefined`: the server does not know the trace. */
  readonly data: TraceData | undefined;
  readonly error: unknown;
}

/** One trace of the server, by its id. */
export function TracePage({ host, view, theme, lastSearch, linksOfSpan }: TracePageProps): ReactElement {
  const [round, setRound] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>();
  // What was loaded for another trace, or before "look again", is no longer an answer.
  const request = `${view.traceId} ${round}`;
  const { data, error } = loaded?.request === request ? loaded : { data: undefined, error: undefined };
  const isLoading = loaded?.request !== request;

  useEffect(() => {
    const controller = new AbortController();
    let opened: TraceData | undefined;
    openServerTrace(host, view.traceId, controller.signal).then(
      (found) => {
        if (controller.signal.aborted) {
          found?.close();
        } else {
          opened = found;
          // React draws a large trace in slices, so that keys and pointer are heard in between.
          startTransition(() => setLoaded({ request, data: found, error: undefined }));
        }
      },
      (failure: unknown) => {
        if (!controller.signal.aborted) {
          setLoaded({ request, data: undefined, error: failure });
        }
      }
    );
    return () => {
      controller.abort();
      opened?.close();
      // Nothing keeps its columns: they are a hundred megabytes of a large trace.
      setLoaded(undefined);
    };
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
  if (isLoading) {
    return <SkeletonRows rows={14} />;
  }
  if (!data) {
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
    <TracePane
      key={view.traceId}
      data={data}
      focus={view.focus}
      theme={theme}
      host={host}
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
