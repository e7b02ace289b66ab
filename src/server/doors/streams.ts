/** Answers that go on for a while: ended by the client's leaving or by time, sent at the client's pace. */
import { once } from 'node:events';
import { CodedError } from '../../base/coded-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Outgoing } from './listen.ts';

export interface Call {
  /** Aborted when the client has gone (`canceled`) or the time is up (`deadline_exceeded`). */
  readonly signal: AbortSignal;
  /** Shortens the time left. */
  limit(timeoutMs: number, message: string): void;
  /** To be called when the answer is out. */
  end(): void;
}

export function startCall(clock: Clock, response: Outgoing): Call {
  const controller = new AbortController();
  const timers: (() => void)[] = [];
  response.once('close', () => {
    // Not `writableFinished`: over HTTP/2 it is true also of a response that was cut short.
    if (!response.writableEnded) {
      controller.abort(new CodedError('canceled', 'the client went away'));
    }
  });
  return {
    signal: controller.signal,
    limit: (timeoutMs, message) => {
      // Timers take 31 bits; a longer deadline is none.
      const delayMs = Math.min(timeoutMs, 2 ** 31 - 1);
      timers.push(clock.schedule(delayMs, () => controller.abort(new CodedError('deadline_exceeded', message))));
    },
    end: () => timers.forEach((cancel) => cancel()),
  };
}

/**
 * Writes what comes, the next when there is room for it. The response is left open. Errors: those of the stream; the reason of `signal`, at
 * once, whatever the stream does.
 */
export async function pump<T>(
  stream: AsyncIterable<T>,
  response: Outgoing,
  signal: AbortSignal,
  encode: (element: T) => Uint8Array | string
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal);
      if (next.done) {
        return;
      }
      if (!(response as { write(chunk: Uint8Array | string): boolean }).write(encode(next.value))) {
        await orAborted(once(response, 'drain'), signal);
      }
    }
  } finally {
    // Not awaited: a stream that waits for its store ends when that does.
    iterator.return?.().catch(() => undefined);
  }
}

/** Bytes that the client has not taken yet. */
export function waitingBytes(response: Outgoing): number {
  return 'stream' in response ? response.stream.writableLength : response.writableLength;
}

/** One listener for each wait: a race with one promise for the whole stream would keep every step of it in memory. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) {
      onAbort();
    }
  });
}
