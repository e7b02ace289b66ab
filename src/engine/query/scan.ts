/** Which traces of a source may answer a query, from the columns of its condition. */
import { unreachable } from '../../base/assert.ts';
import type { SpanCondition, TraceCondition } from '../../traceql/conditions.ts';
import type { ColumnKey, RowSet } from '../row-set.ts';
import { columnsOfField, rawColumnKey } from './field-columns.ts';
import { matchRows } from './match-rows.ts';
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

/** The same condition with other leaves. */
export function mapLeaves(condition: TraceCondition, map: (leaf: ConditionLeaf) => ConditionLeaf): TraceCondition {
  switch (condition.kind) {
    case 'true':
      return condition;
    case 'some-span':
      return { kind: 'some-span', condition: mapSpanLeaves(condition.condition, map) };
    case 'and':
    case 'or':
      return { kind: condition.kind, conditions: condition.conditions.map((part) => mapLeaves(part, map)) };
    default:
      return unreachable(condition);
  }
}

function mapSpanLeaves(condition: SpanCondition, map: (leaf: ConditionLeaf) => ConditionLeaf): SpanCondition {
  switch (condition.kind) {
    case 'true':
      return condition;
    case 'leaf':
      return map(condition);
    case 'and':
    case 'or':
      return { kind: condition.kind, conditions: condition.conditions.map((part) => mapSpanLeaves(part, map)) };
    default:
      return unreachable(condition);
  }
}
