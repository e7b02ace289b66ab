/** Base-128 varints as protobuf writes them. */

/** Bytes of `value` (an integer in [0, 2^53)) as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    length++;
  }
  return length;
}

/** Writes `value` (an integer in [0, 2^53)) at `at`; answers the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    bytes[to++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[to++] = rest;
  return to;
}
