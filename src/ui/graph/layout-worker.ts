/** The worker's door: one request, one answer, then it is ended by who started it. Imports nothing that is shared with the page. */
import { layoutOf } from './layout.ts';
import type { LayoutRequest } from './layout.ts';

// The file compiles with the page's types, where `self` is a window: this is the part of it that a worker has too.
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<LayoutRequest>) => void) | null;
  postMessage(message: unknown): void;
};

scope.onmessage = (event) => scope.postMessage(layoutOf(event.data));
