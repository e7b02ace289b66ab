import { AbstractLabelOperator, type AbstractLabelMatcher, type AbstractQuery } from '@grafana/data';
import type { FieldExpression, Query } from '../traceql/ast.ts';
import { printField } from '../traceql/attributes.ts';
import { parseQuery } from '../traceql/parser.ts';
import { addFilters } from './ad-hoc.ts';
import { traceqlOf, type VivaceQuery } from './query.ts';

const operators: readonly (readonly [string, AbstractLabelOperator])[] = [
  ['=', AbstractLabelOperator.Equal],
  ['!=', AbstractLabelOperator.NotEqual],
  ['=~', AbstractLabelOperator.EqualRegEx],
  ['!~', AbstractLabelOperator.NotEqualRegEx],
];

/**
 * Resource attributes that log and metric stores keep as labels, with their dots as underscores. Source: OpenTelemetry semantic
 * conventions; Loki's default index labels for OTLP.
 */
const resourceAttributes: readonly string[] = [
  'cloud.availability_zone',
  'cloud.region',
  'container.name',
  'deployment.environment',
  'deployment.environment.name',
  'host.name',
  'k8s.cluster.name',
  'k8s.container.name',
  'k8s.cronjob.name',
  'k8s.daemonset.name',
  'k8s.deployment.name',
  'k8s.job.name',
  'k8s.namespace.name',
  'k8s.node.name',
  'k8s.pod.name',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'service.instance.id',
  'service.name',
  'service.namespace',
  'service.version',
];
const attributeOfLabel: ReadonlyMap<string, string> = new Map([
  ...resourceAttributes.map((name) => [name.replaceAll('.', '_'), `resource.${name}`] as const),
  ['service', 'resource.service.name'],
  ['span_name', 'name'],
]);

/** A query of another data source, reduced to label matchers, as a search. Labels without a known attribute mean any scope. */
export function fromAbstractQuery({ refId, labelMatchers }: AbstractQuery): VivaceQuery {
  const filters = labelMatchers
    .filter(({ name }) => !name.startsWith('__'))
    .map(({ name, value, operator }) => ({
      key: attributeOfLabel.get(name) ?? `.${name}`,
      operator: operators.find(([, abstract]) => abstract === operator)?.[0] ?? '=',
      value,
    }));
  return { refId, queryType: 'traceql', query: addFilters('{}', filters) };
}

/** What other data sources can take over: comparisons of the first spanset filter with text that must all hold. */
export function toAbstractQuery(query: VivaceQuery): AbstractQuery {
  return { refId: query.refId, labelMatchers: matchersOf(traceqlOf(query)) };
}

function matchersOf(text: string): AbstractLabelMatcher[] {
  let query: Query;
  try {
    query = parseQuery(text);
  } catch {
    return []; // A trace id, or text that is not finished: nothing of it can go along.
  }
  const first =
    query.body.kind === 'pipeline'
      ? query.body
      : query.body.kind === 'metrics-pipeline'
        ? query.body.pipeline
        : undefined;
  const stage = first?.stages[0];
  if (stage?.kind !== 'spanset-filter' || stage.expression === undefined) {
    return [];
  }
  const { expression } = stage;
  const all = expression.kind === 'logical' && expression.op === '&&' ? expression.operands : [expression];
  return all.flatMap(matcherOf);
}

function matcherOf(expression: FieldExpression): AbstractLabelMatcher[] {
  if (expression.kind !== 'binary' || expression.left.kind !== 'field' || expression.right.kind !== 'literal') {
    return [];
  }
  const { value } = expression.right;
  const operator = operators.find(([own]) => own === expression.op)?.[1];
  const { field } = expression.left;
  const isLabel = field.kind === 'attribute' || field.name === 'name';
  if (operator === undefined || value.type !== 'string' || !isLabel) {
    return [];
  }
  const name = field.kind === 'attribute' ? field.name.replaceAll(/[^A-Za-z0-9_]/g, '_') : `span_${printField(field)}`;
  return [{ name, value: value.value, operator }];
}
