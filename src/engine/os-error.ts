/** The operating system's code of a disk error (`ENOSPC`, `EIO`, …); `undefined` when the error carries none. */
export function osErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}

const noRoomCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** Errors that pass by themselves when somebody makes room: the bytes on disk are not suspect. */
export function isNoRoomError(error: unknown): boolean {
  return noRoomCodes.has(osErrorCode(error) ?? '');
}

/** One line for logs and problems. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
