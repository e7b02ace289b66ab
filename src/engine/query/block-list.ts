/**
 * The blocks of a tenant on their way to a query: text in shared memory, made once for each version of the manifest and read once in each
 * thread. Ten thousand entries copied for every query would cost more than most queries.
 */
import { utf8FromText } from '../../base/bytes.ts';
import type { BlockMeta } from '../block/format.ts';
import { type KnownBlock, knownBlock } from './view-block.ts';

export interface BlockList {
  /** Names the list for the life of the process. */
  readonly key: string;
  readonly json: SharedArrayBuffer;
}

export function encodeBlockList(key: string, metas: readonly BlockMeta[]): BlockList {
  const text = utf8FromText(JSON.stringify(metas));
  const json = new SharedArrayBuffer(text.length);
  new Uint8Array(json).set(text);
  return { key, json };
}

/** By their ends, latest last. */
export function decodeBlockList({ json }: BlockList): readonly KnownBlock[] {
  // Text decoders take no shared memory.
  const text = new TextDecoder().decode(new Uint8Array(json).slice());
  const metas = JSON.parse(text) as readonly BlockMeta[];
  return metas.map(knownBlock).sort(byEnd);
}

function byEnd(a: KnownBlock, b: KnownBlock): number {
  return a.endUnixNanos < b.endUnixNanos ? -1 : a.endUnixNanos > b.endUnixNanos ? 1 : 0;
}
