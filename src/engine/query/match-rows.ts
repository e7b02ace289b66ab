/**
 * Conditions over rows: each predicate is evaluated once per dictionary entry and looked up per row. A mask is a necessary condition for
 * a span, never a sufficient one; the evaluator has the last word over the whole trace.
 */
import { unreachable } from '../../base/assert.ts';
import { equalBytes, utf8FromText } from '../../base/bytes.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { SpanCondition } from '../../traceql/conditions.ts';
import type { Static } from '../../traceql/static.ts';
import { staticFromAnyValue } from '../../traceql/static.ts';
import type { CodedColumn, RowSet, ValueDictionary } from '../row-set.ts';
import { valueAt } from '../rows-to-spans.ts';
import { columnsOfField } from './field-columns.ts';
import { rawValues } from './raw-values.ts';

export type ConditionLeaf = Extract<SpanCondition, { kind: 'leaf' }>;

/** One byte per row, 1 where the condition may hold; `undefined` when nothing can be said, that is every row may. */
export type RowMask = Uint8Array | undefined;

/** Rows of `rowSet` on which `condition` may hold; only those of `within` are asked about. */
export function matchRows(rowSet: RowSet, condition: SpanCondition, within?: Uint8Array): RowMask {
  switch (condition.kind) {
    case 'true':
      return undefined;
    case 'leaf':
      return matchLeaf(rowSet, condition, within);
    case 'and': {
      let all: RowMask = within;
      for (const part of cheapFirst(condition.conditions)) {
        const mask = matchRows(rowSet, part, all);
        all = all === undefined ? mask : mask === undefined ? all : combine(all, mask, (a, b) => a & b);
      }
      return all;
    }
    case 'or': {
      let any: RowMask = new Uint8Array(rowSet.rowCount);
      for (const part of condition.conditions) {
        const mask = matchRows(rowSet, part, within);
        if (mask === undefined) {
          return undefined;
        }
        any = combine(any, mask, (a, b) => a | b);
      }
      return any;
    }
    default:
      return unreachable(condition);
  }
}

/** What reads encoded messages comes last: it is asked about the rows that are left. */
function cheapFirst(conditions: readonly SpanCondition[]): readonly SpanCondition[] {
  const isCheap = (condition: SpanCondition): boolean =>
    condition.kind !== 'leaf' ||
    !columnsOfField(condition.field).raw.some((raw) => raw === 'events' || raw === 'links');
  return [...conditions.filter(isCheap), ...conditions.filter((condition) => !isCheap(condition))];
}

function combine(a: Uint8Array, b: Uint8Array, operation: (a: number, b: number) => number): Uint8Array {
  const result = new Uint8Array(a.length);
  for (let row = 0; row < a.length; row++) {
    result[row] = operation(a[row], b[row]);
  }
  return result;
}

function matchLeaf(rowSet: RowSet, leaf: ConditionLeaf, within: Uint8Array | undefined): RowMask {
  const columns = columnsOfField(leaf.field);
  if (columns.wholeTrace) {
    return undefined;
  }
  const mask = new Uint8Array(rowSet.rowCount);
  for (const key of columns.coded) {
    const column = rowSet.column(key.scope, key.key, key.type);
    if (column !== undefined) {
      markAccepted(mask, column, acceptedEntries(column.dictionary, leaf));
    }
    if (columns.emptyWhenAbsent && acceptsEmpty(leaf)) {
      markAbsent(mask, column);
    }
  }
  for (const raw of columns.raw) {
    const column = rowSet.column('intrinsic', raw, 'raw');
    if (column !== undefined && rawMayMatch(column.dictionary, leaf)) {
      const isUsed = within === undefined ? undefined : usedCodes(column, within);
      markAccepted(
        mask,
        column,
        lookupOf(column.dictionary, (entry) => {
          if (isUsed?.[entry + 1] === 0) {
            return false;
          }
          const values = rawValues(raw, column.dictionary.bytesAt(entry), leaf.field);
          return values === undefined || values.some((value) => leaf.accepts(value));
        })
      );
    }
  }
  switch (columns.fixed) {
    case undefined:
      break;
    case 'duration':
      markDurations(mask, rowSet.durationNanos, leaf);
      break;
    case 'kind':
      markSmall(mask, rowSet.kinds, (kind) => leaf.accepts({ type: 'kind', value: spanKinds[kind] ?? 'unspecified' }));
      break;
    case 'status':
      markSmall(mask, rowSet.statusCodes, (code) =>
        leaf.accepts({ type: 'status', value: statusCodes[code] ?? 'unset' })
      );
      break;
    case 'spanId':
      markIds(mask, rowSet.spanIds, leaf);
      break;
    case 'parentId':
      markIds(mask, rowSet.parentSpanIds, leaf);
      break;
    case 'traceId':
      markTraces(mask, rowSet, leaf);
      break;
    default:
      return unreachable(columns.fixed);
  }
  return mask;
}

/** By code: 1 where a row of `within` has it. */
function usedCodes({ codes, dictionary }: CodedColumn, within: Uint8Array): Uint8Array {
  const used = new Uint8Array(dictionary.size + 1);
  for (let row = 0; row < within.length; row++) {
    used[codes[row]] |= within[row];
  }
  return used;
}

/**
 * Whether some encoded message may satisfy the leaf: its key is one of theirs, and a string that is sought stands in it as it is. Ids stand
 * there as bytes, not as hex.
 */
export function rawMayMatch(dictionary: ValueDictionary, { field, op, operand }: ConditionLeaf): boolean {
  if (field.kind === 'attribute' && !mayHaveKey(dictionary, field.name)) {
    return false;
  }
  // What is no UTF-8 reads as U+FFFD, but does not stand there as such.
  return field.kind === 'attribute' && op === '=' && operand.type === 'string' && !operand.value.includes('\ufffd')
    ? (dictionary.someIncludes?.(new TextEncoder().encode(operand.value)) ?? true)
    : true;
}

/** Whether a message may have an attribute of this key, where its dictionary knows. */
export function mayHaveKey(dictionary: ValueDictionary, key: string): boolean {
  // What is no UTF-8 reads as U+FFFD, but does not stand there as such.
  return key.includes('\ufffd') || (dictionary.mayHaveAttribute?.(utf8FromText(key)) ?? true);
}

/** Whether a field that is the empty string where it is absent may satisfy the leaf there. */
export function acceptsEmpty(leaf: ConditionLeaf): boolean {
  return leaf.accepts({ type: 'string', value: '' });
}

function markAbsent(mask: Uint8Array, column: CodedColumn | undefined): void {
  for (let row = 0; row < mask.length; row++) {
    mask[row] |= column === undefined || column.codes[row] === 0 ? 1 : 0;
  }
}

/** Codes whose entry the leaf accepts, as a table of 0 and 1 indexed by code. `undefined` when there is none. */
export function acceptedEntries(dictionary: ValueDictionary, leaf: ConditionLeaf): Uint8Array | undefined {
  if (dictionary.type === 'string' && leaf.op === '=' && leaf.operand.type === 'string') {
    const wanted = new TextEncoder().encode(leaf.operand.value);
    return lookupOf(dictionary, (entry) => equalBytes(dictionary.bytesAt(entry), wanted));
  }
  return lookupOf(dictionary, (entry) => {
    const value = staticOfEntry(dictionary, entry);
    return value !== undefined && leaf.accepts(value);
  });
}

function lookupOf(dictionary: ValueDictionary, accepts: (entry: number) => boolean): Uint8Array | undefined {
  let table: Uint8Array | undefined;
  for (let entry = 0; entry < dictionary.size; entry++) {
    if (accepts(entry)) {
      table ??= new Uint8Array(dictionary.size + 1);
      table[entry + 1] = 1;
    }
  }
  return table;
}

/** The TraceQL value of a dictionary entry; `undefined` for values that TraceQL cannot see (maps, bytes, mixed arrays). */
export function staticOfEntry(dictionary: ValueDictionary, entry: number): Static | undefined {
  const value = dictionary.type === 'raw' ? undefined : staticFromAnyValue(valueAt(dictionary, entry));
  return value === undefined || value.type === 'nil' ? undefined : value;
}

function markAccepted(mask: Uint8Array, column: CodedColumn, accepted: Uint8Array | undefined): void {
  if (accepted === undefined) {
    return;
  }
  const { codes } = column;
  for (let row = 0; row < mask.length; row++) {
    mask[row] |= accepted[codes[row]];
  }
}

function markSmall(mask: Uint8Array, values: Uint8Array, accepts: (value: number) => boolean): void {
  const table = new Uint8Array(256);
  for (let value = 0; value < 256; value++) {
    table[value] = accepts(value) ? 1 : 0;
  }
  for (let row = 0; row < mask.length; row++) {
    mask[row] |= table[values[row]];
  }
}

/** Compares in nanoseconds as doubles: exact below 2^53 (104 days), and beyond within one rounding, so the bounds are widened by it. */
function markDurations(mask: Uint8Array, durations: BigInt64Array, leaf: ConditionLeaf): void {
  const { operand, op } = leaf;
  const numeric = operand.type === 'int' || operand.type === 'duration' || operand.type === 'float';
  if (!numeric || !(op === '<' || op === '<=' || op === '>' || op === '>=' || op === '=')) {
    for (let row = 0; row < mask.length; row++) {
      mask[row] |= leaf.accepts({ type: 'duration', value: durations[row] }) ? 1 : 0;
    }
    return;
  }
  const limit = Number(operand.value);
  const slack = Math.abs(limit) * 2 ** -51;
  const least = op === '<' || op === '<=' ? -Infinity : limit - slack;
  const most = op === '>' || op === '>=' ? Infinity : limit + slack;
  const words = new Int32Array(durations.buffer, durations.byteOffset, durations.length * 2);
  for (let row = 0; row < mask.length; row++) {
    const value = words[2 * row + 1] * 4294967296 + (words[2 * row] >>> 0);
    mask[row] |= value >= least && value <= most ? 1 : 0;
  }
}

/** The parent id of a root: stored as zeros, empty in TraceQL. */
const noId = '0'.repeat(16);

function markIds(mask: Uint8Array, ids: Uint8Array, leaf: ConditionLeaf): void {
  for (let row = 0; row < mask.length; row++) {
    const id = hexFromBytes(ids, row * 8, row * 8 + 8);
    const accepted = leaf.accepts({ type: 'string', value: id }) || (id === noId && acceptsEmpty(leaf));
    mask[row] |= accepted ? 1 : 0;
  }
}

function markTraces(mask: Uint8Array, rowSet: RowSet, leaf: ConditionLeaf): void {
  const accepted = new Uint8Array(rowSet.traceCount);
  for (let trace = 0; trace < rowSet.traceCount; trace++) {
    const id = hexFromBytes(rowSet.traceIds, trace * 16, trace * 16 + 16);
    accepted[trace] = leaf.accepts({ type: 'string', value: id }) ? 1 : 0;
  }
  for (let row = 0; row < mask.length; row++) {
    mask[row] |= accepted[rowSet.traceOfRow[row]];
  }
}
