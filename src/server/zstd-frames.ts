/**
 * Zstandard frames without a context for each: Node's `zstdCompressSync` and `zstdDecompressSync` make, fill and free one of some hundred
 * kilobytes at every call, which costs small pages more than their bytes and makes V8 collect garbage it thinks it has.
 *
 * A stream object of Node has a native handle that can be asked synchronously and begins a new frame after each one; nothing public leads
 * to it. Where it is not as known here, {@link openFrames} answers `undefined`, and the public functions have to do.
 */
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** Node's native handle: reads `input`, writes `output`, and leaves in the stream's `_writeState` what is left of both. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number
  ): void;
}

interface Stream {
  readonly _handle?: Partial<Handle> | null;
  readonly _writeState?: unknown;
  readonly destroyed: boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** One native context. */
export interface Frames {
  /**
   * Makes one frame of `input`, or the contents of one frame; answers the bytes written to `output`, which has room for at least one more.
   * −1 when it has not, or when the input is damaged or goes on behind the frame: then the context is of no use any more.
   */
  run(input: Uint8Array, output: Uint8Array): number;
}

/** `level`: of the compression; absent for decompression. `undefined` when this Node is built otherwise. */
export function openFrames(level?: number): Frames | undefined {
  const stream = (level === undefined
    ? createZstdDecompress()
    : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } })) as unknown as Stream;
  const { _handle: handle, _writeState: state } = stream;
  if (typeof handle?.writeSync !== 'function' || !(state instanceof Uint32Array) || state.length !== 2) {
    return undefined;
  }
  // An error is told by the stream's end at once, and once more as an event.
  stream.on('error', () => undefined);
  return {
    run(input, output) {
      if (stream.destroyed) {
        return -1;
      }
      handle.writeSync?.(constants.ZSTD_e_end, input, 0, input.length, output, 0, output.length);
      const [outputLeft, inputLeft] = state;
      // A full output may be all or only a part of it.
      return stream.destroyed || inputLeft !== 0 || outputLeft === 0 ? -1 : output.length - outputLeft;
    },
  };
}
