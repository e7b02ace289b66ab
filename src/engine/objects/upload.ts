import { CorruptionError } from '../../base/coded-error.ts';
import type { Disk } from '../disk.ts';
import { BucketError, type Bucket, type PartUpload } from './bucket.ts';

/** Smaller objects go in one request. */
const singlePutBytesMax = 16 * 1024 * 1024;
/** Parts in flight: bounds memory to so many parts. */
const partsAtOnce = 3;

/**
 * Copies a file of `sizeBytes` into the bucket. Resolves when the store has confirmed every part by its checksum and the whole by its size.
 * Errors: `corrupt` when the file has another size, the disk's, the bucket's; unfinished parts are taken back as far as the store allows.
 */
export async function uploadFile(disk: Disk, path: string, sizeBytes: number, bucket: Bucket): Promise<void> {
  const found = await disk.sizeOf(path);
  if (found !== sizeBytes) {
    throw new CorruptionError(path, 0, `a file of ${sizeBytes} bytes`, found === undefined ? 'none' : `${found}`);
  }
  if (sizeBytes <= singlePutBytesMax) {
    const [bytes] = await disk.readRanges(path, [{ offset: 0, length: sizeBytes }]);
    await bucket.put(path, bytes);
  } else {
    await uploadParts(disk, path, sizeBytes, await bucket.startUpload(path, sizeBytes));
  }
  const info = await bucket.head(path);
  if (info?.sizeBytes !== sizeBytes) {
    throw new BucketError(
      `${bucket.name}/${path}: uploaded ${sizeBytes} bytes, the store has ${info?.sizeBytes ?? 'none'}`,
      true
    );
  }
}

async function uploadParts(disk: Disk, path: string, sizeBytes: number, upload: PartUpload): Promise<void> {
  const { partBytes } = upload;
  const parts = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => index);
  const rest = parts.values();
  const putSome = async (): Promise<void> => {
    for (const index of rest) {
      const offset = index * partBytes;
      const [bytes] = await disk.readRanges(path, [{ offset, length: Math.min(partBytes, sizeBytes - offset) }]);
      await upload.putPart(index, bytes);
    }
  };
  try {
    await Promise.all(Array.from({ length: partsAtOnce }, putSome));
    await upload.complete();
  } catch (error) {
    await upload.abort().catch(() => undefined);
    throw error;
  }
}
