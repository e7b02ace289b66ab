import { CodedError } from '../../base/coded-error.ts';
import { decodeTraceFile } from '../../wire/detect.ts';
import type { Host } from '../host.ts';
import type { OpenFile } from './FilePage.tsx';

/**
 * A dropped or chosen file as spans, whatever its format; gzip is unpacked where the host can.
 * Errors: CodedError with a sentence for the person.
 */
export async function readTraceFile(host: Pick<Host, 'gunzip'>, file: File): Promise<OpenFile> {
  let bytes: Uint8Array = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    if (!host.gunzip) {
      throw new CodedError('unsupported', 'This file is compressed with gzip, which cannot be unpacked here.');
    }
    bytes = await host.gunzip(bytes);
  }
  const { format, spans } = decodeTraceFile(bytes);
  if (spans.length === 0) {
    throw new CodedError('invalid_argument', 'The file was read, but there is no span in it.');
  }
  return { name: file.name, format, spans };
}
