import type { IntrinsicName, PipelineStage, Query } from '../../traceql/ast.ts';
import { fieldsOf } from '../../traceql/conditions.ts';
import { invalid, textParam } from '../tempo/params.ts';
import { checkedQuery } from '../tempo/query.ts';

/** What only a whole trace knows. */
const ofWholeTraces: ReadonlySet<IntrinsicName> = new Set<IntrinsicName>([
  'rootName',
  'rootServiceName',
  'traceDuration',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
  'span:childCount',
]);

/**
 * `q` of a tail: one spanset filter, and `select(…)` for what to show. Spans are looked at as they arrive, when nobody knows the rest of
 * their trace: what needs it is refused rather than answered wrongly. Errors: `invalid_argument`, `query_invalid`.
 */
export function tailQuery(params: URLSearchParams): Query {
  const query = checkedQuery(textParam(params, 'q') ?? '{}');
  const stages = query.body.kind === 'pipeline' ? query.body.stages : [];
  if (stages[0]?.kind !== 'spanset-filter' || stages.slice(1).some((stage: PipelineStage) => stage.kind !== 'select')) {
    throw invalid(
      'invalid q: a live tail sees spans before their traces are whole, so q can only be one spanset filter such as { status = error }, and | select(…) after it'
    );
  }
  const fields = fieldsOf(query);
  for (const field of fields === 'all' ? [] : fields) {
    if (field.kind === 'parent' || (field.kind === 'intrinsic' && ofWholeTraces.has(field.name))) {
      throw invalid(`invalid q: ${field.name} is known only of a whole trace, a live tail sees spans before that`);
    }
  }
  return query;
}
