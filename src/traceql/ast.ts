/**
 * The syntax tree of a TraceQL query: plain data, discriminated on `kind`. Parentheses are not kept; the printer puts back those that
 * matter. Runs of one logical operator are one node, so that the depth of a tree is bounded by the parser (see `maxNesting`) while a
 * query may have thousands of `||` terms: recursion over a parsed tree is safe.
 */
import type { Static } from './static.ts';

/** Half-open offsets into the query text, in UTF-16 units. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

export type AttributeScope = 'any' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation';

/** Canonical names; the aliases (`span:name`, `trace:rootService`, …) are resolved by the lexer. */
export type IntrinsicName =
  | 'duration'
  | 'name'
  | 'status'
  | 'statusMessage'
  | 'kind'
  | 'rootName'
  | 'rootServiceName'
  | 'traceDuration'
  | 'nestedSetLeft'
  | 'nestedSetRight'
  | 'nestedSetParent'
  | 'trace:id'
  | 'span:id'
  | 'span:parentID'
  | 'span:childCount'
  | 'event:name'
  | 'event:timeSinceStart'
  | 'link:traceID'
  | 'link:spanID'
  | 'instrumentation:name'
  | 'instrumentation:version';

/** What a query can read of a span itself. */
export type OwnField =
  | { readonly kind: 'attribute'; readonly scope: AttributeScope; readonly name: string }
  | { readonly kind: 'intrinsic'; readonly name: IntrinsicName };

/**
 * `parent.x`, `parent:name`: what the parent of the span has; nil where there is no parent. An extension: Tempo's grammar knows `parent.x`
 * and refuses it.
 */
export interface ParentField {
  readonly kind: 'parent';
  /** As answers show it: `parent.x`, `parent:name`. */
  readonly name: string;
  /** Not of events or links: which of several would be meant is not clear. */
  readonly field: OwnField;
}

export type Field = OwnField | ParentField;

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type RegexOperator = '=~' | '!~';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';
export type LogicalOperator = '&&' | '||';
export type StructuralOperator =
  '>' | '>>' | '<' | '<<' | '~' | '!>' | '!>>' | '!<' | '!<<' | '!~' | '&>' | '&>>' | '&<' | '&<<' | '&~';

// Inside `{ }`: expressions over one span.

export interface Literal {
  readonly kind: 'literal';
  readonly range: SourceRange;
  readonly value: Static;
}

export interface FieldReference {
  readonly kind: 'field';
  readonly range: SourceRange;
  readonly field: Field;
}

export interface UnaryExpression {
  readonly kind: 'unary';
  readonly range: SourceRange;
  readonly op: '!' | '-';
  readonly operand: FieldExpression;
}

export interface BinaryExpression {
  readonly kind: 'binary';
  readonly range: SourceRange;
  readonly op: ComparisonOperator | RegexOperator | ArithmeticOperator;
  readonly left: FieldExpression;
  readonly right: FieldExpression;
}

/** `a && b && c`: two operands or more. */
export interface LogicalExpression {
  readonly kind: 'logical';
  readonly range: SourceRange;
  readonly op: LogicalOperator;
  readonly operands: readonly FieldExpression[];
}

export type FieldExpression = Literal | FieldReference | UnaryExpression | BinaryExpression | LogicalExpression;

// Spansets: expressions over one trace.

/** `{ … }`; without an expression every span. */
export interface SpansetFilter {
  readonly kind: 'spanset-filter';
  readonly range: SourceRange;
  readonly expression: FieldExpression | undefined;
}

/** `A && B && C`: two operands or more. */
export interface SpansetCombination {
  readonly kind: 'spanset-combination';
  readonly range: SourceRange;
  readonly op: LogicalOperator;
  readonly operands: readonly SpansetExpression[];
}

/** `A >> B`: right-hand spans by their relation to left-hand spans. */
export interface SpansetStructure {
  readonly kind: 'spanset-structure';
  readonly range: SourceRange;
  readonly op: StructuralOperator;
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/** `A !&& B`: left-hand spans, if there are no right-hand spans. An extension. */
export interface SpansetExclusion {
  readonly kind: 'spanset-exclusion';
  readonly range: SourceRange;
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/** A nested `pipeline` stands for a pipeline in parentheses. */
export type SpansetExpression = SpansetFilter | SpansetCombination | SpansetStructure | SpansetExclusion | Pipeline;

// Scalars: one number per spanset.

export type AggregateName = 'count' | 'min' | 'max' | 'sum' | 'avg';

export interface Aggregate {
  readonly kind: 'aggregate';
  readonly range: SourceRange;
  readonly name: AggregateName;
  /** Absent for `count` alone. */
  readonly argument: FieldExpression | undefined;
}

export interface ScalarOperation {
  readonly kind: 'scalar-operation';
  readonly range: SourceRange;
  readonly op: ArithmeticOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

/** `({ … } | count())`: parsed, answered only where one side of a filter is a literal (see validate). */
export interface ScalarPipeline {
  readonly kind: 'scalar-pipeline';
  readonly range: SourceRange;
  readonly pipeline: Pipeline;
  readonly value: ScalarExpression;
}

export type ScalarExpression = Aggregate | Literal | ScalarOperation | ScalarPipeline;

// Stages of a pipeline.

/** Keeps the spansets for which the comparison holds: `count() > 2`. */
export interface ScalarFilter {
  readonly kind: 'scalar-filter';
  readonly range: SourceRange;
  readonly op: ComparisonOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

/** `by(…)`: splits each spanset by value. */
export interface GroupStage {
  readonly kind: 'group';
  readonly range: SourceRange;
  readonly by: FieldExpression;
}

/** `coalesce()`: merges spansets into one. */
export interface CoalesceStage {
  readonly kind: 'coalesce';
  readonly range: SourceRange;
}

/** `select(…)`: adds attributes to the answer. */
export interface SelectStage {
  readonly kind: 'select';
  readonly range: SourceRange;
  readonly fields: readonly FieldReference[];
}

/** `sort(…)`: the order of the traces in the answer, and so which of them a limit keeps. The last stage. An extension. */
export interface SortStage {
  readonly kind: 'sort';
  readonly range: SourceRange;
  readonly by: ScalarExpression;
  readonly order: 'asc' | 'desc';
}

export type PipelineStage = SpansetExpression | ScalarFilter | GroupStage | CoalesceStage | SelectStage | SortStage;

/** One stage or more; the first sees all spans of the trace as one spanset. */
export interface Pipeline {
  readonly kind: 'pipeline';
  readonly range: SourceRange;
  readonly stages: readonly PipelineStage[];
}

// Metrics.

export type MetricsFunction =
  | 'rate'
  | 'count_over_time'
  | 'min_over_time'
  | 'max_over_time'
  | 'sum_over_time'
  | 'avg_over_time'
  | 'quantile_over_time'
  | 'histogram_over_time';

export interface MetricsAggregate {
  readonly kind: 'metrics-aggregate';
  readonly range: SourceRange;
  readonly name: MetricsFunction;
  /** Absent for `rate` and `count_over_time` alone. */
  readonly argument: FieldReference | undefined;
  /** Of `quantile_over_time`; empty otherwise. */
  readonly quantiles: readonly number[];
  readonly by: readonly FieldReference[];
}

/** `compare({ … }, topN, start, end)`. */
export interface MetricsCompare {
  readonly kind: 'metrics-compare';
  readonly range: SourceRange;
  readonly selection: SpansetFilter;
  readonly topN: number;
  /** Absent: the whole range. */
  readonly selectionStartUnixNanos: bigint | undefined;
  readonly selectionEndUnixNanos: bigint | undefined;
}

export interface RankStage {
  readonly kind: 'rank';
  readonly range: SourceRange;
  readonly order: 'topk' | 'bottomk';
  readonly limit: number;
}

/** `> 5`: samples for which it does not hold are dropped. Durations mean seconds. */
export interface MetricsFilter {
  readonly kind: 'metrics-filter';
  readonly range: SourceRange;
  readonly op: ComparisonOperator;
  readonly value: Literal;
}

export type SecondStage = RankStage | MetricsFilter;

export interface MetricsPipeline {
  readonly kind: 'metrics-pipeline';
  readonly range: SourceRange;
  readonly pipeline: Pipeline;
  readonly aggregate: MetricsAggregate | MetricsCompare;
  readonly stages: readonly SecondStage[];
}

export interface MetricsMath {
  readonly kind: 'metrics-math';
  readonly range: SourceRange;
  readonly op: '+' | '-' | '*' | '/';
  readonly left: MetricsOperand;
  readonly right: MetricsOperand;
  readonly stages: readonly SecondStage[];
}

export type MetricsExpression = MetricsPipeline | MetricsMath;
export type MetricsOperand = MetricsExpression | Literal;

// The root.

/** `with (name = value)`. */
export interface Hint {
  readonly kind: 'hint';
  readonly range: SourceRange;
  readonly name: string;
  readonly value: Static;
}

export interface Query {
  readonly kind: 'query';
  readonly range: SourceRange;
  /** As parsed: what ranges refer to. */
  readonly text: string;
  readonly body: Pipeline | MetricsExpression;
  readonly hints: readonly Hint[];
}

/** The value of a hint; `undefined` when it is not given. */
export function hintOf(query: Query, name: string): Static | undefined {
  return query.hints.find((hint) => hint.name === name)?.value;
}
