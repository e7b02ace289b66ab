/** `/api/vivace/traces/{id}/skeleton` and `…/spans`: a trace as the waterfall reads it, first its shape, then whole spans by row. */
import { CodedError } from '../../base/coded-error.ts';
import { spanTableOf } from '../../trace/span-table.ts';
import type { WholeSpanTable } from '../../trace/span-table.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { countParam, invalid, textParam } from '../tempo/params.ts';
import { traceIdOf } from '../tempo/traces.ts';
import { encodeSkeleton, tableVersion } from './skeleton.ts';
import { encodeSpanRows } from './span-rows.ts';

export const columnsContentType = 'application/vnd.vivace.columns';

/** Rows of one answer when the request does not say. */
const rowsDefault = 1_000;
const rowsMax = 2 ** 31 - 1;

/** Errors: `invalid_argument`; `not_found`. */
export async function traceSkeleton(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { table, partial, warnings } = await tableOf(request, context, segment);
  return columnsResponse(encodeSkeleton({ table, partial, warnings }));
}

/** Errors: as above; `precondition_failed` when spans have come or gone since the skeleton of that version. */
export async function traceSpans(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { params } = request;
  const version = textParam(params, 'version');
  if (version === undefined) {
    throw invalid('invalid version: the one of the skeleton is missing');
  }
  const rowStart = countParam(params, 'from', 0, rowsMax);
  const rowEnd = countParam(params, 'to', Math.min(rowStart + rowsDefault, rowsMax), rowsMax);
  if (rowEnd < rowStart) {
    throw invalid(`invalid to: ${rowEnd} is before from, ${rowStart}`);
  }
  const { table } = await tableOf(request, context, segment);
  const current = tableVersion(table);
  if (current !== version) {
    throw new CodedError('precondition_failed', 'the trace has changed since its skeleton was read', { current });
  }
  return columnsResponse(encodeSpanRows(table, version, rowStart, rowEnd));
}

async function tableOf(
  { tenant, signal }: ApiRequest,
  { store }: ApiContext,
  segment: string
): Promise<{ table: WholeSpanTable; partial: boolean; warnings: readonly string[] }> {
  const traceId = traceIdOf(segment);
  const { data: trace, partial, warnings } = await store.trace({ tenant, traceId, signal });
  if (trace === undefined || trace.spans.length === 0) {
    throw new CodedError('not_found', 'no such trace');
  }
  return { table: spanTableOf(trace), partial, warnings };
}

function columnsResponse(body: Uint8Array): ApiResponse {
  return { status: 200, contentType: columnsContentType, body };
}
