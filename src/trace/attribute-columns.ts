/** Attributes of one trace as columns by row of its `SpanTable`: what grouping, colouring, statistics and filters read. */
import type { AnyValue } from './model.ts';

/** Where an attribute stands, as TraceQL scopes it. */
export const attributeScopes = ['span', 'resource', 'instrumentation'] as const;
export type AttributeScope = (typeof attributeScopes)[number];

/** A key of one scope and one type: the same key with values of two types is two of these. */
export interface AttributeKey {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AnyValue['type'];
  /** Rows that have it. */
  readonly count: number;
  /** Distinct values among them. */
  readonly distinctCount: number;
}

/** The values of one key: of a key that a span has twice, the first. */
export interface AttributeColumn {
  /** Distinct, in the order in which rows first have them. */
  readonly values: readonly AnyValue[];
  /** By row: an index into `values`, −1 where the row has none. */
  readonly codes: Int32Array;
}

/** Rows that a text or a filter selects. */
export interface Matches {
  /** 1 for each row that matches. */
  readonly matches: Uint8Array;
  readonly count: number;
  /** Not everything could be looked at; `searched` says what was. */
  readonly isPartial: boolean;
  /** What was searched, in words: "all attributes", "names, services and ids; attributes of 40,000 of 100,000 spans". */
  readonly searched: string;
}
