import type { Disk } from './disk.ts';

/** Evidence: damaged or unlisted bytes, kept for a person and never read by the engine. */
export const quarantineDirectory = 'quarantine';

/** Beside every file `x` stands `x.why`: a sentence, so that a later start can say what is there and why. */
const reasonSuffix = '.why';
/** The rest is counted. */
const sentencesMax = 20;

/** Keeps a copy of damaged bytes; writing it again is harmless. Answers the path. */
export async function quarantineBytes(disk: Disk, name: string, bytes: Uint8Array, reason: string): Promise<string> {
  const path = `${quarantineDirectory}/${name}`;
  await writeSynced(disk, `${path}${reasonSuffix}`, new TextEncoder().encode(reason));
  await writeSynced(disk, path, bytes);
  await disk.syncDirectory(quarantineDirectory);
  return path;
}

/** Moves a file that the manifest does not list out of the way. Answers where to. */
export async function quarantineFile(disk: Disk, path: string, reason: string): Promise<string> {
  const to = `${quarantineDirectory}/${path.replaceAll('/', '~')}`;
  await writeSynced(disk, `${to}${reasonSuffix}`, new TextEncoder().encode(reason));
  await disk.rename(path, to);
  await disk.syncDirectory(quarantineDirectory);
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  return to;
}

/** Sentences about what an operator should look at, and then remove by hand. Errors: the disk's. */
export async function quarantineSentences(disk: Disk): Promise<string[]> {
  const names = await disk.list(quarantineDirectory);
  const files = names.filter((name) => !name.endsWith(reasonSuffix));
  const sentences: string[] = [];
  for (const name of files.slice(0, sentencesMax)) {
    const hasReason = names.includes(`${name}${reasonSuffix}`);
    const reason = hasReason ? await readText(disk, `${quarantineDirectory}/${name}${reasonSuffix}`) : 'unknown reason';
    sentences.push(`${quarantineDirectory}/${name}: ${reason}; look at it, then remove it by hand`);
  }
  if (files.length > sentencesMax) {
    sentences.push(`${quarantineDirectory}/ holds ${files.length - sentencesMax} more files`);
  }
  return sentences;
}

async function readText(disk: Disk, path: string): Promise<string> {
  const length = (await disk.sizeOf(path)) ?? 0;
  const [bytes] = await disk.readRanges(path, [{ offset: 0, length }]);
  return new TextDecoder().decode(bytes);
}

async function writeSynced(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.openForWrite(path, { truncate: true });
  try {
    await file.write(0, [bytes]);
    await file.datasync();
  } finally {
    await file.close();
  }
}
