/** Attribute columns of a trace whose span rows are at hand: which keys there are, and the column of one. */
import { attributeOfEntry } from '../vivace/span-rows.ts';
import type { SpanRows } from '../vivace/span-rows.ts';
import type { AttributeColumn, AttributeKey, AttributeScope } from '../../trace/attribute-columns.ts';
import type { AnyValue, Attribute } from '../../trace/model.ts';
import { encodeAnyValue } from '../../wire/otlp-protobuf.ts';

/** In the numbering of AnyValue's fields; an empty message is an empty value. Source: opentelemetry.proto.common.v1. */
export const attributeTypes: readonly AnyValue['type'][] = [
  'empty',
  'string',
  'bool',
  'int',
  'double',
  'array',
  'kvlist',
  'bytes',
];

/** The type of a dictionary entry, from the first byte of its value. */
export function typeOfEntry({ valueStart, valueBytes }: SpanRows, entry: number): AnyValue['type'] {
  const start = valueStart[entry];
  return start === valueStart[entry + 1] ? 'empty' : attributeTypes[valueBytes[start] >>> 3];
}

interface Tally {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AnyValue['type'];
  count: number;
  readonly values: Set<string>;
}

/** By scope, then key, then type. `parts` are the rows of the trace, in order. */
export function keysOf(parts: readonly SpanRows[]): readonly AttributeKey[] {
  const tallies = new Map<string, Tally>();
  const tallyOf = (scope: AttributeScope, key: string, type: AnyValue['type']): Tally => {
    const id = `${scope} ${type} ${key}`;
    let tally = tallies.get(id);
    if (tally === undefined) {
      tally = { scope, key, type, count: 0, values: new Set() };
      tallies.set(id, tally);
    }
    return tally;
  };
  for (const part of parts) {
    const ofEntry = Array.from(part.entryKey, (key, entry) =>
      tallyOf('span', part.keys[key], typeOfEntry(part, entry))
    );
    ofEntry.forEach((tally, entry) => tally.values.add(contentOfEntry(part, entry)));
    const rowCount = part.rowEnd - part.rowStart;
    for (let i = 0; i < rowCount; i++) {
      const [start, end] = [part.attributeStart[i], part.attributeStart[i + 1]];
      for (let at = start; at < end; at++) {
        ofEntry[part.entry[at]].count += isFirstOfKey(part, start, at) ? 1 : 0;
      }
    }
    const shared = (scope: AttributeScope, lists: readonly (readonly Attribute[])[], codes: Uint32Array): void => {
      const rows = countsOf(codes, lists.length);
      lists.forEach((attributes, code) => {
        firstOfEachKey(attributes).forEach(({ key, value }) => {
          const tally = tallyOf(scope, key, value.type);
          tally.count += rows[code];
          tally.values.add(contentOf(value));
        });
      });
    };
    shared(
      'resource',
      part.resources.map(({ attributes }) => attributes),
      part.resource
    );
    shared(
      'instrumentation',
      part.scopes.map(({ attributes }) => attributes),
      part.scope
    );
  }
  return [...tallies.values()]
    .filter(({ count }) => count > 0)
    .map(({ values, ...tally }) => ({ ...tally, distinctCount: values.size }))
    .sort(byScopeKeyType);
}

const scopeOrder: readonly AttributeScope[] = ['span', 'resource', 'instrumentation'];

function byScopeKeyType(a: AttributeKey, b: AttributeKey): number {
  return (
    scopeOrder.indexOf(a.scope) - scopeOrder.indexOf(b.scope) ||
    (a.key < b.key ? -1 : a.key > b.key ? 1 : a.type < b.type ? -1 : 1)
  );
}

/** Rows of parts that are not there have no value. */
export function columnOf(
  parts: readonly SpanRows[],
  rowCount: number,
  { scope, key, type }: Pick<AttributeKey, 'scope' | 'key' | 'type'>
): AttributeColumn {
  const codes = new Int32Array(rowCount).fill(-1);
  const values: AnyValue[] = [];
  const codeOfContent = new Map<string, number>();
  const codeOf = (content: string, value: () => AnyValue): number => {
    let code = codeOfContent.get(content);
    if (code === undefined) {
      code = values.push(value()) - 1;
      codeOfContent.set(content, code);
    }
    return code;
  };
  for (const part of parts) {
    if (scope === 'span') {
      addSpanColumn(part, key, type, codes, codeOf);
    } else {
      const shared = scope === 'resource' ? part.resources : part.scopes;
      const codeOfRow = scope === 'resource' ? part.resource : part.scope;
      const codeOfShared = shared.map(({ attributes }) => {
        const value = attributes.find((attribute) => attribute.key === key)?.value;
        return value?.type === type ? codeOf(contentOf(value), () => value) : -1;
      });
      codeOfRow.forEach((code, i) => (codes[part.rowStart + i] = codeOfShared[code]));
    }
  }
  return { values, codes };
}

function addSpanColumn(
  part: SpanRows,
  key: string,
  type: AnyValue['type'],
  codes: Int32Array,
  codeOf: (content: string, value: () => AnyValue) => number
): void {
  const keyCode = part.keys.indexOf(key);
  if (keyCode < 0) {
    return;
  }
  // −2: not asked yet; −1: of another type.
  const codeOfEntry = new Int32Array(part.entryKey.length).fill(-2);
  const rowCount = part.rowEnd - part.rowStart;
  for (let i = 0; i < rowCount; i++) {
    for (let at = part.attributeStart[i]; at < part.attributeStart[i + 1]; at++) {
      const entry = part.entry[at];
      if (part.entryKey[entry] !== keyCode) {
        continue;
      }
      if (codeOfEntry[entry] === -2) {
        codeOfEntry[entry] =
          typeOfEntry(part, entry) === type
            ? codeOf(contentOfEntry(part, entry), () => attributeOfEntry(part, entry).value)
            : -1;
      }
      codes[part.rowStart + i] = codeOfEntry[entry];
      break;
    }
  }
}

function isFirstOfKey({ entry, entryKey }: SpanRows, start: number, at: number): boolean {
  const key = entryKey[entry[at]];
  for (let before = start; before < at; before++) {
    if (entryKey[entry[before]] === key) {
      return false;
    }
  }
  return true;
}

function firstOfEachKey(attributes: readonly Attribute[]): readonly Attribute[] {
  const seen = new Set<string>();
  return attributes.filter(({ key }) => !seen.has(key) && seen.add(key));
}

function countsOf(codes: Uint32Array, codeCount: number): Uint32Array {
  const counts = new Uint32Array(codeCount);
  codes.forEach((code) => counts[code]++);
  return counts;
}

function contentOfEntry({ valueStart, valueBytes }: SpanRows, entry: number): string {
  return binaryText(valueBytes.subarray(valueStart[entry], valueStart[entry + 1]));
}

function contentOf(value: AnyValue): string {
  return binaryText(encodeAnyValue(value));
}

/** Shorter than this many bytes a call: engines limit arguments. */
const bytesPerCall = 4_096;

/** A character a byte: the key of a map. */
function binaryText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += bytesPerCall) {
    text += String.fromCharCode(...bytes.subarray(at, at + bytesPerCall));
  }
  return text;
}
