/** Answers about an open trace as bytes: rows that match, keys, a column. Formats: docs/api.md. */
import type { AttributeColumn, AttributeKey, Matches } from '../../trace/attribute-columns.ts';
import { attributeScopes } from '../../trace/attribute-columns.ts';
import { decodeAnyValue, encodeAnyValue } from '../../wire/otlp-protobuf.ts';
import { concatBytes } from '../../base/bytes.ts';
import { ColumnReader, ColumnWriter } from '../vivace/columns.ts';
import { attributeTypes } from './attribute-columns.ts';

const magicMatches = 'VMT1';
const magicKeys = 'VKY1';
const magicColumn = 'VCL1';

/** A bit a row, the lowest of each byte first. */
export function encodeMatches({ matches, count, isPartial, searched }: Matches): Uint8Array<ArrayBuffer> {
  const header = { rowCount: matches.length, count, isPartial, searched };
  const bits = new Uint8Array((matches.length + 7) >>> 3);
  matches.forEach((match, row) => (bits[row >>> 3] |= match << (row & 7)));
  const writer = new ColumnWriter(magicMatches, header, bits.length + 256);
  writer.column(bits);
  return writer.finish();
}

/** Errors of all decoders: `invalid_argument`; `unsupported` for another version of the format. */
export function decodeMatches(bytes: Uint8Array, rowCount: number): Matches {
  const reader = new ColumnReader(bytes, magicMatches, 'matches');
  if (reader.count('rowCount') !== rowCount) {
    throw reader.malformed(`${reader.count('rowCount')} rows where ${rowCount} are`);
  }
  const bits = reader.column((rowCount + 7) >>> 3);
  reader.end();
  const matches = Uint8Array.from({ length: rowCount }, (_, row) => (bits[row >>> 3] >>> (row & 7)) & 1);
  return {
    matches,
    count: matches.reduce((count, match) => count + match, 0),
    isPartial: reader.header['isPartial'] === true,
    searched: reader.text('searched'),
  };
}

export function encodeKeys(keys: readonly AttributeKey[]): Uint8Array<ArrayBuffer> {
  const header = {
    scopes: keys.map(({ scope }) => scope),
    keys: keys.map(({ key }) => key),
    types: keys.map(({ type }) => type),
  };
  const writer = new ColumnWriter(magicKeys, header, 64 * keys.length + 256);
  writer.counts(keys.map(({ count }) => count));
  writer.counts(keys.map(({ distinctCount }) => distinctCount));
  return writer.finish();
}

export function decodeKeys(bytes: Uint8Array): readonly AttributeKey[] {
  const reader = new ColumnReader(bytes, magicKeys, 'keys');
  const [scopes, keys, types] = [reader.texts('scopes'), reader.texts('keys'), reader.texts('types')];
  const [counts, distinct] = [reader.counts(keys.length), reader.counts(keys.length)];
  reader.end();
  return keys.map((key, i) => {
    const scope = attributeScopes.find((known) => known === scopes[i]);
    const type = attributeTypes.find((known) => known === types[i]);
    if (scope === undefined || type === undefined) {
      throw reader.malformed(`a key of scope ${scopes[i]} and type ${types[i]}`);
    }
    return { scope, key, type, count: counts[i], distinctCount: distinct[i] };
  });
}

export function encodeColumn({ values, codes }: AttributeColumn): Uint8Array<ArrayBuffer> {
  const parts = values.map(encodeAnyValue);
  const writer = new ColumnWriter(
    magicColumn,
    { rowCount: codes.length, valueCount: values.length },
    2 * codes.length + 256
  );
  writer.counts(parts.map((part) => part.length));
  writer.column(concatBytes(parts));
  // 0 is a row without the attribute.
  writer.counts(Uint32Array.from(codes, (code) => code + 1));
  return writer.finish();
}

export function decodeColumn(bytes: Uint8Array, rowCount: number): AttributeColumn {
  const reader = new ColumnReader(bytes, magicColumn, 'column');
  const lengths = reader.counts(reader.count('valueCount'));
  const all = reader.column(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  const values = Array.from(lengths, (length) => decodeAnyValue(all.subarray(at, (at += length))));
  const codes = Int32Array.from(reader.counts(rowCount, values.length + 1), (code) => code - 1);
  reader.end();
  return { values, codes };
}
