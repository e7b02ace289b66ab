/** Standard alphabet, padded. */
export function base64FromBytes(bytes: Uint8Array): string {
  let binary = '';
  // In pieces: an argument list has a limit of its own.
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary);
}

/** Standard or URL-safe alphabet, padded or not; `undefined` when it is neither. */
export function bytesFromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) {
    return undefined;
  }
  const digits = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  if (digits.length % 4 === 1) {
    return undefined;
  }
  const binary = atob(digits);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}
