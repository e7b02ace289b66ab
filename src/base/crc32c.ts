/**
 * Cyclic redundancy checks: CRC-32C (Castagnoli) guards our own records and footers, CRC-32 (IEEE 802.3) the pages of Parquet.
 *
 * Source: RFC 3720 appendix B.4 (CRC-32C), the Parquet format's `PageHeader.crc`; slicing by eight: Kounavis and Berry, 2005.
 */

const crc32cTables = slicingTables(0x82f63b78);
const crc32Tables = slicingTables(0xedb88320);

/** CRC-32C of `bytes[start, end)`, unsigned. `seed` is the sum of what came before, so that sums can be continued. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  return sliceByEight(crc32cTables, bytes, start, end, seed);
}

/** CRC-32 (IEEE, as in gzip) of `bytes[start, end)`, unsigned. `seed` continues an earlier sum. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  return sliceByEight(crc32Tables, bytes, start, end, seed);
}

/** Eight tables of 256: table k gives the effect of a byte that k more bytes follow. */
function slicingTables(reversedPolynomial: number): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >>> 1) ^ reversedPolynomial : sum >>> 1;
    }
    tables[byte] = sum;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256];
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff];
  }
  return tables;
}

function sliceByEight(t: Int32Array, bytes: Uint8Array, start: number, end: number, seed: number): number {
  let sum = ~seed;
  let i = start;
  for (const wordsEnd = end - 7; i < wordsEnd; i += 8) {
    const low = sum ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    sum =
      t[1792 + (low & 0xff)] ^
      t[1536 + ((low >>> 8) & 0xff)] ^
      t[1280 + ((low >>> 16) & 0xff)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (; i < end; i++) {
    sum = (sum >>> 8) ^ t[(sum ^ bytes[i]) & 0xff];
  }
  return ~sum >>> 0;
}
