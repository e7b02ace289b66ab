import type { Clock } from '../../base/clock.ts';
import type { QueryProgress } from '../../store/trace-store.ts';

/** What a running query shows now and then, and the answer at its end. */
export type Sight<P, A> =
  | ({ readonly kind: 'progress'; readonly stepsDone: number; readonly stepsTotal: number } & Seen<P>)
  | { readonly kind: 'answer'; readonly answer: A; readonly stepsTotal: number };

interface Seen<P> {
  readonly stats: QueryProgress<P>['stats'];
  readonly data: P;
}

/** Often enough to look alive, seldom enough to cost the query nothing. Grafana's data proxy passes bytes on every 200 ms. */
const sightIntervalMs = 150;

/**
 * Runs a query and shows its progress as it can be taken: who reads slowly sees less of it, and nothing is queued. Ends with the answer.
 *
 * Errors: those of `run`; the reason of `signal`, at once, also when `run` does not heed it.
 */
export async function* watch<P, A>(
  run: (onProgress: (progress: QueryProgress<P>) => void) => Promise<A>,
  clock: Clock,
  signal: AbortSignal | undefined
): AsyncGenerator<Sight<P, A>> {
  let sight: Sight<P, A> | undefined;
  let end: { readonly answer: A } | { readonly error: unknown } | undefined;
  let stepsTotal = 1;
  let wake = (): void => undefined;
  let shownMs = clock.monotonicMs();
  const settle = (outcome: NonNullable<typeof end>): void => {
    end ??= outcome;
    wake();
  };
  const onAbort = (): void => settle({ error: signal?.reason });
  signal?.addEventListener('abort', onAbort, { once: true });
  const onProgress = ({ stats, stepsDone, data, ...rest }: QueryProgress<P>): void => {
    stepsTotal = Math.max(1, rest.stepsTotal);
    const nowMs = clock.monotonicMs();
    if (sight === undefined && nowMs - shownMs >= sightIntervalMs) {
      sight = { kind: 'progress', stats, stepsDone, stepsTotal, data: data() };
      shownMs = nowMs;
      wake();
    }
  };
  try {
    signal?.throwIfAborted();
    run(onProgress).then(
      (answer) => settle({ answer }),
      (error: unknown) => settle({ error })
    );
    for (;;) {
      if (end !== undefined) {
        if ('error' in end) {
          throw end.error;
        }
        yield { kind: 'answer', answer: end.answer, stepsTotal };
        return;
      }
      if (sight !== undefined) {
        const shown: Sight<P, A> = sight;
        sight = undefined;
        yield shown;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
