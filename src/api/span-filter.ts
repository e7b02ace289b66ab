/**
 * TraceQL for what Jaeger's and Zipkin's clients ask: built as a tree, printed and parsed. No text of a client is ever joined to a query.
 */
import type { Field, FieldExpression, IntrinsicName, Query, SourceRange, SpansetExpression } from '../traceql/ast.ts';
import { parseQuery } from '../traceql/parser.ts';
import { printQuery } from '../traceql/printer.ts';
import { spanKinds } from '../trace/model.ts';
import type { Static } from '../traceql/static.ts';
import { nil } from '../traceql/static.ts';
import { validateQuery } from '../traceql/validate.ts';

const nowhere: SourceRange = { start: 0, end: 0 };

type Operator = '=' | '!=' | '<=' | '>=';

export function intrinsic(name: IntrinsicName, op: Operator, value: Static): FieldExpression {
  return comparison({ kind: 'intrinsic', name }, op, value);
}

export function attribute(
  scope: 'any' | 'span' | 'resource',
  name: string,
  op: Operator,
  value: Static
): FieldExpression {
  return comparison({ kind: 'attribute', scope, name }, op, value);
}

export function ofService(name: string): FieldExpression {
  return attribute('resource', 'service.name', '=', { type: 'string', value: name });
}

export function ofName(name: string): FieldExpression {
  return intrinsic('name', '=', { type: 'string', value: name });
}

/** Duration of the span itself, both ends included. */
export function durationBounds(minNanos: bigint | undefined, maxNanos: bigint | undefined): FieldExpression[] {
  return [
    ...(minNanos === undefined ? [] : [intrinsic('duration', '>=', { type: 'duration', value: minNanos })]),
    ...(maxNanos === undefined ? [] : [intrinsic('duration', '<=', { type: 'duration', value: maxNanos })]),
  ];
}

/**
 * The tag `key=value` as Jaeger and Zipkin mean it: text, whatever type the attribute has, on the span, its resource or an event.
 * Tags that the model keeps elsewhere (status, kind, scope) are found there too.
 */
export function tagEquals(key: string, value: string): FieldExpression {
  const own = readings(value).map((reading) => attribute('any', key, '=', reading));
  return some([...own, ...elsewhere(key, value)]);
}

/** Some span has the tag, or an event of that name. */
export function tagExists(key: string): FieldExpression {
  const mark = key === 'error' ? [intrinsic('status', '=', { type: 'status', value: 'error' })] : [];
  const event = intrinsic('event:name', '=', { type: 'string', value: key });
  return some([attribute('any', key, '!=', nil), event, ...mark]);
}

/** What the text may have been before it was text. */
function readings(text: string): Static[] {
  const values: Static[] = [{ type: 'string', value: text }];
  if (text === 'true' || text === 'false') {
    values.push({ type: 'bool', value: text === 'true' });
  } else if (/^-?\d{1,18}$/.test(text)) {
    values.push({ type: 'int', value: BigInt(text) });
  } else if (/^-?\d{1,15}\.\d{1,15}$/.test(text)) {
    values.push({ type: 'float', value: Number(text) });
  }
  return values;
}

function elsewhere(key: string, value: string): FieldExpression[] {
  const text = (name: IntrinsicName): FieldExpression[] => [intrinsic(name, '=', { type: 'string', value })];
  switch (key) {
    case 'error':
      return value === 'true' ? [intrinsic('status', '=', { type: 'status', value: 'error' })] : text('statusMessage');
    case 'otel.status_code':
      return value === 'OK' || value === 'ERROR'
        ? [intrinsic('status', '=', { type: 'status', value: value === 'OK' ? 'ok' : 'error' })]
        : [];
    case 'span.kind': {
      const kind = spanKinds.find((name) => name === value);
      return kind === undefined ? [] : [intrinsic('kind', '=', { type: 'kind', value: kind })];
    }
    case 'otel.status_description':
      return text('statusMessage');
    case 'otel.scope.name':
    case 'otel.library.name':
      return text('instrumentation:name');
    case 'otel.scope.version':
    case 'otel.library.version':
      return text('instrumentation:version');
    case 'event':
      return text('event:name');
    default:
      return [];
  }
}

function comparison(field: Field, op: Operator, value: Static): FieldExpression {
  return {
    kind: 'binary',
    range: nowhere,
    op,
    left: { kind: 'field', range: nowhere, field },
    right: { kind: 'literal', range: nowhere, value },
  };
}

/** All hold on one span. At least one condition. */
export function every(conditions: readonly FieldExpression[]): FieldExpression {
  return conditions.length === 1 ? conditions[0] : { kind: 'logical', range: nowhere, op: '&&', operands: conditions };
}

function some(conditions: readonly FieldExpression[]): FieldExpression {
  return conditions.length === 1 ? conditions[0] : { kind: 'logical', range: nowhere, op: '||', operands: conditions };
}

/**
 * Traces that have, for each condition, some span for which it holds; without a condition all traces.
 * Errors: `query_invalid` for what is too long or too deep.
 */
export function traceQuery(conditions: readonly FieldExpression[]): Query {
  const filters = (conditions.length === 0 ? [undefined] : conditions).map((expression): SpansetExpression => ({
    kind: 'spanset-filter',
    range: nowhere,
    expression,
  }));
  const stage: SpansetExpression =
    filters.length === 1 ? filters[0] : { kind: 'spanset-combination', range: nowhere, op: '&&', operands: filters };
  const built: Query = {
    kind: 'query',
    range: nowhere,
    text: '',
    body: { kind: 'pipeline', range: nowhere, stages: [stage] },
    hints: [],
  };
  // Parsed again, so that ranges, limits and checks are those of any other query.
  const query = parseQuery(printQuery(built));
  validateQuery(query);
  return query;
}
