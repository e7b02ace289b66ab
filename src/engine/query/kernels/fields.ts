/** What each field is worth on the rows of a row set. */
import { assert, unreachable } from '../../../base/assert.ts';
import { utf8FromText } from '../../../base/bytes.ts';
import { hexFromBytes } from '../../../trace/ids.ts';
import type { Attribute } from '../../../trace/model.ts';
import { attributeOf } from '../../../trace/model.ts';
import type { Field, IntrinsicName } from '../../../traceql/ast.ts';
import type { Static } from '../../../traceql/static.ts';
import { nil, staticFromAnyValue, staticFromKind, staticFromStatus } from '../../../traceql/static.ts';
import { decodeEvents, decodeKeyValues, decodeLinks } from '../../../wire/otlp-protobuf.ts';
import { isRoot } from '../../block/parents.ts';
import type { Codes, ColumnScope, IntrinsicColumn, RowSet, ValueDictionary } from '../../row-set.ts';
import { valueAt } from '../../rows-to-spans.ts';
import { attributeTypes } from '../field-columns.ts';
import { mayHaveKey } from '../match-rows.ts';
import type { RowFrame } from './frame.ts';
import { nestedSetVector } from './nested-sets.ts';
import { rootVector, traceDurationVector } from './whole-trace.ts';
import type { DictionaryPart, Vector } from './vector.ts';
import { memoized } from './vector.ts';

const absent: Vector = { kind: 'constant', value: nil };

export function fieldVector(frame: RowFrame, field: Field): Vector {
  assert(field.kind !== 'parent', 'queries about parents are left to the reference');
  return field.kind === 'intrinsic' ? intrinsicVector(frame, field.name) : attributeVector(frame.rows, field);
}

function intrinsicVector(frame: RowFrame, name: IntrinsicName): Vector {
  const { rows } = frame;
  switch (name) {
    case 'name':
      return textColumn(rows, 'name');
    case 'statusMessage':
      return textColumn(rows, 'status_message');
    case 'instrumentation:name':
      return textColumn(rows, 'scope_name');
    case 'instrumentation:version':
      return textColumn(rows, 'scope_version');
    case 'kind':
      return { kind: 'coded', codes: rows.kinds, size: 256, at: staticFromKind };
    case 'status':
      return { kind: 'coded', codes: rows.statusCodes, size: 256, at: staticFromStatus };
    case 'duration':
      return { kind: 'durations', nanos: rows.durationNanos };
    case 'span:id':
      return { kind: 'computed', at: (row) => hexId(rows.spanIds, row) };
    case 'span:parentID':
      return {
        kind: 'computed',
        at: (row) => (isRoot(rows.parentSpanIds, row) ? nil : hexId(rows.parentSpanIds, row)),
      };
    case 'trace:id':
      return {
        kind: 'coded',
        codes: rows.traceOfRow,
        size: rows.traceCount,
        at: (trace) => text(hexFromBytes(rows.traceIds, trace * 16, trace * 16 + 16)),
      };
    case 'rootName':
    case 'rootServiceName':
      return rootVector(frame, name);
    case 'traceDuration':
      return traceDurationVector(rows);
    case 'span:childCount': {
      const { childCounts } = frame.tree;
      return { kind: 'coded', codes: childCounts, size: rows.rowCount + 1, at: int };
    }
    case 'nestedSetLeft':
    case 'nestedSetRight':
    case 'nestedSetParent':
      return nestedSetVector(frame, name);
    case 'event:name':
    case 'event:timeSinceStart':
    case 'link:traceID':
    case 'link:spanID':
      return absent;
    default:
      return unreachable(name);
  }
}

function hexId(ids: Uint8Array, row: number): Static {
  return text(hexFromBytes(ids, row * 8, row * 8 + 8));
}

function text(value: string): Static {
  return { type: 'string', value };
}

function int(value: number): Static {
  return { type: 'int', value: BigInt(value) };
}

/** Text that is empty where it is absent. */
function textColumn(rows: RowSet, name: IntrinsicColumn): Vector {
  const column = rows.column('intrinsic', name, 'string');
  const empty = text('');
  return column === undefined
    ? { kind: 'constant', value: empty }
    : {
        kind: 'coded',
        codes: column.codes,
        size: column.dictionary.size + 1,
        at: (code) => (code === 0 ? empty : text(column.dictionary.textAt(code - 1))),
      };
}

// Attributes.

/** An unscoped attribute looked up on span and resource alone. */
export function spanOrResourceVector(rows: RowSet, key: string): Vector {
  return joined(rows, [scopeParts(rows, 'span', key), scopeParts(rows, 'resource', key)]);
}

/** Values of one column: nil for what TraceQL cannot see, `undefined` where the key is not there at all. */
interface Part {
  readonly codes: Codes;
  readonly dictionary: ValueDictionary;
  readonly valueAt: (entry: number) => Static | undefined;
  /** No entry is nil or absent. */
  readonly isPlain: boolean;
}

function attributeVector(rows: RowSet, { scope, name }: Field & { readonly kind: 'attribute' }): Vector {
  switch (scope) {
    case 'span':
    case 'resource':
    case 'instrumentation':
      return joined(rows, [scopeParts(rows, scope, name)]);
    case 'event':
    case 'link':
      return absent;
    case 'any':
      // Nearest first, as the reference looks.
      return joined(rows, [
        scopeParts(rows, 'span', name),
        scopeParts(rows, 'resource', name),
        rawPart(rows, 'events', name, (bytes) => firstOf(decodeEvents(bytes), name)),
        rawPart(rows, 'links', name, (bytes) => firstOf(decodeLinks(bytes), name)),
        scopeParts(rows, 'instrumentation', name),
      ]);
  }
}

const extraOf = { span: 'span_extra', resource: 'resource_extra', instrumentation: 'scope_extra' } as const;

/** The columns of a key in the order in which they count. */
function scopeParts(rows: RowSet, scope: Exclude<ColumnScope, 'intrinsic'>, key: string): Part[] {
  const parts: Part[] = [];
  for (const type of attributeTypes) {
    const column = rows.column(scope, key, type);
    if (column !== undefined) {
      const { codes, dictionary } = column;
      const at = (entry: number): Static => staticFromAnyValue(valueAt(dictionary, entry));
      parts.push({ codes, dictionary, valueAt: at, isPlain: type !== 'any' });
    }
  }
  // Values of keys that had no column left, and second occurrences, which count for nothing where there is a first.
  return [...parts, ...rawPart(rows, extraOf[scope], key, (bytes) => lookUp(decodeKeyValues(bytes), key))];
}

/** A column of encoded messages; none when the key stands in no message. */
function rawPart(
  rows: RowSet,
  name: IntrinsicColumn,
  key: string,
  read: (bytes: Uint8Array) => Static | undefined
): Part[] {
  const column = rows.column('intrinsic', name, 'raw');
  // What is no UTF-8 reads as U+FFFD, but does not stand there as such.
  if (
    column === undefined ||
    !mayHaveKey(column.dictionary, key) ||
    (!key.includes('\ufffd') && column.dictionary.someIncludes?.(utf8FromText(key)) === false)
  ) {
    return [];
  }
  const { codes, dictionary } = column;
  const known = new Map<number, Static | undefined>();
  const at = (entry: number): Static | undefined => {
    if (!known.has(entry)) {
      known.set(entry, read(dictionary.bytesAt(entry)));
    }
    return known.get(entry);
  };
  return [{ codes, dictionary, valueAt: at, isPlain: false }];
}

function lookUp(attributes: readonly Attribute[], key: string): Static | undefined {
  const value = attributeOf(attributes, key);
  return value === undefined ? undefined : staticFromAnyValue(value);
}

/** The first that a query can see among the attributes of several events or links. */
function firstOf(lists: readonly { readonly attributes: readonly Attribute[] }[], key: string): Static | undefined {
  for (const { attributes } of lists) {
    const value = lookUp(attributes, key);
    if (value !== undefined && value.type !== 'nil') {
      return value;
    }
  }
  return undefined;
}

/**
 * One vector of several scopes, nearest first. In a scope the first part that has the key counts, be its value visible or not; what is not
 * visible lets the next scope speak.
 */
function joined(rows: RowSet, scopes: readonly (readonly Part[])[]): Vector {
  const parts = scopes.flat();
  if (parts.length === 0) {
    return absent;
  }
  let size = 1;
  const bases = new Map<Part, number>();
  for (const part of parts) {
    bases.set(part, size - 1);
    size += part.dictionary.size;
  }
  const dictionaries: DictionaryPart[] = parts.map((part) => ({
    dictionary: part.dictionary,
    base: bases.get(part) as number,
  }));
  const plain = parts.every(({ isPlain }) => isPlain);
  return {
    kind: 'coded',
    codes: parts.length === 1 ? parts[0].codes : joinCodes(rows.rowCount, scopes, bases, size),
    size,
    at: (code) => valueOfCode(parts, dictionaries, code),
    ...(plain ? { parts: dictionaries } : {}),
  };
}

function valueOfCode(parts: readonly Part[], dictionaries: readonly DictionaryPart[], code: number): Static {
  let at = parts.length - 1;
  while (at > 0 && dictionaries[at].base >= code) {
    at--;
  }
  return code === 0 ? nil : (parts[at].valueAt(code - dictionaries[at].base - 1) ?? nil);
}

function joinCodes(
  rowCount: number,
  scopes: readonly (readonly Part[])[],
  bases: ReadonlyMap<Part, number>,
  size: number
): Codes {
  const codes: Codes =
    size <= 0x100 ? new Uint8Array(rowCount) : size <= 0x1_0000 ? new Uint16Array(rowCount) : new Uint32Array(rowCount);
  const decided = new Uint8Array(rowCount);
  for (const [index, parts] of scopes.entries()) {
    for (const part of parts) {
      const base = bases.get(part) as number;
      const visible = part.isPlain
        ? undefined
        : memoized(part.dictionary.size, (entry) => part.valueAt(entry) ?? missing);
      for (let row = 0; row < rowCount; row++) {
        const code = part.codes[row];
        if (code === 0 || decided[row] > index) {
          continue;
        }
        const value = visible?.(code - 1);
        if (value === missing) {
          continue;
        }
        // 255: for good; index + 1: this scope has spoken, to no effect.
        decided[row] = value?.type === 'nil' ? index + 1 : 255;
        if (decided[row] === 255) {
          codes[row] = base + code;
        }
      }
    }
  }
  return codes;
}

/** Stands for "not there", in place of nil, which is there and not visible. */
const missing: Static = { type: 'array', value: [] };
