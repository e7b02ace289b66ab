/**
 * The parts of Tempo's JSON answers that become frames. proto3 JSON leaves out zero values, so every field may be missing; 64-bit
 * integers are strings. Source: Tempo's HTTP API (`/api/search`, `/api/metrics/query_range`, `/api/metrics/query`).
 */
export interface SearchBody {
  readonly traces?: readonly FoundTrace[];
  readonly status?: string;
  readonly message?: string;
}

export interface FoundTrace {
  readonly traceID: string;
  readonly rootServiceName?: string;
  readonly rootTraceName?: string;
  readonly startTimeUnixNano?: string;
  readonly durationMs?: number;
  readonly spanSet?: FoundSpanset;
  readonly spanSets?: readonly FoundSpanset[];
}

export interface FoundSpanset {
  readonly spans?: readonly FoundSpan[];
  readonly matched?: number;
  readonly attributes?: readonly JsonAttribute[];
}

export interface FoundSpan {
  readonly spanID: string;
  readonly name?: string;
  readonly startTimeUnixNano?: string;
  readonly durationNanos?: string;
  readonly attributes?: readonly JsonAttribute[];
}

export interface JsonAttribute {
  readonly key: string;
  readonly value?: JsonValue;
}

export interface JsonValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
}

export interface MetricsBody {
  readonly series?: readonly JsonSeries[];
  readonly status?: string;
  readonly message?: string;
}

export interface JsonSeries {
  readonly labels?: readonly JsonAttribute[];
  /** Range queries. */
  readonly samples?: readonly { readonly timestampMs?: string; readonly value?: number | string }[];
  /** Instant queries. */
  readonly value?: number | string;
  readonly exemplars?: readonly {
    readonly labels?: readonly JsonAttribute[];
    readonly value?: number | string;
    readonly timestampMs?: string;
  }[];
}

/** The value as a cell shows it; arrays as their elements, by comma. */
export function cellOf(value: JsonValue | undefined): string | number | boolean {
  if (value?.stringValue !== undefined) {
    return value.stringValue;
  }
  if (value?.boolValue !== undefined) {
    return value.boolValue;
  }
  if (value?.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : String(value.intValue);
  }
  if (value?.doubleValue !== undefined) {
    return Number(value.doubleValue);
  }
  if (value?.arrayValue !== undefined) {
    return (value.arrayValue.values ?? []).map(cellOf).join(', ');
  }
  return '';
}

/** Milliseconds since the epoch of a nanosecond string; `undefined` when absent. */
export function millisOfNanos(nanos: string | undefined): number | undefined {
  if (nanos === undefined || nanos === '') {
    return undefined;
  }
  const exact = BigInt(nanos);
  return Number(exact / 1_000_000n) + Number(exact % 1_000_000n) / 1e6;
}
