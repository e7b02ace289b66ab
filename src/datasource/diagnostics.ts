import { parseTraceId } from '../trace/ids.ts';
import { QueryError } from '../traceql/errors.ts';
import { parseQuery } from '../traceql/parser.ts';
import { validateQuery } from '../traceql/validate.ts';

/**
 * What is wrong with the text; `undefined` when it is a trace id, valid TraceQL or empty. Text with template variables is left to the
 * server: what they stand for is not known here.
 */
export function checkText(text: string): QueryError | undefined {
  if (text.trim() === '' || parseTraceId(text) !== undefined || hasVariables(text)) {
    return undefined;
  }
  try {
    validateQuery(parseQuery(text));
    return undefined;
  } catch (error) {
    if (error instanceof QueryError) {
      return error;
    }
    throw error;
  }
}

/** Whether template variables stand in the text. */
export function hasVariables(text: string): boolean {
  return /\$\w|\$\{|\[\[/.test(text);
}
