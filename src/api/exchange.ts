/**
 * One request to the query API and its answer, free of sockets: the doors move bytes, `tempo/` and `vivace/` decide.
 */
import type { Clock } from '../base/clock.ts';
import { stringifyJson } from '../wire/json.ts';
import { encodeMessage, messageToJson, type Message } from '../wire/protobuf-schema.ts';
import type { TraceStore } from '../store/trace-store.ts';
import type { TailHub } from './stream/tail.ts';

export interface ApiRequest {
  /** Still percent-encoded, without query string and prefix. */
  readonly path: string;
  readonly params: URLSearchParams;
  /** The Accept header, empty when absent. */
  readonly accept: string;
  readonly tenant: string;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a build says about itself. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildDate: string;
  /** Of the runtime, e.g. `node v24.21.0`. */
  readonly runtime: string;
}

/** What the API needs of its server. */
export interface ApiContext {
  readonly store: TraceStore;
  readonly clock: Clock;
  readonly build: BuildInfo;
  /** Spans as they arrive; a server without ingest has none. */
  readonly tails?: TailHub;
}

export const contentTypes = {
  json: 'application/json',
  protobuf: 'application/protobuf',
  text: 'text/plain; charset=utf-8',
} as const;

export function jsonResponse(value: unknown, headers?: Readonly<Record<string, string>>): ApiResponse {
  return { status: 200, contentType: contentTypes.json, body: JSON.stringify(value), headers };
}

/**
 * A message of Tempo's API as the client takes it: protobuf when it asks for that, else JSON with default values left out. Only the
 * lists in `empty` are there also when they have no element: strict decoders take it, and a script can map over them.
 */
export function messageResponse<T extends object>(
  accept: string,
  type: Message<T>,
  value: T,
  empty: Readonly<Record<string, readonly never[]>>
): ApiResponse {
  return accept.includes(contentTypes.protobuf)
    ? { status: 200, contentType: contentTypes.protobuf, body: encodeMessage(type, value) }
    : { status: 200, contentType: contentTypes.json, body: stringifyJson({ ...empty, ...messageToJson(type, value) }) };
}

export function textResponse(status: number, text: string): ApiResponse {
  return { status, contentType: contentTypes.text, body: text };
}
