import type { Codecs } from '../base/codecs.ts';
import { CodedError } from '../base/coded-error.ts';
import { toOtlpProtobuf } from '../wire/transcode.ts';
import type { Disk } from './disk.ts';
import { walkerVersion } from './head/walk.ts';
import type { HeadSlot, Heads } from './heads.ts';
import type { EngineLimits } from './limits.ts';
import { messageOf } from './os-error.ts';
import { quarantineBytes } from './quarantine.ts';
import type { RecordNotes, WalEntry, WalRecord } from './wal/record.ts';
import type { WalRecovery } from './wal/recover.ts';
import { ReplayReader } from './replay-reader.ts';

export interface ReplayWorld {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly limits: EngineLimits;
  readonly heads: Heads;
  readonly nowMs: () => number;
  /** Told before every record; the next one is read when it resolves. */
  readonly onProgress: (done: number, total: number, sequence: number) => Promise<void>;
}

/**
 * Fills the heads from the log, with the same walker, in the same order and into the same heads as before. Answers sentences about
 * records that could not be replayed (kept in quarantine) or whose verdict came out differently.
 *
 * Errors: the disk's.
 */
export async function replayWal(world: ReplayWorld, recovery: WalRecovery, storeId: Uint8Array): Promise<string[]> {
  const problems: string[] = [];
  const { addresses } = recovery;
  const { disk, codecs, limits } = world;
  const reader = new ReplayReader(addresses, { disk, codecs, storeId, bodyBytesMax: limits.bodyBytesMax });
  for (let i = 0; i < addresses.length; i++) {
    await world.onProgress(i, addresses.length, addresses[i].sequence - 1);
    const { record, decoded } = await reader.next();
    if (record === undefined || !('head' in record.notes)) {
      problems.push(`wal: record ${addresses[i].sequence} changed between two reads and is left out`);
      continue;
    }
    problems.push(...(await replayRecord(world, record, record.notes, decoded)));
  }
  return problems;
}

/** Decodes an entry's body as ingest decoded it, unless it is `decompressed` already. Errors: `invalid_argument`, `too_large`. */
export function otlpOf(entry: WalEntry, codecs: Codecs, bodyBytesMax: number, decompressed?: Uint8Array): Uint8Array {
  const decoded = decompressed ?? decompress(entry, codecs, bodyBytesMax);
  return entry.encoding === 'otlp-protobuf' ? decoded : toOtlpProtobuf(entry.encoding, decoded);
}

/** Publishes rows whose record is durable. */
export function commitRows(slot: HeadSlot, rows: number, sequence: number, receivedUnixNanos: bigint): void {
  slot.head.commit(rows);
  slot.durableRows = rows;
  slot.firstSequence ||= sequence;
  slot.lastSequence = sequence;
  if (receivedUnixNanos > slot.receivedUnixNanosMax) {
    slot.receivedUnixNanosMax = receivedUnixNanos;
  }
}

async function replayRecord(
  world: ReplayWorld,
  record: WalRecord,
  notes: RecordNotes,
  decoded: Uint8Array | undefined
): Promise<string[]> {
  const { disk, codecs, limits, heads } = world;
  const last = heads.of(record.tenant).at(-1);
  const slot =
    last?.id === notes.head
      ? last
      : heads.open(record.tenant, notes.head, world.nowMs(), { ...limits.head, ...notes.limits });
  try {
    const otlp = otlpOf(record, codecs, limits.bodyBytesMax, decoded);
    const verdict = slot.head.append(otlp);
    freeDecoded(record, otlp);
    commitRows(slot, slot.head.rowCount, record.sequence, record.receivedUnixNanos);
    const same = verdict.acceptedSpans === notes.acceptedSpans && verdict.rejectedSpans === notes.rejectedSpans;
    return same
      ? []
      : [
          `wal: record ${record.sequence} was acknowledged with ${notes.acceptedSpans} spans (walker ${notes.walkerVersion}), ` +
            `replay found ${verdict.acceptedSpans} (walker ${walkerVersion})`,
        ];
  } catch (error) {
    if (!(error instanceof CodedError)) {
      throw error;
    }
    const reason = `record ${record.sequence} of the log, of tenant ${record.tenant}, cannot be replayed: ${messageOf(error)}`;
    const kept = await quarantineBytes(disk, `wal-record-${record.sequence}.body`, record.body, reason);
    return [`wal: record ${record.sequence} cannot be replayed (kept as ${kept}): ${messageOf(error)}`];
  }
}

/** Megabytes a request, gone before a collection would find them. */
function freeDecoded({ compression }: WalRecord, { buffer, byteOffset }: Uint8Array): void {
  // Small results may share a buffer with others.
  if (compression !== 'identity' && buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength >= 65_536) {
    buffer.transfer(0);
  }
}

function decompress(entry: WalEntry, codecs: Codecs, bodyBytesMax: number): Uint8Array {
  switch (entry.compression) {
    case 'identity':
      return entry.body;
    case 'gzip':
      return codecs.gunzip(entry.body, bodyBytesMax);
    case 'zstd':
      return codecs.zstdDecompress(entry.body, bodyBytesMax);
  }
}
