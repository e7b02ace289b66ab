/** Completion from the keys and values of one open trace. */
import { formatValue } from '../kit/format.ts';
import type { AnyValue } from '../../trace/model.ts';
import { printField } from '../../traceql/attributes.ts';
import { complete } from '../../traceql/complete.ts';
import type { KnownAttributes } from '../../traceql/complete.ts';
import type { Static } from '../../traceql/static.ts';
import { groupingOf } from '../statistics/group-columns.ts';
import type { TraceData } from '../trace/trace-data.ts';
import type { Completer } from './completion.ts';

export function traceCompleter(data: TraceData): Completer {
  return {} as Completer;
}
