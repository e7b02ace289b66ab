/** The one place where a thrown error becomes an answer. */
import { CodedError, errorCodeOf } from '../base/coded-error.ts';
import { QueryError } from '../traceql/errors.ts';
import { errorTable, retryAfterSeconds } from './errors.ts';
import type { ApiResponse } from './exchange.ts';
import { textResponse } from './exchange.ts';

/** `onInternalError` logs and returns the id under which the log has it. */
export function errorResponse(error: unknown, onInternalError: (error: unknown) => string): ApiResponse {
  const code = errorCodeOf(error);
  const { http, retryable } = errorTable[code];
  const response = textResponse(http, errorText(error, onInternalError));
  return retryable ? { ...response, headers: { 'retry-after': String(retryAfterSeconds) } } : response;
}

/** The text a client may see. */
export function errorText(error: unknown, onInternalError: (error: unknown) => string): string {
  if (error instanceof QueryError) {
    return queryErrorText(error);
  }
  return error instanceof CodedError && error.code !== 'internal'
    ? error.message
    : `internal error, see the server's log for ${onInternalError(error)}`;
}

/** A rewritten query longer than this would hide the sentence. */
const rewrittenMax = 300;

/** One line for the body of an answer: `invalid TraceQL query: parse error at line 1, col 6: …; write `=`: { .a = 1 }`. */
function queryErrorText(error: QueryError): string {
  const sentence = `invalid TraceQL query: parse error at line ${error.line}, col ${error.column}: ${error.message}`;
  const fix = error.fixes.at(0);
  if (fix === undefined) {
    return sentence;
  }
  const { title, offset, length, replacement } = fix;
  const rewritten = error.text.slice(0, offset) + replacement + error.text.slice(offset + length);
  const isShown = rewritten.length <= rewrittenMax && !rewritten.includes('\n');
  return `${sentence}; ${title}${isShown ? `: ${rewritten}` : ''}`;
}
