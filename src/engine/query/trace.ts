import type { Answer } from '../../store/trace-store.ts';
import { bytesFromHex } from '../../trace/ids.ts';
import type { Trace, TraceId } from '../../trace/model.ts';
import { Progress } from './candidates.ts';
import { findFragments, TraceReader } from './fragments.ts';
import { answer } from './answer.ts';
import type { StoreView } from './view.ts';

/** A whole trace, merged from every place that holds a part of it. */
export async function traceView(
  view: StoreView,
  request: { readonly traceId: TraceId; readonly signal?: AbortSignal }
): Promise<Answer<Trace | undefined>> {
  const progress = new Progress(view, request.signal);
  const reader = new TraceReader('all', progress.poll);
  const id = bytesFromHex(request.traceId);
  const fragments = id?.length === 16 ? await findFragments(view, id) : [];
  // Over its budget the query fails: a part of a trace would pass for the whole of it.
  await progress.point();
  const trace = fragments.length === 0 ? undefined : await reader.read(request.traceId, fragments);
  progress.inspectedTraces = fragments.length === 0 ? 0 : 1;
  progress.inspectedRows = reader.spans;
  return answer(view, progress, reader, trace);
}
