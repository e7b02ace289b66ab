/** A store whose searches for `held` show their first trace and then wait: for specs of streams and of leaving them. */
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Answer, SearchRequest } from '../../src/store/trace-store.ts';
import type { TraceMatch } from '../../src/traceql/match.ts';
import { printQuery } from '../../src/traceql/printer.ts';

export interface HeldSearches {
  begun: number;
  /** Unix milliseconds when the newest heard that its client has left. */
  abortedUnixMs: number | undefined;
}

export class HeldStore extends MemoryStore {
  readonly searches: HeldSearches = { begun: 0, abortedUnixMs: undefined };
  private releases: (() => void)[] = [];

  release(): void {
    this.releases.splice(0).forEach((release) => release());
  }

  override async search(request: SearchRequest): Promise<Answer<readonly TraceMatch[]>> {
    const { onProgress, ...rest } = request;
    const answer = await super.search(rest);
    if (!printQuery(request.query).includes('held')) {
      return answer;
    }
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    this.releases.push(release);
    this.searches.begun++;
    this.searches.abortedUnixMs = undefined;
    request.signal?.addEventListener('abort', () => {
      this.searches.abortedUnixMs = performance.timeOrigin + performance.now();
      release();
    });
    const tell = (): void =>
      onProgress?.({ stats: answer.stats, stepsDone: 1, stepsTotal: 4, data: () => answer.data.slice(0, 1) });
    const telling = setInterval(tell, 20);
    await held;
    clearInterval(telling);
    request.signal?.throwIfAborted();
    return answer;
  }
}
