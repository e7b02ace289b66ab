/** Longest folder name; file systems allow 255 bytes. */
const folderBytesMax = 160;
const base32Digits = 'abcdefghijklmnopqrstuvwxyz234567';
const longMark = '~~';

/**
 * A folder name for a tenant, safe on every file system, also where case does not count: lower-case letters, digits, `-` and `_` as they
 * are, every other byte of the UTF-8 as `~` and two hex digits. What that makes too long is `~~` and the bytes in base 32: 242
 * characters for the longest tenant that doors let in. Two tenants never share a name, and {@link tenantOfFolder} reads it back; `taken`
 * holds names of before that could not be.
 */
export function tenantFolder(tenant: string, taken: ReadonlySet<string>): string {
  const bytes = new TextEncoder().encode(tenant);
  let folder = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    folder += /[a-z0-9_-]/.test(char) ? char : `~${byte.toString(16).padStart(2, '0')}`;
  }
  if (folder.length === 0 || folder.length > folderBytesMax) {
    folder = longMark + base32(bytes);
  }
  let unique = folder;
  for (let i = 2; taken.has(unique); i++) {
    unique = `${folder}${longMark}${i}`;
  }
  return unique;
}

/** `undefined` for a name that {@link tenantFolder} gives no tenant. */
export function tenantOfFolder(folder: string): string | undefined {
  const bytes = folder.startsWith(longMark) ? bytesOfBase32(folder.slice(longMark.length)) : bytesOfEscapes(folder);
  try {
    const tenant = bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return tenant !== undefined && tenantFolder(tenant, new Set()) === folder ? tenant : undefined;
  } catch {
    return undefined;
  }
}

function bytesOfEscapes(folder: string): Uint8Array | undefined {
  const parts = folder.match(/~[0-9a-f]{2}|[a-z0-9_-]/g) ?? [];
  return parts.join('') === folder
    ? Uint8Array.from(parts, (part) => (part.length === 1 ? part.charCodeAt(0) : parseInt(part.slice(1), 16)))
    : undefined;
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let [bits, bitCount] = [0, 0];
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (bitCount += 8; bitCount >= 5; bitCount -= 5) {
      text += base32Digits[(bits >> (bitCount - 5)) & 31];
    }
  }
  return bitCount === 0 ? text : text + base32Digits[(bits << (5 - bitCount)) & 31];
}

function bytesOfBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let [bits, bitCount] = [0, 0];
  for (const char of text) {
    const digit = base32Digits.indexOf(char);
    if (digit < 0) {
      return undefined;
    }
    bits = ((bits << 5) | digit) & 0xfff;
    bitCount += 5;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes.push((bits >> bitCount) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}
