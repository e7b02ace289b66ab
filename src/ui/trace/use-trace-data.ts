import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Matches } from '../../trace/attribute-columns.ts';
import type { Span } from '../../trace/model.ts';
import type { TraceData, TraceProgress } from './trace-data.ts';

interface Answer<T> {
  readonly question: unknown;
  readonly value: T | undefined;
  readonly error: unknown;
}

/**
 * The answer to `ask`, asked anew whenever `data` or `question` is another; the one before is withdrawn. `value` is the last answer that
 * came, so that a view keeps what it shows until it has something better; `isFor` tells whether it answers this question.
 */
export function useAnswer<T>(
  data: TraceData,
  question: unknown,
  ask: ((signal: AbortSignal) => Promise<T>) | undefined
): { readonly value: T | undefined; readonly error: unknown; readonly isFor: boolean } {
  const [answer, setAnswer] = useState<Answer<T> & { readonly data: TraceData }>();
  const isAsked = ask !== undefined;
  useEffect(() => {
    if (ask === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    const settle = (value: T | undefined, error: unknown): void => {
      if (!controller.signal.aborted) {
        setAnswer({ data, question, value, error });
      }
    };
    ask(controller.signal).then(
      (value) => settle(value, undefined),
      (error: unknown) => settle(undefined, error)
    );
    return () => controller.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `question` stands for `ask`
  }, [data, question, isAsked]);
  const isOfData = isAsked && answer?.data === data;
  return {
    value: isOfData ? answer.value : undefined,
    error: isOfData ? answer.error : undefined,
    isFor: isOfData && answer.question === question,
  };
}

export function useProgress(data: TraceData): TraceProgress {
  return useSyncExternalStore(data.subscribe, () => data.progress);
}

/** Rows with the text; `undefined` for an empty one, and until the first answer is there. Asked again as attributes come. */
export function useFound(data: TraceData, text: string, progress: TraceProgress): Matches | undefined {
  const question = `${text}\n${progress.loaded}`;
  return useAnswer(data, question, text.trim() === '' ? undefined : (signal) => data.find(text, signal)).value;
}

/** The whole span of a row; `undefined` until it is there. */
export function useSpan(data: TraceData, row: number): { readonly span: Span | undefined; readonly error: unknown } {
  const { value, error, isFor } = useAnswer(data, row, row < 0 ? undefined : (signal) => data.span(row, signal));
  return { span: isFor ? value : undefined, error: isFor ? error : undefined };
}
