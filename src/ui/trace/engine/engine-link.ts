/** The page's end of an engine: in a worker where one can start, else in this page. */
import { CodedError } from '../../../base/coded-error.ts';
import type { StartWorker } from '../../host.ts';
import type { Signal } from '../trace-data.ts';
import type { FromEngine, Port, ToEngine } from './serve.ts';
import type { EngineAnswers, EngineRequest } from './trace-engine.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export interface EngineLink {
  /** `false`: the work is done in the page, between frames, because no worker could start. */
  readonly isWorker: boolean;
  /** Errors: CodedError of the question; `canceled` after `signal` or `close`. Buffers in `transfer` are gone afterwards. */
  ask<K extends EngineRequest['kind']>(
    request: Extract<EngineRequest, { readonly kind: K }>,
    signal?: Signal,
    transfer?: readonly ArrayBufferLike[]
  ): Promise<EngineAnswers[K]>;
  close(): void;
}

/** Resolves when the engine runs. */
export async function startEngine(startWorker: StartWorker | undefined): Promise<EngineLink> {
  const worker = startWorker === undefined ? undefined : await startedWorker(startWorker);
  return worker === undefined
    ? linkOf(await localPort(), false, () => undefined)
    : linkOf(worker, true, () => worker.terminate());
}

/** `undefined` when a policy or the browser forbids it, or its file cannot be had. */
function startedWorker(startWorker: StartWorker): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    try {
      const worker = startWorker('trace');
      worker.onmessage = () => resolve(worker);
      worker.onerror = () => {
        worker.terminate();
        resolve(undefined);
      };
    } catch {
      resolve(undefined);
    }
  });
}

/** The part of a worker that the link uses. */
interface EnginePort {
  onmessage: ((event: MessageEvent<FromEngine>) => void) | null;
  onerror?: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToEngine, transfer: Transferable[]): void;
}

/** What the page may be kept from drawing, beside the piece at hand. */
const sliceMs = 8;

/** The same engine without a worker; its code comes only then. */
async function localPort(): Promise<EnginePort> {
  const { serve } = await import('./serve.ts');
  const port: EnginePort = { onmessage: null, postMessage: (message) => engine.onmessage?.({ data: message }) };
  const engine: Port = {
    onmessage: null,
    postMessage: (data) => port.onmessage?.({ data } as MessageEvent<FromEngine>),
  };
  serve(engine, sliceMs);
  return port;
}

function linkOf(port: EnginePort, isWorker: boolean, end: () => void): EngineLink {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let closed: CodedError | undefined;
  const closeWith = (error: CodedError): void => {
    closed ??= error;
    end();
    pending.forEach(({ reject }) => reject(error));
    pending.clear();
  };
  port.onmessage = ({ data }) => {
    const asked = pending.get(data.id);
    pending.delete(data.id);
    if ('error' in data) {
      asked?.reject(new CodedError(data.error.code, data.error.message, data.error.details));
    } else {
      asked?.resolve(data.value);
    }
  };
  port.onerror = (event) => {
    event.preventDefault();
    closeWith(
      new CodedError('internal', `The worker of this trace has ended: ${event.message}. Open the trace again.`)
    );
  };
  return {
    isWorker,
    ask: (request, signal, transfer = []) =>
      new Promise((resolve, reject) => {
        if (closed !== undefined || signal?.aborted) {
          reject(closed ?? canceled());
          return;
        }
        const id = ++lastId;
        const withdraw = (): void => {
          if (pending.delete(id)) {
            port.postMessage({ id, request: undefined }, []);
            reject(canceled());
          }
        };
        signal?.addEventListener('abort', withdraw, { once: true });
        const settled = (): void => signal?.removeEventListener('abort', withdraw);
        pending.set(id, {
          resolve: (value) => {
            settled();
            resolve(value as never);
          },
          reject: (error) => {
            settled();
            reject(error as Error);
          },
        });
        port.postMessage({ id, request }, transfer as Transferable[]);
      }),
    close: () => closeWith(new CodedError('canceled', 'The trace was closed.')),
  };
}

function canceled(): CodedError {
  return new CodedError('canceled', 'The question was withdrawn.');
}
