import type { Random } from '../base/random.ts';
import type { DiskImage, Inode, PendingName } from './sim-disk.ts';

/** How a crash treats what was not synced: all lost, all kept, or each sector and each name on its own. */
export type CrashMode = 'none' | 'all' | 'each' | 'any';

const sectorBytes = 512;

/** One legal outcome of a power failure. */
export function crashImage(
  durableNames: ReadonlyMap<string, Inode>,
  pendingNames: readonly PendingName[],
  random: Random,
  mode: CrashMode
): DiskImage {
  const keepShare = keepShareOf(mode, random);
  const names = new Map(durableNames);
  for (const change of pendingNames) {
    if (random.float() < keepShare) {
      applyName(names, change);
    }
  }
  const contents = new Map<Inode, Uint8Array>();
  const image = new Map<string, Uint8Array>();
  for (const [path, inode] of names) {
    let bytes = contents.get(inode);
    if (bytes === undefined) {
      bytes = crashedContent(inode, random, keepShare);
      contents.set(inode, bytes);
    }
    image.set(path, bytes);
  }
  return image;
}

function keepShareOf(mode: CrashMode, random: Random): number {
  switch (mode) {
    case 'none':
      return 0;
    case 'all':
      return 1;
    case 'each':
      return 0.5;
    case 'any': {
      const choice = random.float();
      return choice < 0.25 ? 0 : choice < 0.5 ? 1 : choice < 0.75 ? 0.5 : random.float();
    }
  }
}

/** Every sector of every unsynced write is kept or lost on its own; a later write may be lost while an earlier one is kept. */
function crashedContent(inode: Inode, random: Random, keepShare: number): Uint8Array {
  let content = inode.durable;
  for (const { offset, bytes } of inode.pending) {
    let start = 0;
    while (start < bytes.length) {
      const end = Math.min(bytes.length, start + sectorBytes - ((offset + start) % sectorBytes));
      if (random.float() < keepShare) {
        content = content.length >= offset + end && content !== inode.durable ? content : grown(content, offset + end);
        content.set(bytes.subarray(start, end), offset + start);
      }
      start = end;
    }
  }
  return content;
}

function grown(content: Uint8Array, sizeBytes: number): Uint8Array {
  return overwritten(content, Math.max(content.length, sizeBytes), new Uint8Array(0));
}

/** A copy of `content`, grown with zeros where needed, with `bytes` at `offset`. */
export function overwritten(content: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(content.length, offset + bytes.length));
  result.set(content);
  result.set(bytes, offset);
  return result;
}

/** Applies one change of names; a rename moves its inode atomically. */
export function applyName(names: Map<string, Inode>, change: PendingName): void {
  if (change.kind !== 'create' && names.get(change.from) === change.inode) {
    names.delete(change.from);
  }
  if (change.kind !== 'remove') {
    names.set(change.to, change.inode);
  }
}
