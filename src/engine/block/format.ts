/**
 * What a block says about itself besides Parquet's own metadata: key-value pairs of the footer.
 *
 * Source: docs/format/block.md.
 */
import { CorruptionError } from '../../base/coded-error.ts';
import { type ColumnKey, type ColumnScope, type ColumnType, intrinsicColumns } from '../row-set.ts';

/** What is written: docs/adr/0004-schema-v1.md. */
export const formatVersion = 1;

/** Versions up to this one are read, 0 included: its files have no lists, no page index and whole parent ids. */
export const newestFormatVersion = formatVersion;

export const formatVersionKey = 'vivace.format_version';
export const columnsKey = 'vivace.columns';
export const bloomsKey = 'vivace.blooms';
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
  /** Absent in blocks that were listed before manifests had it, and in salvaged ones. */
  readonly traceFilter?: TraceFilterPlace;
}

/** A bloom filter over the trace ids of a block: in base64, where it is small, or where it stands in the file. */
export type TraceFilterPlace =
  { readonly bits: string } | { readonly offset: number; readonly length: number; readonly crc32c: number };

/** Facts of one row group; trace ids in hex, both inclusive. */
export interface RowGroupInfo {
  readonly rowCount: number;
  readonly traceCount: number;
  readonly startUnixNanos: bigint;
  readonly endUnixNanos: bigint;
  readonly minTraceId: string;
  readonly maxTraceId: string;
}

/** A coded column and where it stands. */
export interface NamedColumn {
  readonly key: ColumnKey;
  /** Physical name of its column, or of the list that it stands in. */
  readonly name: string;
  /** Of a key that is folded into a list: rows with a value by row group, those without left out. */
  readonly folded?: ReadonlyMap<number, number>;
}

export function encodeColumns(columns: readonly NamedColumn[]): string {
  return JSON.stringify(
    columns.map(({ key, name, folded }) => [
      key.scope,
      key.key,
      key.type,
      name,
      ...(folded === undefined ? [] : [[...folded].flat()]),
    ])
  );
}

/** A bloom filter over keys and values of a list of attributes; its place in the file and its CRC-32C. */
export interface ListBloomPlace {
  readonly rowGroup: number;
  readonly list: string;
  readonly offset: number;
  readonly length: number;
  readonly crc32c: number;
}

export function encodeListBlooms(places: readonly ListBloomPlace[]): string {
  return JSON.stringify(places.map((place) => [place.rowGroup, place.list, place.offset, place.length, place.crc32c]));
}

/** Errors: {@link CorruptionError} when the text is not what {@link encodeListBlooms} writes. */
export function decodeListBlooms(file: string, fileOffset: number, text: string | undefined): ListBloomPlace[] {
  const rows = parsed(file, fileOffset, bloomsKey, text);
  if (!Array.isArray(rows)) {
    throw new CorruptionError(file, fileOffset, `${bloomsKey}: a list`, typeof rows);
  }
  return rows.map((row: unknown) => {
    const [rowGroup, list, offset, length, sum] = Array.isArray(row) ? (row as unknown[]) : [];
    const numbers = [rowGroup, offset, length, sum];
    if (
      typeof list !== 'string' ||
      !numbers.every((value) => isCount(value)) ||
      Number(offset) + Number(length) > fileOffset
    ) {
      throw new CorruptionError(file, fileOffset, `${bloomsKey}: row group, list, place`, JSON.stringify(row));
    }
    const [rowGroupNumber, offsetNumber, lengthNumber, crc32c] = numbers as number[];
    return { rowGroup: rowGroupNumber, list, offset: offsetNumber, length: lengthNumber, crc32c };
  });
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
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
    const [scope, key, type, name, counts] = Array.isArray(row) ? (row as unknown[]) : [];
    const folded = counts === undefined ? undefined : rowCountsOf(counts);
    const known =
      scopes.includes(scope as string) &&
      types.includes(type as string) &&
      typeof key === 'string' &&
      typeof name === 'string' &&
      (counts === undefined || folded !== undefined) &&
      (scope !== 'intrinsic' || Object.hasOwn(intrinsicColumns, key));
    if (!known) {
      throw new CorruptionError(file, offset, `${columnsKey}: scope, key, type, name`, JSON.stringify(row));
    }
    return { key: { scope: scope as ColumnScope, key, type: type as ColumnType }, name, folded };
  });
}

/** Pairs of row group and rows, flat. */
function rowCountsOf(counts: unknown): ReadonlyMap<number, number> | undefined {
  if (!Array.isArray(counts) || counts.length % 2 !== 0 || !counts.every(isCount)) {
    return undefined;
  }
  const numbers = counts as number[];
  return new Map(Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]));
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
