import { CodedError } from '../base/coded-error.ts';
import { spanKinds, statusCodes } from '../trace/model.ts';
import type {
  ComparisonOperator,
  Field,
  FieldExpression,
  MetricsExpression,
  MetricsOperand,
  Pipeline,
  RegexOperator,
  SpansetExpression,
} from '../traceql/ast.ts';
import { intrinsicTypes, parseAttribute } from '../traceql/attributes.ts';
import { parseDuration } from '../traceql/literals.ts';
import { parseQuery } from '../traceql/parser.ts';
import { printFieldExpression, printQuery } from '../traceql/printer.ts';
import type { Static } from '../traceql/static.ts';

/** What we read of Grafana's `AdHocVariableFilter`. */
export interface AdHocFilter {
  /** `resource.service.name`, `.http.method`, `status`, or a bare attribute name, which means any scope. */
  readonly key: string;
  /** A comparison, `=~`, `!~`, or one of several: `=|`, `!=|`. */
  readonly operator: string;
  readonly value: string;
  /** Of the one-of operators. */
  readonly values?: readonly string[];
}

/** Made nodes stand nowhere in a text. */
const range = { start: 0, end: 0 };

/**
 * The query as if only spans existed that pass all filters: they join every spanset filter that reads the trace first, on both sides of
 * structural operators and in metrics. Empty text is a search for every span.
 * Errors: QueryError where the text does not parse; CodedError for a filter that TraceQL cannot say.
 */
export function addFilters(text: string, filters: readonly AdHocFilter[]): string {
  const conditions = filters.filter(({ key }) => key !== '').map(conditionOf);
  if (conditions.length === 0) {
    return text;
  }
  const query = parseQuery(text.trim() === '' ? '{}' : text);
  const { body } = query;
  return printQuery({
    ...query,
    body: body.kind === 'pipeline' ? narrowPipeline(body, conditions) : narrowMetrics(body, conditions),
  });
}

/** The filters alone, as the query that names and values must occur with; `undefined` without filters. */
export function queryOfFilters(filters: readonly AdHocFilter[]): string | undefined {
  return filters.some(({ key }) => key !== '') ? addFilters('{}', filters) : undefined;
}

/** One filter as it stands between braces. */
export function textOfFilter(filter: AdHocFilter): string {
  return printFieldExpression(conditionOf(filter));
}

/** The field that a key names: TraceQL's spelling, a column of our tables, or an attribute of any scope. */
export function fieldOfKey(key: string): Field {
  const spelled = columnFields.get(key) ?? key;
  return parseAttribute(spelled) ?? { kind: 'attribute', scope: 'any', name: spelled };
}

/** Columns of search tables and trace frames that are not called what TraceQL calls them. */
const columnFields: ReadonlyMap<string, string> = new Map([
  ['traceID', 'trace:id'],
  ['traceIdHidden', 'trace:id'],
  ['spanID', 'span:id'],
  ['traceService', 'rootServiceName'],
  ['traceName', 'rootName'],
  ['serviceName', 'resource.service.name'],
  ['operationName', 'name'],
]);

function narrowPipeline(pipeline: Pipeline, conditions: readonly FieldExpression[]): Pipeline {
  const [first, ...rest] = pipeline.stages;
  switch (first.kind) {
    case 'spanset-filter':
    case 'spanset-combination':
    case 'spanset-structure':
    case 'spanset-exclusion':
    case 'pipeline':
      return { ...pipeline, stages: [narrowSpanset(first, conditions), ...rest] };
    default: {
      const everySpan: SpansetExpression = { kind: 'spanset-filter', range, expression: undefined };
      return { ...pipeline, stages: [narrowSpanset(everySpan, conditions), ...pipeline.stages] };
    }
  }
}

function narrowSpanset(spanset: SpansetExpression, conditions: readonly FieldExpression[]): SpansetExpression {
  switch (spanset.kind) {
    case 'pipeline':
      return narrowPipeline(spanset, conditions);
    case 'spanset-combination':
      return { ...spanset, operands: spanset.operands.map((operand) => narrowSpanset(operand, conditions)) };
    case 'spanset-exclusion':
      return { ...spanset, left: narrowSpanset(spanset.left, conditions) };
    case 'spanset-structure':
      return {
        ...spanset,
        left: narrowSpanset(spanset.left, conditions),
        right: narrowSpanset(spanset.right, conditions),
      };
    case 'spanset-filter': {
      const own = spanset.expression === undefined ? [] : [spanset.expression];
      return { ...spanset, expression: joined('&&', [...own, ...conditions]) };
    }
  }
}

function narrowMetrics(expression: MetricsExpression, conditions: readonly FieldExpression[]): MetricsExpression {
  const narrowOperand = (operand: MetricsOperand): MetricsOperand =>
    operand.kind === 'literal' ? operand : narrowMetrics(operand, conditions);
  return expression.kind === 'metrics-pipeline'
    ? { ...expression, pipeline: narrowPipeline(expression.pipeline, conditions) }
    : { ...expression, left: narrowOperand(expression.left), right: narrowOperand(expression.right) };
}

function conditionOf({ key, operator, value, values }: AdHocFilter): FieldExpression {
  const field = fieldOfKey(key);
  const several = values === undefined || values.length === 0 ? [value] : values;
  switch (operator) {
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(field, operator, value);
    case '=~':
    case '!~':
      return binary(field, operator, { type: 'string', value });
    case '=|':
      return joined(
        '||',
        several.map((one) => comparison(field, '=', one))
      );
    case '!=|':
      return joined(
        '&&',
        several.map((one) => comparison(field, '!=', one))
      );
    default:
      throw new CodedError('unsupported', `filter on ${key}: TraceQL has no operator ${operator}`);
  }
}

/**
 * A filter's value is text, and whether an attribute holds `500` or `"500"` is not known here. Values of different types never compare,
 * not even by `!=`, so the readings of the text stand side by side with `||`, for `!=` as well.
 */
function comparison(field: Field, operator: ComparisonOperator, text: string): FieldExpression {
  const readings = field.kind === 'intrinsic' ? [readIntrinsic(field.name, text)] : readAttribute(operator, text);
  return joined(
    '||',
    readings.map((value) => binary(field, operator, value))
  );
}

function readAttribute(operator: ComparisonOperator, text: string): Static[] {
  const number: Static[] = /^-?\d{1,18}$/.test(text)
    ? [{ type: 'int', value: BigInt(text) }]
    : /^-?\d*\.\d+$/.test(text)
      ? [{ type: 'float', value: Number(text) }]
      : [];
  if (operator === '=' || operator === '!=') {
    const isBool = text === 'true' || text === 'false';
    const bool: Static[] = isBool ? [{ type: 'bool', value: text === 'true' }] : [];
    return [...number, ...bool, { type: 'string', value: text }];
  }
  const duration = number.length === 0 ? parseDuration(text) : undefined;
  const ordered: Static[] = duration === undefined ? number : [{ type: 'duration', value: duration }];
  return ordered.length === 0 ? [{ type: 'string', value: text }] : ordered;
}

function readIntrinsic(name: Extract<Field, { kind: 'intrinsic' }>['name'], text: string): Static {
  const type = intrinsicTypes[name];
  switch (type) {
    case 'duration': {
      const nanos = parseDuration(text);
      return nanos === undefined ? misread(name, 'a duration such as 100ms', text) : { type, value: nanos };
    }
    case 'status': {
      const status = statusCodes.find((code) => code === text);
      return status === undefined ? misread(name, statusCodes.join(', '), text) : { type, value: status };
    }
    case 'kind': {
      const kind = spanKinds.find((one) => one === text);
      return kind === undefined ? misread(name, spanKinds.join(', '), text) : { type, value: kind };
    }
    case 'int':
      return /^-?\d{1,18}$/.test(text) ? { type, value: BigInt(text) } : misread(name, 'a whole number', text);
    default:
      return { type: 'string', value: text };
  }
}

function misread(name: string, expected: string, found: string): never {
  throw new CodedError('invalid_argument', `filter on ${name}: expected ${expected}, found ${JSON.stringify(found)}`);
}

function binary(field: Field, op: ComparisonOperator | RegexOperator, value: Static): FieldExpression {
  const left: FieldExpression = { kind: 'field', range, field };
  return { kind: 'binary', range, op, left, right: { kind: 'literal', range, value } };
}

/** Operands of the same operator become ours, as the parser writes runs. */
function joined(op: '&&' | '||', operands: readonly FieldExpression[]): FieldExpression {
  const flat = operands.flatMap((one) => (one.kind === 'logical' && one.op === op ? one.operands : [one]));
  return flat.length === 1 ? flat[0] : { kind: 'logical', range, op, operands: flat };
}
