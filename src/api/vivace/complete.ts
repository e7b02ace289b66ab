/** `/api/vivace/complete`: what could stand at the cursor of a query, and what is wrong with it, with fixes to apply. */
import { complete as completeQuery } from '../../traceql/complete.ts';
import type { Completion } from '../../traceql/complete.ts';
import { printField } from '../../traceql/attributes.ts';
import { QueryError } from '../../traceql/errors.ts';
import { parseLenient } from '../../traceql/lenient.ts';
import { otherConditions } from '../../traceql/other-conditions.ts';
import { isTooLong, queryBytesMax } from '../../traceql/parser.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';
import { integerParam, invalid } from '../tempo/params.ts';
import { checkedQuery } from '../tempo/query.ts';
import { attributeRange } from '../tempo/range.ts';

const candidatesMax = 200;

interface CompleteBody {
  /** UTF-16 units; what a candidate replaces. */
  readonly from: number;
  readonly to: number;
  readonly candidates: Completion['candidates'];
  /** Absent where the query is valid. */
  readonly error?: Pick<QueryError, 'message' | 'offset' | 'length' | 'line' | 'column' | 'expected' | 'fixes'>;
}

/** Errors: `invalid_argument`. */
export async function complete(request: ApiRequest, { store, clock }: ApiContext): Promise<ApiResponse> {
  const { params, tenant, signal } = request;
  const text = params.get('q') ?? '';
  const cursor = integerParam(params, 'cursor') ?? text.length;
  if (isTooLong(text)) {
    throw invalid(`invalid q: longer than ${queryBytesMax} bytes`);
  }
  if (cursor < 0 || cursor > text.length) {
    throw invalid(`invalid cursor: ${cursor} is not between 0 and ${text.length}`);
  }
  const range = attributeRange(params, clock);
  const { data: names } = await store.attributeNames({ tenant, range, filter: undefined, signal });
  let completion = completeQuery(text, cursor, { names, valuesOf: () => undefined });
  const { from, to, valuesOf: field } = completion;
  if (field !== undefined) {
    // The other conditions of the spanset narrow the values, before and behind the cursor.
    const filter = parseLenient(otherConditions(text, from, to) ?? '');
    const wanted = { tenant, attribute: printField(field), range, filter, limit: candidatesMax, signal };
    const { data: values } = await store.attributeValues(wanted);
    completion = completeQuery(text, cursor, { names, valuesOf: () => values });
  }
  const candidates = completion.candidates.slice(0, candidatesMax);
  return jsonResponse({ from, to, candidates, ...faultOf(text) } satisfies CompleteBody);
}

function faultOf(text: string): Pick<CompleteBody, 'error'> {
  try {
    checkedQuery(text);
    return {};
  } catch (error) {
    if (error instanceof QueryError) {
      const { message, offset, length, line, column, expected, fixes } = error;
      return { error: { message, offset, length, line, column, expected, fixes } };
    }
    throw error;
  }
}
