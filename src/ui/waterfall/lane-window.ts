/**
 * Which lanes are on the screen. Browsers cannot make an element of any height (Firefox ends at 17.8 million pixels, Chromium at 33.5):
 * above `contentHeightMax` the scroll bar covers the lanes with a scale.
 */
import { useEffect, useState } from 'react';
import type { RefObject } from 'react';
import { laneHeight } from './layout.ts';

export const contentHeightMax = 15_000_000;
/** Lanes drawn beyond each edge: a step of the wheel shows nothing empty. */
const overscan = 12;

export interface Scroll {
  readonly scrollTop: number;
  /** Of what is on the screen. */
  readonly height: number;
}

export interface LaneWindow {
  readonly laneStart: number;
  readonly laneEnd: number;
  readonly contentHeight: number;
  /** Pixels of lanes above the screen's upper edge. */
  readonly lanesTop: number;
  /** Where lane 0 stands in the content; 0 unless the scroll bar has a scale. */
  readonly originTop: number;
}

/** Pixels of content for each pixel of lanes above the edge; 1 without a scale. */
function scaleOf(laneCount: number, height: number): number {
  const total = laneCount * laneHeight;
  return total <= contentHeightMax ? 1 : (contentHeightMax - height) / (total - height);
}

export function laneWindowOf(laneCount: number, { scrollTop, height }: Scroll): LaneWindow {
  const total = laneCount * laneHeight;
  const contentHeight = Math.min(total, contentHeightMax);
  const scale = scaleOf(laneCount, height);
  const lanesTop = scale === 1 ? scrollTop : Math.min(total - height, Math.round(scrollTop / scale));
  return {
    laneStart: Math.max(0, Math.min(laneCount, Math.floor(lanesTop / laneHeight) - overscan)),
    laneEnd: Math.min(laneCount, Math.ceil((lanesTop + height) / laneHeight) + overscan),
    contentHeight,
    lanesTop,
    originTop: scrollTop - lanesTop,
  };
}

/** The scroll position at which `lane` is whole on the screen, with as little movement as that takes; `undefined` when it is already. */
export function scrollTopFor(laneCount: number, { scrollTop, height }: Scroll, lane: number): number | undefined {
  const { lanesTop } = laneWindowOf(laneCount, { scrollTop, height });
  const top = lane * laneHeight;
  const wanted = top < lanesTop ? top : top + laneHeight > lanesTop + height ? top + laneHeight - height : undefined;
  return wanted === undefined ? undefined : wanted * scaleOf(laneCount, height);
}

/** Scrolls to a lane if it is not on the screen. */
export function showLane(scroller: HTMLElement, laneCount: number, lane: number): void {
  const top = scrollTopFor(laneCount, { scrollTop: scroller.scrollTop, height: scroller.clientHeight }, lane);
  if (top !== undefined) {
    scroller.scrollTo({ top });
  }
}

/** Follows the scroller. */
export function useLaneWindow(scroller: RefObject<HTMLElement | null>, laneCount: number): LaneWindow {
  const [scroll, setScroll] = useState<Scroll>({ scrollTop: 0, height: 0 });
  useEffect(() => {
    const element = scroller.current;
    if (!element) {
      return undefined;
    }
    const read = (): void => {
      const { scrollTop, clientHeight: height } = element;
      setScroll((known) => (known.scrollTop === scrollTop && known.height === height ? known : { scrollTop, height }));
    };
    // Also called once when it begins to observe.
    const observer = new ResizeObserver(read);
    observer.observe(element);
    element.addEventListener('scroll', read, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', read);
    };
  }, [scroller]);
  return laneWindowOf(laneCount, scroll);
}
