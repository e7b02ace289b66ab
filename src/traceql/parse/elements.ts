/** What can stand between the operators of a pipeline, and which kind it is: the meaning of `>` or `!~` between two of them depends on it. */
import type { MetricsExpression, MetricsOperand, PipelineStage, ScalarExpression, SpansetExpression } from '../ast.ts';

export type Element = PipelineStage | ScalarExpression | MetricsExpression;

export function isSpanset(element: Element): element is SpansetExpression {
  switch (element.kind) {
    case 'spanset-filter':
    case 'spanset-combination':
    case 'spanset-structure':
    case 'spanset-exclusion':
    case 'pipeline':
      return true;
    default:
      return false;
  }
}

export function isScalar(element: Element): element is ScalarExpression {
  switch (element.kind) {
    case 'aggregate':
    case 'literal':
    case 'scalar-operation':
    case 'scalar-pipeline':
      return true;
    default:
      return false;
  }
}

export function isMetrics(element: Element): element is MetricsExpression {
  return element.kind === 'metrics-pipeline' || element.kind === 'metrics-math';
}

export function isMetricsOperand(element: Element): element is MetricsOperand {
  return isMetrics(element) || element.kind === 'literal';
}

export function describe(element: Element): string {
  switch (element.kind) {
    case 'scalar-filter':
      return 'a comparison of aggregates';
    case 'group':
    case 'coalesce':
    case 'select':
    case 'sort':
      return `\`${element.kind === 'group' ? 'by' : element.kind}(…)\``;
    case 'literal':
      return 'a value';
    default:
      return isMetrics(element) ? 'metrics' : isScalar(element) ? 'an aggregate' : 'a spanset';
  }
}
