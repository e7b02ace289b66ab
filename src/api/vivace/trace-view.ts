/**
 * `/api/vivace/traces/{id}/…`: a trace as the waterfall reads it: `skeleton`, its shape; `spans`, whole spans by row; and, for what a
 * browser does not hold, `match`, `keys` and `column`.
 */
import { CodedError } from '../../base/coded-error.ts';
import { attributeScopes } from '../../trace/attribute-columns.ts';
import { spanTableOf } from '../../trace/span-table.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { encodeColumn, encodeKeys, encodeMatches } from '../open-trace/answers.ts';
import { attributeTypes } from '../open-trace/attribute-columns.ts';
import { CachedTrace } from '../open-trace/cache.ts';
import { countParam, invalid, quote, textParam } from '../tempo/params.ts';
import { traceIdOf } from '../tempo/traces.ts';
import { columnsContentType } from './columns.ts';
import { encodeSkeleton } from './skeleton.ts';

/** Rows of one answer when the request does not say. */
const rowsDefault = 1_000;
const rowsMax = 2 ** 31 - 1;

/** Errors: `invalid_argument`; `not_found`. */
export async function traceSkeleton(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { trace, partial, warnings } = await readTrace(request, context, segment);
  return columnsResponse(encodeSkeleton({ table: trace.table, partial, warnings }));
}

/** Errors: as above; `precondition_failed` when spans have come or gone since the skeleton of that version. */
export async function traceSpans(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { params } = request;
  const rowStart = countParam(params, 'from', 0, rowsMax);
  const rowEnd = countParam(params, 'to', Math.min(rowStart + rowsDefault, rowsMax), rowsMax);
  if (rowEnd < rowStart) {
    throw invalid(`invalid to: ${rowEnd} is before from, ${rowStart}`);
  }
  return columnsResponse((await traceOfVersion(request, context, segment)).rows(rowStart, rowEnd));
}

/** Rows with a text, or those a TraceQL query selects. Errors: as for spans; `query_invalid`. */
export async function traceMatch(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const [text, query] = [textParam(request.params, 'text'), textParam(request.params, 'q')];
  if ((text === undefined) === (query === undefined)) {
    throw invalid('either text or q must be given, and only one of them');
  }
  const { open } = await traceOfVersion(request, context, segment);
  return columnsResponse(encodeMatches(query === undefined ? open.find(text ?? '') : open.filter(query)));
}

/** Attribute keys with their counts. Errors: as for spans. */
export async function traceKeys(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  return columnsResponse(encodeKeys((await traceOfVersion(request, context, segment)).open.keys()));
}

/** The column of one attribute. Errors: as for spans. */
export async function traceColumn(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { params } = request;
  const key = params.get('key');
  const scope = attributeScopes.find((known) => known === params.get('scope'));
  const type = attributeTypes.find((known) => known === params.get('type'));
  if (key === null || scope === undefined || type === undefined) {
    throw invalid(
      `scope ${quote(params.get('scope') ?? '')}, key ${quote(key ?? '')}, type ${quote(params.get('type') ?? '')} name no attribute`
    );
  }
  return columnsResponse(
    encodeColumn((await traceOfVersion(request, context, segment)).open.column({ scope, key, type }))
  );
}

/** The version that the request names: kept for a while, so that a person's view holds while spans still arrive. */
async function traceOfVersion(request: ApiRequest, context: ApiContext, segment: string): Promise<CachedTrace> {
  const version = textParam(request.params, 'version');
  if (version === undefined) {
    throw invalid('invalid version: the one of the skeleton is missing');
  }
  const known = context.openTraces?.get(request.tenant, traceIdOf(segment), version);
  if (known !== undefined) {
    return known;
  }
  const { trace } = await readTrace(request, context, segment);
  if (trace.version !== version) {
    const current = trace.version;
    throw new CodedError('precondition_failed', 'the trace has changed since its skeleton was read', { current });
  }
  return trace;
}

async function readTrace(
  { tenant, signal }: ApiRequest,
  { store, openTraces }: ApiContext,
  segment: string
): Promise<{ trace: CachedTrace; partial: boolean; warnings: readonly string[] }> {
  const traceId = traceIdOf(segment);
  const { data: found, partial, warnings } = await store.trace({ tenant, traceId, signal });
  if (found === undefined || found.spans.length === 0) {
    throw new CodedError('not_found', 'no such trace');
  }
  const read = new CachedTrace(spanTableOf(found));
  // What is known of this very version is kept: its rows are encoded.
  const trace = openTraces?.get(tenant, traceId, read.version) ?? read;
  openTraces?.set(tenant, traceId, trace);
  return { trace, partial, warnings };
}

function columnsResponse(body: Uint8Array): ApiResponse {
  return { status: 200, contentType: columnsContentType, body };
}
