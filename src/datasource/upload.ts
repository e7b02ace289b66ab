import type { DataFrame } from '@grafana/data';
import { CodedError } from '../base/coded-error.ts';
import { mergeTrace } from '../trace/merge.ts';
import type { Span } from '../trace/model.ts';
import { decodeTraceFile } from '../wire/detect.ts';
import { traceFrame } from './frames/trace-frame.ts';
import { readSavedGraph } from './saved-graph.ts';

/** What a file held: a trace, or a service graph that was saved. */
export type Upload =
  | { readonly kind: 'trace'; readonly spans: readonly Span[] }
  | { readonly kind: 'graph'; readonly frames: readonly DataFrame[] };

/**
 * A trace file in any format we read (OTLP, Tempo, Jaeger, Zipkin), or a saved service graph, also packed with gzip.
 * Errors: CodedError with a sentence for the person.
 */
export async function readUpload(
  bytes: Uint8Array,
  gunzip: (bytes: Uint8Array) => Promise<Uint8Array>
): Promise<Upload> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isGzip ? await gunzip(bytes) : bytes;
  const graph = readSavedGraph(plain);
  if (graph !== undefined) {
    return { kind: 'graph', frames: graph };
  }
  const { spans } = decodeTraceFile(plain);
  if (spans.length === 0) {
    throw new CodedError('invalid_argument', 'The file was read, but there is no span in it.');
  }
  return { kind: 'trace', spans };
}

/** A graph's own frames, or one a trace, in the order of the file: Explore shows the first. */
export function uploadFrames(upload: Upload, refId: string): DataFrame[] {
  if (upload.kind === 'graph') {
    return upload.frames.map((frame) => ({ ...frame, refId }));
  }
  const { spans } = upload;
  const byTrace = new Map<string, Span[]>();
  for (const span of spans) {
    const trace = byTrace.get(span.traceId);
    if (trace === undefined) {
      byTrace.set(span.traceId, [span]);
    } else {
      trace.push(span);
    }
  }
  const frames = [...byTrace].map(([traceId, own]) => traceFrame(mergeTrace(traceId, [own]).spans, { refId }));
  if (frames.length > 1) {
    const text = `The file holds ${frames.length} traces; Explore shows the first.`;
    frames[0].meta = { ...frames[0].meta, notices: [{ severity: 'info', text }] };
  }
  return frames;
}
