/** Opens traces: of the server, of a file, of spans at hand. */
import type { Client, SecondsRange } from '../../../api/client.ts';
import { decodeColumn, decodeKeys, decodeMatches } from '../../../api/open-trace/answers.ts';
import { CodedError } from '../../../base/coded-error.ts';
import type { Matches } from '../../../trace/attribute-columns.ts';
import type { Span, TraceId } from '../../../trace/model.ts';
import type { Host } from '../../host.ts';
import type { Signal, TraceData, TraceProgress } from '../trace-data.ts';
import { startEngine } from './engine-link.ts';
import type { EngineLink } from './engine-link.ts';
import type { Opened } from './trace-engine.ts';

type TraceHost = Pick<Host, 'startWorker'>;

/** Rows that come in one answer; the server keeps them encoded in these parts. */
const partRows = 25_000;
/** Rows whose attributes are held here: about 100 MB. Above it the server answers questions about attributes. */
export const heldRowsMax = 400_000;

/**
 * `undefined` when the server does not know the trace. From Vivace the skeleton first, attributes after it in the background; from
 * others the whole trace. Errors: CodedError; `canceled` after `signal`.
 */
export async function openServerTrace(
  host: TraceHost & Pick<Host, 'client'>,
  traceId: TraceId,
  signal: AbortSignal,
  range?: SecondsRange
): Promise<TraceData | undefined> {
  const starting = startEngine(host.startWorker);
  const close = (): void => void starting.then((engine) => engine.close());
  try {
    const skeleton = await host.client.traceColumns(traceId, 'skeleton', {}, signal);
    const body = skeleton === undefined ? await host.client.traceBody(traceId, signal, range) : undefined;
    if (skeleton === undefined && body === undefined) {
      close();
      return undefined;
    }
    const engine = await starting;
    const opened =
      body === undefined
        ? await engine.ask({ kind: 'skeleton', bytes: skeleton! }, signal, [skeleton!.buffer])
        : await engine.ask({ kind: 'body', body }, signal, [body.body.buffer]);
    if (opened === undefined) {
      close();
      return undefined;
    }
    const data = new EngineTraceData(engine, opened, body === undefined ? { client: host.client, traceId } : undefined);
    data.load();
    return data;
  } catch (error) {
    close();
    throw error;
  }
}

/** Spans of one trace, duplicates among them or not; at least one. */
export async function openSpans(host: TraceHost, spans: readonly Span[]): Promise<TraceData> {
  const engine = await startEngine(host.startWorker);
  return new EngineTraceData(engine, await engine.ask({ kind: 'whole', spans }), undefined);
}

/** A trace of the file that `engine` has read; closing it leaves the file open. */
export async function openFileTrace(engine: EngineLink, traceId: TraceId): Promise<TraceData> {
  const opened = await engine.ask({ kind: 'file-trace', traceId });
  return new EngineTraceData({ ...engine, close: () => undefined }, opened, undefined);
}

interface Server {
  readonly client: Client;
  readonly traceId: TraceId;
}

class EngineTraceData implements TraceData {
  readonly model: TraceData['model'];
  readonly sentModel: TraceData['model'];
  warnings: readonly string[];
  progress: TraceProgress;
  private readonly engine: EngineLink;
  private readonly server: Server | undefined;
  private readonly version: string;
  private readonly listeners = new Set<() => void>();
  private readonly closing = new AbortController();
  /** Settles when no more rows will come. */
  private loading: Promise<void> = Promise.resolve();
  private loadError: unknown;

  constructor(engine: EngineLink, opened: Opened, server: Server | undefined) {
    this.engine = engine;
    this.server = server;
    this.model = opened.model;
    this.sentModel = opened.sentModel ?? opened.model;
    this.version = opened.version;
    const total = opened.model.table.rowCount;
    const inPage = 'No worker can start here: this trace is worked on in the page itself, which may stop for moments.';
    this.warnings = [
      ...(opened.partial ? ['This trace is partial.'] : []),
      ...opened.warnings,
      ...(engine.isWorker ? [] : [inPage]),
    ];
    const where = server !== undefined && total > heldRowsMax ? 'server' : 'here';
    this.progress = { loaded: opened.loadedRows, total, where };
  }

  /** Fetches the rows one part after the other, until all are here or the trace is closed. */
  load(): void {
    if (this.server !== undefined && this.progress.where === 'here') {
      this.loading = this.loadRows(this.server).catch((error: unknown) => {
        if (!this.closing.signal.aborted) {
          this.loadError = error;
          const reason = error instanceof Error ? error.message : String(error);
          this.warnings = [...this.warnings, `Attributes could not all be loaded: ${reason}`];
          this.tell({ ...this.progress });
        }
      });
    }
  }

  private async loadRows({ client, traceId }: Server): Promise<void> {
    const { signal } = this.closing;
    while (this.progress.loaded < this.progress.total) {
      const from = this.progress.loaded;
      const range = { ...(from === 0 ? {} : { from: String(from) }), to: String(from + partRows) };
      const bytes = await client.traceColumns(traceId, 'spans', { version: this.version, ...range }, signal);
      if (bytes === undefined) {
        throw new CodedError('not_found', 'the server no longer has the trace.');
      }
      const loaded = await this.engine.ask({ kind: 'rows', bytes }, signal, [bytes.buffer]);
      this.tell({ ...this.progress, loaded });
    }
  }

  private tell(progress: TraceProgress): void {
    this.progress = progress;
    this.listeners.forEach((listener) => listener());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async span(row: number, signal?: Signal): Promise<Span> {
    const { rowCount } = this.model.table;
    if (row < 0 || row >= rowCount) {
      throw new CodedError('invalid_argument', `Row ${row} is not in this trace of ${rowCount}.`);
    }
    const here = row < this.progress.loaded ? await this.engine.ask({ kind: 'span', row }, signal) : undefined;
    if (here !== undefined) {
      return here;
    }
    const bytes = await this.askServer('spans', { ...(row === 0 ? {} : { from: String(row) }), to: String(row + 1) });
    return this.engine.ask({ kind: 'row', bytes, row }, signal, [bytes.buffer]);
  }

  async keys(signal?: Signal): ReturnType<TraceData['keys']> {
    return (await this.isHere())
      ? this.engine.ask({ kind: 'keys' }, signal)
      : decodeKeys(await this.askServer('keys', {}));
  }

  async column(key: Parameters<TraceData['column']>[0], signal?: Signal): ReturnType<TraceData['column']> {
    const { scope, key: name, type } = key;
    return (await this.isHere())
      ? this.engine.ask({ kind: 'column', key: { scope, key: name, type } }, signal)
      : decodeColumn(await this.askServer('column', { scope, key: name, type }), this.model.table.rowCount);
  }

  find(text: string, signal?: Signal): Promise<Matches> {
    const needle = text.trim();
    return this.match({ kind: 'find', text }, needle === '' ? undefined : { text: needle }, signal);
  }

  filter(traceql: string, signal?: Signal): Promise<Matches> {
    return this.match({ kind: 'filter', traceql }, { q: traceql }, signal);
  }

  /** While attributes are on their way the server answers; where it cannot, what is here is searched, and the answer says so. */
  private async match(
    request: { readonly kind: 'find'; readonly text: string } | { readonly kind: 'filter'; readonly traceql: string },
    params: Readonly<Record<string, string>> | undefined,
    signal: Signal | undefined
  ): Promise<Matches> {
    const isWhole = this.progress.loaded === this.progress.total;
    if (!isWhole && this.server !== undefined && params !== undefined) {
      try {
        return decodeMatches(await this.askServer('match', params), this.model.table.rowCount);
      } catch (error) {
        if (
          !(error instanceof CodedError) ||
          !['unavailable', 'not_found', 'precondition_failed'].includes(error.code)
        ) {
          throw error;
        }
      }
    }
    return this.engine.ask(request, signal);
  }

  async spans(rows?: Uint32Array, signal?: Signal): Promise<readonly Span[]> {
    if (await this.isHere()) {
      return this.engine.ask({ kind: 'spans', rows }, signal);
    }
    throw new CodedError(
      'too_large',
      `A trace of more than ${heldRowsMax} spans is not held in this browser: ask the server's API for it.`
    );
  }

  close(): void {
    this.closing.abort();
    this.engine.close();
    this.listeners.clear();
  }

  /** Waits for the rows. `false` when they stay on the server. Errors: why they could not be loaded. */
  private async isHere(): Promise<boolean> {
    if (this.progress.where === 'server') {
      return false;
    }
    await this.loading;
    if (this.loadError !== undefined) {
      throw this.loadError;
    }
    return true;
  }

  private async askServer(
    part: 'spans' | 'match' | 'keys' | 'column',
    params: Readonly<Record<string, string>>
  ): Promise<Uint8Array> {
    const { server, version } = this;
    const bytes = await server?.client.traceColumns(server.traceId, part, { version, ...params }, this.closing.signal);
    if (bytes === undefined) {
      throw new CodedError('not_found', 'The server no longer has this trace.');
    }
    return bytes;
  }
}
