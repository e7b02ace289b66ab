import type { Disk, WritableFile } from '../../src/engine/disk.ts';

/** A disk on which one kind of promise is empty, as if the engine had forgotten to ask for it. */
export function withoutDatasync(disk: Disk, concerns: (path: string) => boolean): Disk {
  return wrapped(disk, {
    async openForWrite(path, options) {
      const file = await disk.openForWrite(path, options);
      return concerns(path) ? { ...methodsOf(file), datasync: () => Promise.resolve() } : file;
    },
  });
}

export function withoutDirectorySync(disk: Disk, concerns: (path: string) => boolean): Disk {
  return wrapped(disk, {
    syncDirectory: (path) => (concerns(path) ? Promise.resolve() : disk.syncDirectory(path)),
  });
}

/** Writes a file in place that should have been written aside and renamed. */
export function withoutRename(disk: Disk, temporary: string, final: string): Disk {
  const real = (path: string) => (path === temporary ? final : path);
  return wrapped(disk, {
    openForWrite: (path, options) => disk.openForWrite(real(path), options),
    rename: (from, to) => (from === temporary ? Promise.resolve() : disk.rename(from, to)),
  });
}

function wrapped(disk: Disk, changes: Partial<Disk>): Disk {
  return {
    readRanges: (path, ranges) => disk.readRanges(path, ranges),
    sizeOf: (path) => disk.sizeOf(path),
    list: (directory) => disk.list(directory),
    openForWrite: (path, options) => disk.openForWrite(path, options),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    freeBytes: () => disk.freeBytes(),
    ...changes,
  };
}

function methodsOf(file: WritableFile): WritableFile {
  return {
    write: (offset, buffers) => file.write(offset, buffers),
    datasync: () => file.datasync(),
    close: () => file.close(),
  };
}
