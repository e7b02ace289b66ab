import { CodedError } from '../../base/coded-error.ts';
import type { Host } from '../host.ts';
import { startEngine } from '../trace/engine/engine-link.ts';
import type { OpenFile } from './FilePage.tsx';

/**
 * Opens a dropped or chosen file, whatever its format; gzip is unpacked where the host can. It is decoded beside the page, in a worker
 * where one can start, which keeps its spans until `close`.
 * Errors: CodedError with a sentence for the person.
 */
export async function readTraceFile(host: Pick<Host, 'gunzip' | 'startWorker'>, file: File): Promise<OpenFile> {
  let bytes: Uint8Array = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    if (!host.gunzip) {
      throw new CodedError('unsupported', 'This file is compressed with gzip, which cannot be unpacked here.');
    }
    bytes = await host.gunzip(bytes);
  }
  const engine = await startEngine(host.startWorker);
  try {
    const contents = await engine.ask({ kind: 'file', bytes }, undefined, [bytes.buffer]);
    return { name: file.name, ...contents, engine, close: () => engine.close() };
  } catch (error) {
    engine.close();
    throw error;
  }
}
