/** Jaeger's envelope: `{"data","total","limit","offset","errors"}`, for answers and errors alike. */
import { CodedError } from '../../base/coded-error.ts';
import { errorResponse } from '../error-response.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes, jsonResponse } from '../exchange.ts';
import { warningHeaders } from '../whole-traces.ts';

/** `total` counts names and links; of traces Jaeger says 0. */
export function jaegerResponse(data: unknown, total: number, warnings: readonly string[]): ApiResponse {
  return jsonResponse({ data, total, limit: 0, offset: 0, errors: null }, warningHeaders(warnings));
}

type Handler = (request: ApiRequest, context: ApiContext, segment: string) => Promise<ApiResponse>;

/** The client's errors in Jaeger's form; our own are left to the door, which gives them an id. */
export function inJaegerForm(handle: Handler): Handler {
  return async (request, context, segment) => {
    try {
      return await handle(request, context, segment);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'internal') {
        throw error;
      }
      const { status, body, headers } = errorResponse(error, () => '');
      const errors = [{ code: status, msg: body as string }];
      const answer = JSON.stringify({ data: null, total: 0, limit: 0, offset: 0, errors });
      return { status, contentType: contentTypes.json, body: answer, headers };
    }
  };
}
