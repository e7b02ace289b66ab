/**
 * What a block says about itself besides Parquet's own metadata: key-value pairs of the footer.
 *
 * Source: docs/format/block.md.
 */
import { CorruptionError } from '../../base/coded-error.ts';
import { type ColumnKey, type ColumnScope, type ColumnType, intrinsicColumns } from '../row-set.ts';

/** 0 until an ADR freezes the schema as 1: files of version 0 are read by builds of the same series only. */
export const formatVersion = 0;

/** Versions up to this one are read, see docs/format/block.md. */
export const newestFormatVersion = formatVersion;

export const formatVersionKey = 'vivace.format_version';
export const columnsKey = 'vivace.columns';
export const blockKey = 'vivace.block';

/** What the manifest knows of a block; plain JSON. Times are decimal nanoseconds since the epoch. */
export interface BlockMeta {
  readonly blockId: string;
  readonly path: string;
  readonly formatVersion: number;
  readonly sizeBytes: number;
  readonly footerOffset: number;
  readonly footerLength: number;
  readonly footerCrc32c: number;
  readonly spans: number;
  readonly traces: number;
  /** Earliest start of a span. */
  readonly startUnixNanos: string;
  /** Latest end (or start, where a span ends before it starts). */
  readonly endUnixNanos: string;
  /** Lower-case hex. */
  readonly minTraceId: string;
  readonly maxTraceId: string;
}

/** Facts of one row group; trace ids in hex, both inclusive. */
export interface RowGroupInfo {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  readonly minTraceId: string;
  readonly maxTraceId: string;
}

/** A coded column and its physical name. */
export interface NamedColumn {
  readonly key: ColumnKey;
  readonly name: string;
}

export function encodeColumns(columns: readonly NamedColumn[]): string {
  return JSON.stringify(columns.map(({ key, name }) => [key.scope, key.key, key.type, name]));
}

export function encodeBlock(blockId: string, rowGroups: readonly RowGroupInfo[]): string {
  return JSON.stringify({
    blockId,
    rowGroups: rowGroups.map((group) => [
      group.rowCount,
      group.traceCount,
      String(group.startUnixNanos),
      String(group.endUnixNanos),
      group.minTraceId,
      group.maxTraceId,
    ]),
  });
}

const scopes: readonly string[] = ['intrinsic', 'span', 'resource', 'instrumentation'] satisfies ColumnScope[];
const types: readonly string[] = ['string', 'int', 'double', 'bool', 'any', 'raw'] satisfies ColumnType[];

/** Errors: {@link CorruptionError} when the text is not what {@link encodeColumns} writes. */
export function decodeColumns(file: string, offset: number, text: string | undefined): NamedColumn[] {
  const rows = parsed(file, offset, columnsKey, text);
  if (!Array.isArray(rows)) {
    throw new CorruptionError(file, offset, `${columnsKey}: a list`, typeof rows);
  }
  return rows.map((row: unknown) => {
    const [scope, key, type, name] = Array.isArray(row) ? (row as unknown[]) : [];
    const known =
      scopes.includes(scope as string) &&
      types.includes(type as string) &&
      typeof key === 'string' &&
      typeof name === 'string' &&
      (scope !== 'intrinsic' || Object.hasOwn(intrinsicColumns, key));
    if (!known) {
      throw new CorruptionError(file, offset, `${columnsKey}: scope, key, type, name`, JSON.stringify(row));
    }
    return { key: { scope: scope as ColumnScope, key, type: type as ColumnType }, name };
  });
}

/** Errors: {@link CorruptionError} when the text is not what {@link encodeBlock} writes. */
export function decodeBlock(
  file: string,
  offset: number,
  text: string | undefined
): { blockId: string; rowGroups: RowGroupInfo[] } {
  const block = parsed(file, offset, blockKey, text) as { blockId?: unknown; rowGroups?: unknown } | null;
  if (typeof block?.blockId !== 'string' || !Array.isArray(block.rowGroups)) {
    throw new CorruptionError(file, offset, `${blockKey}: blockId and rowGroups`, String(text));
  }
  const rowGroups = block.rowGroups.map((row: unknown) => {
    const [rowCount, traceCount, start, end, minTraceId, maxTraceId] = Array.isArray(row) ? (row as unknown[]) : [];
    const known =
      Number.isSafeInteger(rowCount) &&
      Number.isSafeInteger(traceCount) &&
      [start, end].every((time) => typeof time === 'string' && /^\d{1,20}$/.test(time)) &&
      [minTraceId, maxTraceId].every((id) => typeof id === 'string' && /^[0-9a-f]{32}$/.test(id));
    if (!known) {
      throw new CorruptionError(file, offset, `${blockKey}: facts of a row group`, JSON.stringify(row));
    }
    return {
      rowCount: rowCount as number,
      traceCount: traceCount as number,
      startUnixNanos: BigInt(start as string),
      endUnixNanos: BigInt(end as string),
      minTraceId: minTraceId as string,
      maxTraceId: maxTraceId as string,
    };
  });
  return { blockId: block.blockId, rowGroups };
}

function parsed(file: string, offset: number, key: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw new CorruptionError(file, offset, `${key}: JSON`, text === undefined ? 'nothing' : 'something else');
  }
}
