/**
 * The first step of every query: which traces of a source may answer it. What is not read is decided from block times, statistics,
 * blooms and dictionaries before any code page is touched.
 */
import { unreachable } from '../../base/assert.ts';
import type { TimeRange } from '../../store/trace-store.ts';
import type { SpanCondition, TraceCondition } from '../../traceql/conditions.ts';
import type { BlockReader } from '../block/block-reader.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { columnsOfField, rawColumnKey } from './field-columns.ts';
import { acceptedEntries, acceptsEmpty, matchRows, rawMayMatch } from './match-rows.ts';
import type { ConditionLeaf } from './match-rows.ts';

/** Traces of one source, by ordinal: 0 cannot match, 1 can only match when more fragments lie elsewhere, 2 may match. */
export type TraceMask = Uint8Array;

const whenSplit = 1;
const maybe = 2;

/** Rates every trace of `rowSet` against the condition; a whole-store scan when the condition is `true`. */
export function rateTraces(rowSet: RowSet, condition: TraceCondition): TraceMask {
  const parts: Uint8Array[] = [];
  const here = holdsHere(rowSet, condition, parts);
  const rating = new Uint8Array(rowSet.traceCount);
  for (let trace = 0; trace < rating.length; trace++) {
    rating[trace] =
      here === undefined || here[trace] === 1 ? maybe : parts.some((part) => part[trace] === 1) ? whenSplit : 0;
  }
  return rating;
}

export function isCertainAlone(rating: number): boolean {
  return rating === maybe;
}

/** One byte per trace; `undefined` for "every trace". Collects the mask of each `some-span` leaf in `parts`. */
function holdsHere(rowSet: RowSet, condition: TraceCondition, parts: Uint8Array[]): Uint8Array | undefined {
  switch (condition.kind) {
    case 'true':
      return undefined;
    case 'some-span': {
      const rows = matchRows(rowSet, condition.condition);
      if (rows === undefined) {
        return undefined;
      }
      const traces = new Uint8Array(rowSet.traceCount);
      for (let row = 0; row < rows.length; row++) {
        if (rows[row] === 1) {
          traces[rowSet.traceOfRow[row]] = 1;
        }
      }
      parts.push(traces);
      return traces;
    }
    case 'and':
    case 'or': {
      const masks = condition.conditions.map((part) => holdsHere(rowSet, part, parts));
      return condition.kind === 'and' ? intersection(masks) : union(masks);
    }
    default:
      return unreachable(condition);
  }
}

function intersection(masks: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const known = masks.filter((mask) => mask !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => a.map((value, trace) => value & b[trace]));
}

function union(masks: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  return masks.some((mask) => mask === undefined)
    ? undefined
    : (masks as Uint8Array[]).reduce((a, b) => a.map((value, trace) => value | b[trace]));
}

/** The columns that rating a row group needs. */
export function columnsOfCondition(condition: TraceCondition): ColumnKey[] {
  const keys: ColumnKey[] = [];
  forEachLeaf(condition, (leaf) => {
    const columns = columnsOfField(leaf.field);
    keys.push(...columns.coded, ...columns.raw.map(rawColumnKey));
  });
  return keys;
}

function forEachLeaf(condition: TraceCondition | SpanCondition, visit: (leaf: ConditionLeaf) => void): void {
  switch (condition.kind) {
    case 'true':
      return;
    case 'leaf':
      return visit(condition);
    case 'some-span':
      return forEachLeaf(condition.condition, visit);
    case 'and':
    case 'or':
      return condition.conditions.forEach((part) => forEachLeaf(part, visit));
    default:
      return unreachable(condition);
  }
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

/**
 * Whether some trace of a row group may satisfy the condition, from statistics, blooms and dictionaries alone. For conditions that join
 * several spansets with `and`, one that can hold is enough: the others may hold in another fragment of a split trace.
 */
export async function rowGroupMayMatch(
  reader: BlockReader,
  rowGroup: number,
  condition: TraceCondition
): Promise<boolean> {
  switch (condition.kind) {
    case 'true':
      return true;
    case 'some-span':
      return spanMayMatch(reader, rowGroup, condition.condition);
    case 'and':
    case 'or':
      for (const part of condition.conditions) {
        if (await rowGroupMayMatch(reader, rowGroup, part)) {
          return true;
        }
      }
      return false;
    default:
      return unreachable(condition);
  }
}

async function spanMayMatch(reader: BlockReader, rowGroup: number, condition: SpanCondition): Promise<boolean> {
  switch (condition.kind) {
    case 'true':
      return true;
    case 'leaf':
      return leafMayMatch(reader, rowGroup, condition);
    case 'and':
      for (const part of condition.conditions) {
        if (!(await spanMayMatch(reader, rowGroup, part))) {
          return false;
        }
      }
      return true;
    case 'or':
      for (const part of condition.conditions) {
        if (await spanMayMatch(reader, rowGroup, part)) {
          return true;
        }
      }
      return false;
    default:
      return unreachable(condition);
  }
}

async function leafMayMatch(reader: BlockReader, rowGroup: number, leaf: ConditionLeaf): Promise<boolean> {
  const columns = columnsOfField(leaf.field);
  if (columns.wholeTrace || columns.fixed !== undefined || (columns.emptyWhenAbsent && acceptsEmpty(leaf))) {
    return true;
  }
  const keys = [...columns.raw.map(rawColumnKey), ...columns.coded].filter((key) => reader.hasColumn(rowGroup, key));
  for (const key of keys) {
    if (key.type === 'any') {
      return true;
    }
    if (key.type === 'raw') {
      const messages = await reader.readDictionary(rowGroup, key);
      if (messages !== undefined && rawMayMatch(messages, leaf)) {
        return true;
      }
      continue;
    }
    if (leaf.op === '=' && leaf.operand.type === 'string' && key.type === 'string') {
      if (await reader.mayContain(rowGroup, key, new TextEncoder().encode(leaf.operand.value))) {
        return true;
      }
      continue;
    }
    if (leaf.op === '=' && leaf.operand.type === 'int' && key.type === 'int') {
      if (await reader.mayContain(rowGroup, key, leaf.operand.value)) {
        return true;
      }
      continue;
    }
    const dictionary = await reader.readDictionary(rowGroup, key);
    if (dictionary !== undefined && acceptedEntries(dictionary, leaf) !== undefined) {
      return true;
    }
  }
  return false;
}
