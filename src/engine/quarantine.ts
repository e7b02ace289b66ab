import type { Disk } from './disk.ts';

/** Evidence: damaged or unlisted bytes, kept for a person and never read by the engine. */
export const quarantineDirectory = 'quarantine';

/** Keeps a copy of damaged bytes; writing it again is harmless. Answers the path. */
export async function quarantineBytes(disk: Disk, name: string, bytes: Uint8Array): Promise<string> {
  const path = `${quarantineDirectory}/${name}`;
  const file = await disk.openForWrite(path, { truncate: true });
  try {
    await file.write(0, [bytes]);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory(quarantineDirectory);
  return path;
}

/** Moves a file that the manifest does not list out of the way. Answers where to. */
export async function quarantineFile(disk: Disk, path: string): Promise<string> {
  const to = `${quarantineDirectory}/${path.replaceAll('/', '~')}`;
  await disk.rename(path, to);
  await disk.syncDirectory(quarantineDirectory);
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  return to;
}
