/**
 * What works on a trace beside the page: decodes what came, builds the model, answers questions. Knows neither DOM nor worker: a worker
 * gives it messages, and so does the page where no worker can start.
 */
import { OpenTrace, openTraceOf } from '../../../api/open-trace/open-trace.ts';
import { decodeTraceBody } from '../../../api/trace-body.ts';
import type { TraceBody } from '../../../api/trace-body.ts';
import { decodeSkeleton } from '../../../api/vivace/skeleton.ts';
import { decodeSpanRows, spanOfRow } from '../../../api/vivace/span-rows.ts';
import { assert, unreachable } from '../../../base/assert.ts';
import { CodedError } from '../../../base/coded-error.ts';
import type { Pieces } from '../../../base/pieces.ts';
import type { AttributeColumn, AttributeKey, Matches } from '../../../trace/attribute-columns.ts';
import { mergeTrace } from '../../../trace/merge.ts';
import { serviceNameOf } from '../../../trace/model.ts';
import type { Span, Trace, TraceId } from '../../../trace/model.ts';
import { decodeTraceFile } from '../../../wire/detect.ts';
import { traceModels } from '../model.ts';
import type { TraceModel } from '../model.ts';

export interface Opened {
  readonly model: TraceModel;
  /** `undefined` where no clock was corrected: the model itself. */
  readonly sentModel: TraceModel | undefined;
  /** Of the skeleton; empty for whole traces. */
  readonly version: string;
  readonly partial: boolean;
  readonly warnings: readonly string[];
  readonly loadedRows: number;
}

/** A trace of a file, before it is opened. */
export interface FileTrace {
  readonly traceId: TraceId;
  readonly spanCount: number;
  readonly rootService: string;
  readonly rootName: string;
  readonly startUnixNanos: bigint;
  readonly durationNanos: number;
}

export interface FileContents {
  readonly format: string;
  readonly spanCount: number;
  /** Newest first. */
  readonly traces: readonly FileTrace[];
}

/** Each request kind and what is answered to it. */
export interface EngineAnswers {
  skeleton: Opened;
  /** `undefined` for a trace without spans. */
  body: Opened | undefined;
  whole: Opened;
  file: FileContents;
  'file-trace': Opened;
  /** By start, duplicates counted once. */
  'file-spans': readonly Span[];
  /** How many rows are here now. */
  rows: number;
  row: Span;
  span: Span | undefined;
  keys: readonly AttributeKey[];
  column: AttributeColumn;
  find: Matches;
  filter: Matches;
  spans: readonly Span[];
}

export type EngineRequest =
  | { readonly kind: 'skeleton'; readonly bytes: Uint8Array }
  | { readonly kind: 'body'; readonly body: TraceBody }
  | { readonly kind: 'whole'; readonly spans: readonly Span[] }
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly kind: 'file-trace'; readonly traceId: TraceId }
  | { readonly kind: 'file-spans'; readonly traceId: TraceId }
  | { readonly kind: 'rows'; readonly bytes: Uint8Array }
  /** A row that came alone, ahead of the others. */
  | { readonly kind: 'row'; readonly bytes: Uint8Array; readonly row: number }
  | { readonly kind: 'span'; readonly row: number }
  | { readonly kind: 'keys' }
  | { readonly kind: 'column'; readonly key: Pick<AttributeKey, 'scope' | 'key' | 'type'> }
  | { readonly kind: 'find'; readonly text: string }
  | { readonly kind: 'filter'; readonly traceql: string }
  | { readonly kind: 'spans'; readonly rows: Uint32Array | undefined };

export class TraceEngine {
  private opened: OpenTrace | undefined;
  private fileTraces: readonly Trace[] = [];

  /** Errors: CodedError of what was asked. */
  *answer(request: EngineRequest): Pieces<EngineAnswers[EngineRequest['kind']]> {
    switch (request.kind) {
      case 'skeleton': {
        const { table, version, partial, warnings } = decodeSkeleton(request.bytes);
        yield;
        return yield* this.open(new OpenTrace(table), { version, partial, warnings });
      }
      case 'body': {
        const { data, partial, warnings } = decodeTraceBody(request.body);
        yield;
        return data && (yield* this.openSpans(data, { partial, warnings }));
      }
      case 'whole':
        return yield* this.openSpans(request.spans);
      case 'file':
        return this.readFile(request.bytes);
      case 'file-trace':
        return yield* this.open(openTraceOf(this.fileTrace(request.traceId).spans));
      case 'file-spans':
        return this.fileTrace(request.traceId).spans;
      case 'rows':
        this.trace.add(decodeSpanRows(request.bytes));
        return this.trace.loadedRows;
      case 'row':
        return spanOfRow(this.trace.table, decodeSpanRows(request.bytes), request.row);
      case 'span':
        return this.trace.span(request.row);
      case 'keys':
        return this.trace.keys();
      case 'column':
        return this.trace.column(request.key);
      case 'find':
        return this.trace.find(request.text);
      case 'filter':
        return this.trace.filter(request.traceql);
      case 'spans':
        return this.trace.spans(request.rows);
      default:
        return unreachable(request);
    }
  }

  private fileTrace(wanted: TraceId): Trace {
    const trace = this.fileTraces.find(({ traceId }) => traceId === wanted);
    if (trace === undefined) {
      throw new CodedError('not_found', `The file has no trace ${wanted}.`);
    }
    return trace;
  }

  private get trace(): OpenTrace {
    assert(this.opened !== undefined, 'a question before a trace was opened');
    return this.opened;
  }

  /** Duplicates count once, as everywhere. */
  private *openSpans(spans: readonly Span[], told: Partial<Opened> = {}): Pieces<Opened> {
    const { traceId } = spans[0];
    return yield* this.open(openTraceOf(mergeTrace(traceId, [spans]).spans), told);
  }

  private *open(trace: OpenTrace, told: Partial<Opened> = {}): Pieces<Opened> {
    this.opened = trace;
    yield;
    const { model, sentModel } = yield* traceModels(trace.table);
    return {
      version: '',
      partial: false,
      warnings: [],
      ...told,
      model,
      sentModel: model === sentModel ? undefined : sentModel,
      loadedRows: trace.loadedRows,
    };
  }

  private readFile(bytes: Uint8Array): FileContents {
    const { format, spans } = decodeTraceFile(bytes);
    if (spans.length === 0) {
      throw new CodedError('invalid_argument', 'The file was read, but there is no span in it.');
    }
    this.fileTraces = tracesOf(spans);
    return { format, spanCount: spans.length, traces: this.fileTraces.map(fileTraceOf) };
  }
}

/** Spans by trace, duplicates counted once, newest trace first. */
function tracesOf(spans: readonly Span[]): readonly Trace[] {
  const byId = new Map<string, Span[]>();
  for (const span of spans) {
    const known = byId.get(span.traceId);
    if (known) {
      known.push(span);
    } else {
      byId.set(span.traceId, [span]);
    }
  }
  return [...byId]
    .map(([traceId, fragment]) => mergeTrace(traceId, [fragment]))
    .sort((a, b) => Number(b.spans[0].startUnixNanos - a.spans[0].startUnixNanos));
}

function fileTraceOf({ traceId, spans }: Trace): FileTrace {
  const root = spans.find((span) => span.parentSpanId === '') ?? spans[0];
  const end = spans.reduce((latest, span) => (span.endUnixNanos > latest ? span.endUnixNanos : latest), 0n);
  return {
    traceId,
    spanCount: spans.length,
    rootService: serviceNameOf(root.resource),
    rootName: root.name,
    startUnixNanos: spans[0].startUnixNanos,
    durationNanos: Number(end - spans[0].startUnixNanos),
  };
}
