import { crc32c } from '../base/crc32c.ts';

/** Longest folder name; file systems allow 255 bytes. */
const folderBytesMax = 160;

/**
 * A folder name for a tenant, safe on every file system, also where case does not count: lower-case letters, digits, `-` and `_` as they
 * are, every other byte of the UTF-8 as `~` and two hex digits. Long names are cut and end in a checksum; `taken` settles the rest.
 */
export function tenantFolder(tenant: string, taken: ReadonlySet<string>): string {
  const bytes = new TextEncoder().encode(tenant);
  let folder = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    folder += /[a-z0-9_-]/.test(char) ? char : `~${byte.toString(16).padStart(2, '0')}`;
  }
  if (folder.length === 0 || folder.length > folderBytesMax) {
    folder = `${folder.slice(0, folderBytesMax)}~~${crc32c(bytes).toString(16)}`;
  }
  let unique = folder;
  for (let i = 2; taken.has(unique); i++) {
    unique = `${folder}~~${i}`;
  }
  return unique;
}
