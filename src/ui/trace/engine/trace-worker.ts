/** The worker's door. Requests are answered one by one, in their order; one that is withdrawn before its turn is left out. */
import { serve } from './serve.ts';

// The file compiles with the page's types, where `self` is a window: this is the part of it that a worker has too.
serve(self as unknown as Parameters<typeof serve>[0]);
