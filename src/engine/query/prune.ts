/**
 * What is not read, and why: decided from block times, statistics, blooms and dictionaries before any code page is touched. A verdict is
 * plain data; the executor obeys it and `explain` prints it.
 */
import { unreachable } from '../../base/assert.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import { printField } from '../../traceql/attributes.ts';
import type { SpanCondition, TraceCondition } from '../../traceql/conditions.ts';
import { printStatic } from '../../traceql/literals.ts';
import type { BlockReader, Exclusion } from '../block/block-reader.ts';
import type { ColumnKey } from '../row-set.ts';
import { columnsOfField, rawColumnKey } from './field-columns.ts';
import { acceptedEntries, acceptsEmpty, rawMayMatch } from './match-rows.ts';
import type { ConditionLeaf } from './match-rows.ts';
import type { Source } from './view.ts';
import type { ViewBlock } from './view-block.ts';

/** A block's window: the slack with which its time is compared with a query's range. */
export const windowNanos = 3_600_000_000_000n;

/** Why a part of the store is not read. `because` is a phrase: "the dictionary has no value for span.x = 1". */
export interface Pruned {
  readonly reason: 'empty' | 'time' | Exclusion;
  readonly because: string;
}

/** What the manifest alone says of a block, before it is opened; as {@link pruneSource}. */
export function pruneBlock(block: ViewBlock, condition: TraceCondition, range: TimeRange): Pruned | undefined {
  const { startUnixNanos, endUnixNanos } = block.known;
  return overlaps(startUnixNanos, endUnixNanos, range, windowNanos) ? undefined : outsideRange;
}

const outsideRange: Pruned = { reason: 'time', because: 'its spans lie more than a window outside the time range' };

/** Why no trace of the source can answer the query; `undefined` when one may, and the source has to be read. */
export async function pruneSource(
  source: Source,
  condition: TraceCondition,
  range: TimeRange
): Promise<Pruned | undefined> {
  if (source.kind === 'head') {
    return source.rowSet.rowCount > 0 ? undefined : { reason: 'empty', because: 'the head has no rows' };
  }
  const { startUnixNanos, endUnixNanos } = source.reader.rowGroups[source.rowGroup];
  if (!overlaps(startUnixNanos, endUnixNanos, range, windowNanos)) {
    return outsideRange;
  }
  return pruneTraces(source.reader, source.rowGroup, condition);
}

/**
 * Whether the time of a block (from the manifest) lets it hold a fragment of a trace in the range. Widened by `slackNanos`, the width of
 * a block's window, because the part of a trace that satisfies a predicate may lie beside the part that overlaps the range.
 */
export function overlaps(startUnixNanos: bigint, endUnixNanos: bigint, range: TimeRange, slackNanos: bigint): boolean {
  return (
    (range.endUnixNanos === undefined || startUnixNanos - slackNanos <= range.endUnixNanos) &&
    (range.startUnixNanos === undefined || endUnixNanos + slackNanos >= range.startUnixNanos)
  );
}

const never: Pruned = { reason: 'statistics', because: 'the condition never holds' };

/**
 * Whether some trace of a row group may satisfy the condition, from statistics, blooms and dictionaries alone. For conditions that join
 * several spansets with `and`, one that can hold is enough: the others may hold in another fragment of a split trace.
 */
async function pruneTraces(
  reader: BlockReader,
  rowGroup: number,
  condition: TraceCondition
): Promise<Pruned | undefined> {
  switch (condition.kind) {
    case 'true':
      return undefined;
    case 'some-span':
      return pruneSpans(reader, rowGroup, condition.condition);
    case 'and':
    case 'or':
      return pruneAlternatives(condition.conditions, (part) => pruneTraces(reader, rowGroup, part));
    default:
      return unreachable(condition);
  }
}

async function pruneSpans(
  reader: BlockReader,
  rowGroup: number,
  condition: SpanCondition
): Promise<Pruned | undefined> {
  switch (condition.kind) {
    case 'true':
      return undefined;
    case 'leaf':
      return pruneLeaf(reader, rowGroup, condition);
    case 'and':
      for (const part of condition.conditions) {
        const pruned = await pruneSpans(reader, rowGroup, part);
        if (pruned !== undefined) {
          return pruned;
        }
      }
      return undefined;
    case 'or':
      return pruneAlternatives(condition.conditions, (part) => pruneSpans(reader, rowGroup, part));
    default:
      return unreachable(condition);
  }
}

/** Pruned when every alternative is; the last one's reason stands for all, with the others named. */
async function pruneAlternatives<T>(
  alternatives: readonly T[],
  prune: (alternative: T) => Promise<Pruned | undefined>
): Promise<Pruned | undefined> {
  const all: Pruned[] = [];
  for (const alternative of alternatives) {
    const pruned = await prune(alternative);
    if (pruned === undefined) {
      return undefined;
    }
    all.push(pruned);
  }
  return all.length === 0
    ? never
    : { reason: all[0].reason, because: [...new Set(all.map(({ because }) => because))].join('; ') };
}

async function pruneLeaf(reader: BlockReader, rowGroup: number, leaf: ConditionLeaf): Promise<Pruned | undefined> {
  const columns = columnsOfField(leaf.field);
  if (columns.wholeTrace || columns.fixed !== undefined || (columns.emptyWhenAbsent && acceptsEmpty(leaf))) {
    return undefined;
  }
  // The column that knows most speaks for all: "the dictionary has no such value" rather than "there is no column of another type".
  let excluded: Exclusion = 'no column';
  for (const key of [...columns.raw.map(rawColumnKey), ...columns.coded]) {
    if (!reader.hasColumn(rowGroup, key)) {
      continue;
    }
    const exclusion = await excludesLeaf(reader, rowGroup, key, leaf);
    if (exclusion === undefined) {
      return undefined;
    }
    excluded = key.type === 'raw' && excluded !== 'no column' ? excluded : exclusion;
  }
  return { reason: excluded, because: because(excluded, leaf) };
}

async function excludesLeaf(
  reader: BlockReader,
  rowGroup: number,
  key: ColumnKey,
  leaf: ConditionLeaf
): Promise<Exclusion | undefined> {
  const { op, operand } = leaf;
  if (key.type === 'any') {
    return undefined;
  }
  if (key.scope === 'intrinsic' && (key.key === 'events' || key.key === 'links')) {
    return (await eventMayMatch(reader, rowGroup, key.key, leaf)) ? undefined : 'bloom filter';
  }
  if (key.type === 'raw') {
    const messages = await reader.readDictionary(rowGroup, key);
    return messages !== undefined && rawMayMatch(messages, leaf) ? undefined : 'dictionary';
  }
  if (op === '=' && operand.type === 'string' && key.type === 'string') {
    return reader.exclusionOf(rowGroup, key, new TextEncoder().encode(operand.value));
  }
  if (op === '=' && operand.type === 'int' && key.type === 'int') {
    return reader.exclusionOf(rowGroup, key, operand.value);
  }
  const dictionary = await reader.readDictionary(rowGroup, key);
  return dictionary !== undefined && acceptedEntries(dictionary, leaf) !== undefined ? undefined : 'dictionary';
}

/** From the filter over the attributes of events, or links: they are not read for it. */
async function eventMayMatch(
  reader: BlockReader,
  rowGroup: number,
  column: 'events' | 'links',
  { field, op, operand }: ConditionLeaf
): Promise<boolean> {
  if (field.kind !== 'attribute') {
    return true;
  }
  if (op === '=' && operand.type === 'string') {
    return reader.mayHaveEventAttribute(rowGroup, column, field.name, new TextEncoder().encode(operand.value));
  }
  const value = op === '=' && operand.type === 'int' ? operand.value : undefined;
  return reader.mayHaveEventAttribute(rowGroup, column, field.name, value);
}

function because(exclusion: Exclusion, leaf: ConditionLeaf): string {
  const sought = conditionText(leaf);
  switch (exclusion) {
    case 'no column':
      return `no row has ${printField(leaf.field)}`;
    case 'statistics':
      return `minimum and maximum exclude ${sought}`;
    case 'bloom filter':
      return `the bloom filter excludes ${sought}`;
    case 'dictionary':
      return `no value in the dictionary satisfies ${sought}`;
    default:
      return unreachable(exclusion);
  }
}

/** A condition as TraceQL would write it, `true` where nothing can be said. */
export function conditionText(condition: TraceCondition | SpanCondition): string {
  switch (condition.kind) {
    case 'true':
      return 'true';
    case 'leaf':
      return condition.op === 'exists'
        ? `${printField(condition.field)} != nil`
        : `${printField(condition.field)} ${condition.op} ${printStatic(condition.operand)}`;
    case 'some-span':
      return `{ ${conditionText(condition.condition)} }`;
    case 'and':
    case 'or': {
      const parts = condition.conditions.map((part) => conditionText(part));
      return parts.length === 0 ? 'false' : `(${parts.join(condition.kind === 'and' ? ' && ' : ' || ')})`;
    }
    default:
      return unreachable(condition);
  }
}
