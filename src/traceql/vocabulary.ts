/** The words of the language with a line of documentation each: for completion and help. */
import type { IntrinsicName } from './ast.ts';

export interface Word {
  readonly label: string;
  /** One sentence without a full stop. */
  readonly documentation: string;
}

export const intrinsicDocumentation: Readonly<Record<IntrinsicName, string>> = {
  duration: 'time from start to end of the span',
  name: 'name of the span, its operation',
  status: 'status of the span: error, ok or unset',
  statusMessage: 'text that goes with the status',
  kind: 'server, client, producer, consumer, internal or unspecified',
  rootName: 'name of the root span of the trace',
  rootServiceName: 'service name of the root span of the trace',
  traceDuration: 'time from the first start to the last end in the trace',
  nestedSetLeft: 'left number of the span in the tree, 0 when not below a root',
  nestedSetRight: 'right number of the span in the tree, 0 when not below a root',
  nestedSetParent: 'left number of the parent; below 0 for root spans',
  'trace:id': 'id of the trace in hex; leading zeros do not count',
  'span:id': 'id of the span, 16 hex digits',
  'span:parentID': 'id of the parent span, absent on a root',
  'span:childCount': 'number of direct children of the span',
  'event:name': 'name of an event of the span',
  'event:timeSinceStart': 'time from the start of the span to the event',
  'link:traceID': 'id of the trace a link points to',
  'link:spanID': 'id of the span a link points to',
  'instrumentation:name': 'name of the instrumentation scope',
  'instrumentation:version': 'version of the instrumentation scope',
};

export const scopeWords: readonly Word[] = [
  { label: 'resource.', documentation: 'attributes of what sent the span: service, host, pod' },
  { label: 'span.', documentation: 'attributes of the span itself' },
  { label: 'event.', documentation: 'attributes of events of the span, such as exceptions' },
  { label: 'link.', documentation: 'attributes of links of the span' },
  { label: 'instrumentation.', documentation: 'attributes of the instrumentation scope' },
  { label: 'parent.', documentation: 'attributes of the parent span; `parent:` its intrinsics' },
  { label: '.', documentation: 'an attribute of any scope, nearest first' },
];

export const comparisonWords: readonly Word[] = [
  { label: '=', documentation: 'equal' },
  { label: '!=', documentation: 'present and not equal' },
  { label: '=~', documentation: 'matches a regular expression, whole text' },
  { label: '!~', documentation: 'present and does not match' },
  { label: '>', documentation: 'greater' },
  { label: '>=', documentation: 'greater or equal' },
  { label: '<', documentation: 'less' },
  { label: '<=', documentation: 'less or equal' },
];

export const logicalWords: readonly Word[] = [
  { label: '&&', documentation: 'both hold on the same span' },
  { label: '||', documentation: 'one of them holds; binds like &&, from left to right' },
];

export const spansetWords: readonly Word[] = [
  { label: '&&', documentation: 'the trace has spans of both sides' },
  { label: '||', documentation: 'the trace has spans of one side' },
  { label: '>', documentation: 'right-hand spans that are children of left-hand spans' },
  { label: '>>', documentation: 'right-hand spans that are descendants of left-hand spans' },
  { label: '<', documentation: 'right-hand spans that are parents of left-hand spans' },
  { label: '<<', documentation: 'right-hand spans that are ancestors of left-hand spans' },
  { label: '~', documentation: 'right-hand spans that are siblings of left-hand spans' },
  { label: '!&&', documentation: 'left-hand spans of traces without right-hand spans' },
  { label: '!>', documentation: 'right-hand spans that are no children of left-hand spans' },
  { label: '!>>', documentation: 'right-hand spans that are no descendants of left-hand spans' },
  { label: '&>', documentation: 'both sides of parent and child' },
  { label: '&>>', documentation: 'both sides of ancestor and descendant' },
  { label: '&~', documentation: 'both sides of siblings' },
];

/** `insert` puts `^` where the cursor goes. */
export interface StageWord extends Word {
  readonly insert: string;
}

export const stageWords: readonly StageWord[] = [
  { label: 'count()', insert: 'count() > ^', documentation: 'number of spans in the spanset' },
  { label: 'avg()', insert: 'avg(^)', documentation: 'average over the spanset' },
  { label: 'max()', insert: 'max(^)', documentation: 'greatest value in the spanset' },
  { label: 'min()', insert: 'min(^)', documentation: 'least value in the spanset' },
  { label: 'sum()', insert: 'sum(^)', documentation: 'sum over the spanset' },
  { label: 'by()', insert: 'by(^)', documentation: 'splits spansets by a value' },
  { label: 'select()', insert: 'select(^)', documentation: 'shows more attributes in the answer' },
  { label: 'coalesce()', insert: 'coalesce()', documentation: 'merges spansets into one' },
  { label: 'sort()', insert: 'sort(max(^))', documentation: 'orders the traces, greatest first; `, asc` least first' },
  { label: 'rate()', insert: 'rate()', documentation: 'metrics: spans per second' },
  { label: 'count_over_time()', insert: 'count_over_time()', documentation: 'metrics: spans per step' },
  { label: 'min_over_time()', insert: 'min_over_time(^)', documentation: 'metrics: least value per step' },
  { label: 'max_over_time()', insert: 'max_over_time(^)', documentation: 'metrics: greatest value per step' },
  { label: 'sum_over_time()', insert: 'sum_over_time(^)', documentation: 'metrics: sum per step' },
  { label: 'avg_over_time()', insert: 'avg_over_time(^)', documentation: 'metrics: average per step' },
  {
    label: 'quantile_over_time()',
    insert: 'quantile_over_time(duration, ^)',
    documentation: 'metrics: quantiles per step',
  },
  {
    label: 'histogram_over_time()',
    insert: 'histogram_over_time(duration)',
    documentation: 'metrics: counts per power of two, a heat map',
  },
  {
    label: 'compare()',
    insert: 'compare({ ^ })',
    documentation: 'metrics: attribute values of some spans against the rest',
  },
];

export const metricsTailWords: readonly StageWord[] = [
  { label: 'by()', insert: 'by(^)', documentation: 'a series per value' },
  { label: '| topk()', insert: '| topk(^)', documentation: 'the greatest series per step' },
  { label: '| bottomk()', insert: '| bottomk(^)', documentation: 'the least series per step' },
];
