import { QueryError } from '../../../traceql/errors.ts';
import { CodedError, errorCodeOf } from '../../../base/coded-error.ts';
import type { ErrorCode, ErrorDetails } from '../../../base/coded-error.ts';
import type { Pieces } from '../../../base/pieces.ts';
import { TraceEngine } from './trace-engine.ts';
import type { EngineRequest, Opened } from './trace-engine.ts';
import type { TraceModel } from '../model.ts';

/** To the engine. */
export type ToEngine =
  | { readonly id: number; readonly request: EngineRequest }
  /** Withdraws. */
  | { readonly id: number; readonly request: undefined };

export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** From the engine; the first message, of id 0, says that it runs. */
export type FromEngine =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: SentError };

export interface Port {
  onmessage: ((event: { readonly data: ToEngine }) => void) | null;
  postMessage(message: FromEngine, transfer: ArrayBuffer[]): void;
}

interface Waiting {
  readonly request: EngineRequest;
  readonly work: Pieces<unknown>;
}

/**
 * Answers what comes through `port`, one after the other. Between two requests, and after `sliceMs` within one, messages are taken in, so
 * that what is withdrawn costs nothing more.
 */
export function serve(port: Port, sliceMs = Number.POSITIVE_INFINITY): void {
  const engine = new TraceEngine();
  const waiting = new Map<number, Waiting>();
  let isScheduled = false;
  const next = (): void => {
    isScheduled = false;
    const [first] = waiting;
    if (first === undefined) {
      return;
    }
    const [id, { request, work }] = first;
    try {
      const piece = piecesFor(sliceMs, work);
      if (piece.done) {
        waiting.delete(id);
        port.postMessage({ id, value: piece.value }, transferablesOf(request, piece.value));
      }
    } catch (error) {
      waiting.delete(id);
      port.postMessage({ id, error: sentError(error) }, []);
    }
    schedule();
  };
  const schedule = (): void => {
    if (!isScheduled && waiting.size > 0) {
      isScheduled = true;
      setTimeout(next, 0);
    }
  };
  port.onmessage = ({ data: { id, request } }) => {
    if (request === undefined) {
      waiting.delete(id);
    } else {
      waiting.set(id, { request, work: engine.answer(request) });
    }
    schedule();
  };
  port.postMessage({ id: 0, value: undefined }, []);
}

function piecesFor<T>(sliceMs: number, work: Pieces<T>): IteratorResult<void, T> {
  const untilMs = performance.now() + sliceMs;
  for (;;) {
    const piece = work.next();
    if (piece.done || performance.now() >= untilMs) {
      return piece;
    }
  }
}

function sentError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  const place: ErrorDetails = error instanceof QueryError ? { offset: error.offset, length: error.length } : {};
  const details = error instanceof CodedError ? error.details : {};
  return { code: errorCodeOf(error), message, details: { ...details, ...place } };
}

/** Buffers that the engine does not keep: handed over instead of copied. */
function transferablesOf(request: EngineRequest, value: unknown): ArrayBuffer[] {
  switch (request.kind) {
    case 'skeleton':
    case 'body':
    case 'whole':
    case 'file-trace': {
      const opened = value as Opened | undefined;
      return opened === undefined
        ? []
        : [opened.model, opened.sentModel].flatMap((model) => (model ? derived(model) : []));
    }
    case 'find':
    case 'filter':
    case 'column':
      return buffersOf(value as object);
    default:
      return [];
  }
}

/** What a model has beside the table, which the engine needs too. */
function derived({ table: _, ...model }: TraceModel): ArrayBuffer[] {
  return [...buffersOf(model), ...buffersOf(model.criticalPath)];
}

function buffersOf(of: object): ArrayBuffer[] {
  return Object.values(of).flatMap((value: unknown) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : []
  );
}
