/**
 * One request to the query API and its answer, free of sockets: the doors move bytes, `tempo/` and `vivace/` decide.
 */
import type { Clock } from '../base/clock.ts';
import { stringifyJson } from '../wire/json.ts';
import { encodeMessage, messageToJson, type Message } from '../wire/protobuf-schema.ts';
import type { TraceStore } from '../store/trace-store.ts';
import type { McpOptions } from './mcp/server.ts';
import type { OpenTraceCache } from './open-trace/cache.ts';
import type { TailHub } from './stream/tail.ts';
import type { ArrivalLog } from './vivace/arrivals.ts';

export interface ApiRequest {
  /** In capitals; gRPC has none and counts as `GET`. */
  readonly method: string;
  /** As it came, of a route with `bodyBytesMax`; empty elsewhere. */
  readonly body: Uint8Array;
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

/** A request that is made here, not by a client: a route answers for another. */
export function innerRequest(
  { tenant, signal }: Pick<ApiRequest, 'tenant' | 'signal'>,
  params: Readonly<Record<string, string | number | undefined>>,
  accept: string
): ApiRequest {
  const given = Object.entries(params).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === 0 || value === '' ? [] : [[name, String(value)]]
  );
  return {
    method: 'GET',
    body: new Uint8Array(),
    path: '',
    params: new URLSearchParams(given),
    accept,
    tenant,
    signal,
  };
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
  /** Traces that somebody looks at; without it each question reads its trace anew. */
  readonly openTraces?: OpenTraceCache;
  /** Spans as they arrive; a server without ingest has none. */
  readonly tails?: TailHub;
  /** What came in since the start; a server without ingest has none. */
  readonly arrivals?: ArrivalLog;
  /** Tools for language models; absent where they are switched off. */
  readonly mcp?: McpOptions;
}

export const contentTypes = {
  json: 'application/json',
  protobuf: 'application/protobuf',
  text: 'text/plain; charset=utf-8',
  /** What a client that is a language model accepts; the answer adds `+json`. */
  llm: 'application/vnd.grafana.llm',
} as const;

export type AnswerForm = 'protobuf' | 'json' | 'llm';

/** Tempo looks for these in this order, anywhere in the header; JSON when it finds none. */
export function acceptedForm(accept: string): AnswerForm {
  if (accept.includes(contentTypes.protobuf)) {
    return 'protobuf';
  }
  return !accept.includes(contentTypes.json) && accept.includes(contentTypes.llm) ? 'llm' : 'json';
}

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
  return acceptedForm(accept) === 'protobuf'
    ? { status: 200, contentType: contentTypes.protobuf, body: encodeMessage(type, value) }
    : { status: 200, contentType: contentTypes.json, body: stringifyJson({ ...empty, ...messageToJson(type, value) }) };
}

export function textResponse(status: number, text: string): ApiResponse {
  return { status, contentType: contentTypes.text, body: text };
}
