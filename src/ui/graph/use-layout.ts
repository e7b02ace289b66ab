import { useEffect, useMemo, useRef, useState } from 'react';
import type { StartWorker } from '../host.ts';
import { LayoutRun } from './layout.ts';
import type { LayoutRequest, Places } from './layout.ts';

interface Drawn {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly source: string; readonly target: string }[];
}

/** Slices leave room for a frame. */
const sliceMs = 8;

/**
 * Places of a graph's nodes; `undefined` until the first layout is there. In a worker where the host can start one, else in slices of the
 * main thread. Nodes keep their places for as long as the view is open, also while they are not in the graph.
 */
export function useLayout(graph: Drawn | undefined, startWorker: StartWorker | undefined): Places | undefined {
  const [laid, setLaid] = useState<{ readonly key: string; readonly places: Places }>();
  const known = useRef<Places>({});
  const request = useMemo(() => (graph === undefined ? undefined : requestOf(graph)), [graph]);
  // New numbers on the same edges move nothing.
  const key = useMemo(() => JSON.stringify(request), [request]);

  useEffect(() => {
    if (request === undefined) {
      return undefined;
    }
    return startLayout({ ...request, known: known.current }, startWorker, (places) => {
      known.current = { ...known.current, ...places };
      setLaid({ key, places: known.current });
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for `request`
  }, [key, startWorker]);
  return laid?.places;
}

function requestOf({ nodes, edges }: Drawn): Omit<LayoutRequest, 'known'> {
  const index = new Map(nodes.map(({ id }, at) => [id, at]));
  const pairs = new Map<string, readonly [number, number]>();
  for (const { source, target } of edges) {
    const pair = [index.get(source) ?? 0, index.get(target) ?? 0] as const;
    pairs.set(pair.join(), pair);
  }
  return { ids: nodes.map(({ id }) => id), edges: [...pairs.values()] };
}

/** Answers how to give up. */
function startLayout(
  request: LayoutRequest,
  startWorker: StartWorker | undefined,
  onPlaces: (places: Places) => void
): () => void {
  let stopSlices = (): void => undefined;
  const inSlices = (): void => {
    stopSlices = layOutInSlices(request, onPlaces);
  };
  let worker: Worker | undefined;
  try {
    worker = startWorker?.('layout');
  } catch {
    // A policy of the page forbids workers.
  }
  if (worker === undefined) {
    inSlices();
  } else {
    const started = worker;
    started.onmessage = (event: MessageEvent<Places>) => {
      started.terminate();
      onPlaces(event.data);
    };
    started.onerror = () => {
      started.terminate();
      inSlices();
    };
    started.postMessage(request);
  }
  return () => {
    worker?.terminate();
    stopSlices();
  };
}

function layOutInSlices(request: LayoutRequest, onPlaces: (places: Places) => void): () => void {
  const run = new LayoutRun(request);
  let timer = 0;
  const slice = (): void => {
    const endMs = performance.now() + sliceMs;
    let more = true;
    while (more && performance.now() < endMs) {
      more = run.step();
    }
    if (more) {
      timer = window.setTimeout(slice, 0);
    } else {
      onPlaces(run.places());
    }
  };
  timer = window.setTimeout(slice, 0);
  return () => window.clearTimeout(timer);
}
