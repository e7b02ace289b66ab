/** A trace as Tempo's route answers with it, and its spans. Apart from the client, so that a worker decodes what the page fetches. */
import { CodedError } from '../base/coded-error.ts';
import type { Span } from '../trace/model.ts';
import { tracesFromJson } from '../wire/otlp-json.ts';
import { isObject, parseJsonText } from '../wire/json.ts';
import { decodeTraces } from '../wire/otlp-protobuf.ts';
import { decodeTraceByIdResponse } from '../wire/tempo.ts';
import { decodeUtf8 } from '../wire/utf8.ts';

export interface TraceBody {
  /** Of the route: `/api/traces` or `/api/v2/traces`. */
  readonly version: 1 | 2;
  /** Without parameters, lower-case. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** `data` is `undefined` for an answer without spans. Errors: `invalid_argument` for what is no trace. */
export function decodeTraceBody({ version, contentType, body }: TraceBody): {
  readonly data: readonly Span[] | undefined;
  readonly partial: boolean;
  readonly warnings: readonly string[];
} {
  if (contentType !== 'application/json') {
    if (version === 1) {
      return { data: found(decodeTraces(body)), partial: false, warnings: [] };
    }
    const { trace, status, message } = decodeTraceByIdResponse(body);
    return { data: found(trace), partial: status === 'PARTIAL', warnings: message ? [message] : [] };
  }
  const json = parseJsonText(decodeUtf8(body), 'trace');
  if (!isObject(json)) {
    throw new CodedError('invalid_argument', 'trace: the answer is not a JSON object');
  }
  const { status, message } = json;
  const warnings = typeof message === 'string' && message !== '' ? [message] : [];
  return { data: found(tracesFromJson(json)), partial: version === 2 && status === 'PARTIAL', warnings };
}

function found(spans: readonly Span[]): readonly Span[] | undefined {
  return spans.length === 0 ? undefined : spans;
}
