import type { Pipeline, PipelineStage, Query } from '../../../traceql/ast.ts';
import { readsParents } from '../../../traceql/conditions.ts';
import { pipelinesOf } from '../../../traceql/evaluate.ts';
import { extrapolates } from '../../../traceql/extrapolation.ts';

/** How the traces of a query are evaluated that lie whole in one place; plain data, for `explain`. */
export type Evaluation =
  /** Over columns. Traces whose spans share ids or whose parents form a cycle still go to the reference, where that matters. */
  | { readonly kind: 'kernel'; readonly pipelines: readonly Pipeline[] }
  /** Trace by trace, as objects. */
  | { readonly kind: 'reference'; readonly because: string };

/** Expects a validated query. */
export function evaluationOf(query: Query): Evaluation {
  const pipelines = pipelinesOf(query.body);
  if (readsParents(query)) {
    return { kind: 'reference', because: 'the query reads attributes of parents' };
  }
  if (extrapolates(query)) {
    return { kind: 'reference', because: 'spans are weighed by their trace state' };
  }
  return pipelines.some((pipeline) => relatesWithinGroups(pipeline))
    ? { kind: 'reference', because: 'a structural operator behind by(…) relates spans of one group only' }
    : { kind: 'kernel', pipelines };
}

/** The evaluation in a sentence, for people. */
export function evaluationText(evaluation: Evaluation): string {
  return evaluation.kind === 'kernel'
    ? 'over columns, where a trace lies whole in one place; the reference evaluator for split traces and those whose spans share ids'
    : `the reference evaluator, over whole traces that the condition leaves: ${evaluation.because}`;
}

/** Kernels relate spans of a trace, not of a part of it that `by(…)` made. */
function relatesWithinGroups(pipeline: Pipeline, grouped = false): boolean {
  let isGrouped = grouped;
  for (const stage of pipeline.stages) {
    if (isGrouped && hasStructure(stage)) {
      return true;
    }
    if (nested(stage).some((inner) => relatesWithinGroups(inner, isGrouped))) {
      return true;
    }
    isGrouped = groups(stage) || (isGrouped && !(stage.kind === 'coalesce' && !grouped));
  }
  return false;
}

/** Whether the stage leaves more spansets than it found. */
function groups(stage: PipelineStage): boolean {
  return (
    stage.kind === 'group' ||
    (stage.kind === 'scalar-filter' && nested(stage).some((inner) => inner.stages.some(groups)))
  );
}

/** Pipelines in parentheses, each of which begins with the spansets of its stage. */
function nested(stage: PipelineStage): readonly Pipeline[] {
  switch (stage.kind) {
    case 'pipeline':
      return [stage];
    case 'spanset-combination':
      return stage.operands.flatMap(nested);
    case 'spanset-structure':
    case 'spanset-exclusion':
      return [...nested(stage.left), ...nested(stage.right)];
    case 'scalar-filter':
      return [stage.left, stage.right].flatMap((side) => (side.kind === 'scalar-pipeline' ? [side.pipeline] : []));
    default:
      return [];
  }
}

function hasStructure(stage: PipelineStage): boolean {
  switch (stage.kind) {
    case 'spanset-structure':
      return true;
    case 'spanset-combination':
      return stage.operands.some(hasStructure);
    case 'spanset-exclusion':
      return hasStructure(stage.left) || hasStructure(stage.right);
    default:
      return false;
  }
}
