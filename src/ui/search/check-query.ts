import { QueryError } from '../../traceql/errors.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';

/** What is wrong with the text before anybody is asked; `undefined` when nothing is. Empty text is every trace. */
export function checkQuery(text: string): QueryError | undefined {
  if (text.trim() === '') {
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
