import { css } from '@emotion/css';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { PointerEvent, ReactElement } from 'react';
import type { GraphEdgeBody, GraphNodeBody } from '../../api/vivace/graph.ts';
import type { StartWorker } from '../host.ts';
import type { Theme } from '../kit/theme.ts';
import { drawGraph, fittingCamera } from './draw.ts';
import type { Camera } from './draw.ts';
import { hitTest, planeOf } from './hit-test.ts';
import type { Places } from './layout.ts';
import { useLayout } from './use-layout.ts';

export interface ServiceGraphProps {
  readonly nodes: readonly GraphNodeBody[];
  readonly edges: readonly GraphEdgeBody[];
  readonly theme: Theme;
  /** Id of a node, or of an edge as `edgeIdOf`. */
  readonly selected: string | undefined;
  /** Absent where the host has no worker. */
  readonly startWorker: StartWorker | undefined;
  onSelect(id: string | undefined): void;
}

/**
 * The graph as a picture, to be dragged, zoomed and picked from by pointer. Everything it shows is in the lists beside it, by which keyboard
 * and screen reader go.
 */
export function ServiceGraph(props: ServiceGraphProps): ReactElement {
  const { nodes, edges, theme, selected, startWorker, onSelect } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  // `undefined`: everything in view, whatever comes.
  const [moved, setMoved] = useState<Camera>();
  const drag = useRef<{ x: number; y: number; camera: Camera; isMoved: boolean }>(undefined);
  const places = useGraphPlaces(nodes, edges, startWorker);
  const ids = nodes.map(({ id }) => id);
  const camera = moved ?? fittingCamera(ids, places ?? {}, size.width, size.height);

  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || places === undefined) {
      return undefined;
    }
    const frame = requestAnimationFrame(() => {
      const pixelRatio = window.devicePixelRatio;
      context.canvas.width = Math.round(size.width * pixelRatio);
      context.canvas.height = Math.round(size.height * pixelRatio);
      drawGraph(context, { nodes, edges, places, selected }, camera, theme, { ...size, pixelRatio });
    });
    return () => cancelAnimationFrame(frame);
  });

  // React's wheel listeners are passive: they cannot keep the page from scrolling.
  useEffect(() => {
    const element = canvas.current;
    const zoom = (event: WheelEvent): void => {
      event.preventDefault();
      const at = planeOf(camera, { x: event.offsetX, y: event.offsetY }, size);
      const scale = Math.min(4, Math.max(0.02, camera.scale * Math.exp(-event.deltaY / 400)));
      const ratio = camera.scale / scale;
      setMoved({ x: at.x + (camera.x - at.x) * ratio, y: at.y + (camera.y - at.y) * ratio, scale });
    };
    element?.addEventListener('wheel', zoom, { passive: false });
    return () => element?.removeEventListener('wheel', zoom);
  });

  const onPointerMove = (event: PointerEvent): void => {
    const from = drag.current;
    if (from === undefined) {
      return;
    }
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    from.isMoved ||= Math.hypot(dx, dy) > 4;
    if (from.isMoved) {
      const { scale } = from.camera;
      setMoved({ x: from.camera.x - dx / scale, y: from.camera.y - dy / scale, scale });
    }
  };
  const onPointerUp = (event: PointerEvent): void => {
    const wasDrag = drag.current?.isMoved === true;
    drag.current = undefined;
    if (!wasDrag && places !== undefined) {
      const box = event.currentTarget.getBoundingClientRect();
      const at = planeOf(camera, { x: event.clientX - box.left, y: event.clientY - box.top }, size);
      onSelect(hitTest({ nodes, edges, places }, at, camera.scale));
    }
  };

  return (
    <div className={styles.root}>
      <canvas
        ref={canvas}
        className={styles.canvas}
        role="img"
        aria-label={`Service graph: ${nodes.length} nodes, ${edges.length} edges; the lists of services and calls hold the same`}
        data-laid-out={places !== undefined}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, camera, isMoved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onDoubleClick={() => setMoved(undefined)}
      />
      <span className={styles.hint}>Drag to move, wheel to zoom, double click to see all</span>
    </div>
  );
}

function useGraphPlaces(
  nodes: readonly GraphNodeBody[],
  edges: readonly GraphEdgeBody[],
  startWorker: StartWorker | undefined
): Places | undefined {
  const [graph, setGraph] = useState({ nodes, edges });
  if (graph.nodes !== nodes || graph.edges !== edges) {
    setGraph({ nodes, edges });
  }
  return useLayout(graph, startWorker);
}

const styles = {
  root: css({ position: 'relative', flex: 1, minHeight: 0, minWidth: 0, overflow: 'hidden' }),
  canvas: css({ display: 'block', width: '100%', height: '100%', touchAction: 'none', cursor: 'grab' }),
  hint: css({
    position: 'absolute',
    left: 10,
    bottom: 6,
    fontSize: 11,
    color: 'var(--v-text-muted)',
    pointerEvents: 'none',
  }),
};
