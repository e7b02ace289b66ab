import type { SpanKind, StatusCode } from '../trace/model.ts';

/** A TraceQL value: what literals, attributes and intrinsics evaluate to. */
export type Static =
  | { readonly type: 'nil' }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  /** Nanoseconds. */
  | { readonly type: 'duration'; readonly value: bigint }
  | { readonly type: 'status'; readonly value: StatusCode }
  | { readonly type: 'kind'; readonly value: SpanKind }
  /** Elements of one type: int, float, string or bool. */
  | { readonly type: 'array'; readonly value: readonly Static[] };

export type StaticType = Static['type'];

export const nil: Static = { type: 'nil' };
