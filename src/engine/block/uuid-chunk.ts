import { assert } from '../../base/assert.ts';
import { BloomBuilder } from '../parquet/bloom.ts';
import type { PlainValues } from '../parquet/plain.ts';
import type { ChunkValues } from '../parquet/write.ts';
import { bloomValuesMin } from './coded-chunk.ts';
import { packUuid, uuidBytes, uuidFromText, uuidTextBytes } from '../parquet/uuid.ts';

/** The same chunk with its texts, which are all canonical UUIDs, as sixteen bytes each. They do not shrink: not compressed. */
export function uuidChunk(chunk: ChunkValues): ChunkValues {
  const { content } = chunk;
  return content.kind === 'plain'
    ? { ...chunk, content: { ...content, values: packed(content.values), compress: true } }
    : { ...chunk, content: { ...content, entries: packed(content.entries) } };
}

function packed({ bytes, count, min, max }: PlainValues): PlainValues {
  const values = new Uint8Array(uuidBytes * count);
  assert(bytes.length === count * (4 + uuidTextBytes), 'a column of UUIDs has another value');
  const bloom = count < bloomValuesMin ? undefined : new BloomBuilder(count);
  for (let i = 0; i < count; i++) {
    const isValid = packUuid(bytes, i * (4 + uuidTextBytes) + 4, values, uuidBytes * i);
    assert(isValid, 'a column of UUIDs has another value');
    bloom?.add(values, uuidBytes * i, uuidBytes * i + uuidBytes);
  }
  return {
    bytes: values,
    count,
    min: min === undefined ? undefined : uuidFromText(min),
    max: max === undefined ? undefined : uuidFromText(max),
    bloomBits: bloom?.finish(),
  };
}
