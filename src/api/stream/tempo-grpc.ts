/**
 * `tempopb.StreamingQuerier`, free of sockets: one request message in, response messages out. A request is turned into the parameters
 * of the HTTP route that means the same, so that both are checked and answered by the same code.
 */
import { assert } from '../../base/assert.ts';
import { decodeMessage, type Message } from '../../wire/protobuf-schema.ts';
import {
  queryInstantRequest,
  queryInstantResponse,
  queryRangeRequest,
  queryRangeResponse,
  searchRequest,
  searchResponse,
  searchTagsRequest,
  searchTagsResponse,
  searchTagsV2Response,
  searchTagValuesRequest,
  searchTagValuesResponse,
  searchTagValuesV2Response,
  type QueryInstantRequest,
  type QueryRangeRequest,
  type SearchRequest,
  type SearchTagsRequest,
  type SearchTagValuesRequest,
} from '../../wire/tempo.ts';
import type { ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes, innerRequest } from '../exchange.ts';
import { tagNamesV1, tagNamesV2, tagValuesV1, tagValuesV2 } from '../tempo/attributes.ts';
import { streamMetricsInstant, streamMetricsRange, streamSearch, type MessageStream } from './queries.ts';
import type { GrpcCall, GrpcMethod } from './grpc.ts';
import { encodeInParts, messageBytesMax, smallScopes } from './split.ts';

export const tempoService = '/tempopb.StreamingQuerier/';

export const tempoMethods: Readonly<Record<string, GrpcMethod>> = {
  Search: {
    name: 'grpc_search',
    open: (message, call, context) =>
      encoded(
        streamSearch(requestOf(searchParams(decodeMessage(searchRequest, message)), call), context),
        searchResponse,
        'traces'
      ),
  },
  SearchTags: {
    name: 'grpc_tags_v1',
    open: (message, call, context) =>
      once(
        () => tagNamesV1(requestOf(namesParams(decodeMessage(searchTagsRequest, message)), call), context),
        (bytes) => encodeInParts(searchTagsResponse, decodeMessage(searchTagsResponse, bytes), 'tagNames')
      ),
  },
  SearchTagsV2: {
    name: 'grpc_tags_v2',
    open: (message, call, context) =>
      once(
        () => tagNamesV2(requestOf(namesParams(decodeMessage(searchTagsRequest, message)), call), context),
        (bytes) => {
          const body = decodeMessage(searchTagsV2Response, bytes);
          return encodeInParts(searchTagsV2Response, { ...body, scopes: smallScopes(body.scopes ?? []) }, 'scopes');
        }
      ),
  },
  SearchTagValues: {
    name: 'grpc_tag_values_v1',
    open: (message, call, context) => {
      const wanted = decodeMessage(searchTagValuesRequest, message);
      return once(
        () => tagValuesV1(requestOf(valuesParams(wanted), call), context, segmentOf(wanted)),
        (bytes) => encodeInParts(searchTagValuesResponse, decodeMessage(searchTagValuesResponse, bytes), 'tagValues')
      );
    },
  },
  SearchTagValuesV2: {
    name: 'grpc_tag_values_v2',
    open: (message, call, context) => {
      const wanted = decodeMessage(searchTagValuesRequest, message);
      return once(
        () => tagValuesV2(requestOf(valuesParams(wanted), call), context, segmentOf(wanted)),
        (bytes) =>
          encodeInParts(searchTagValuesV2Response, decodeMessage(searchTagValuesV2Response, bytes), 'tagValues')
      );
    },
  },
  MetricsQueryRange: {
    name: 'grpc_metrics_range',
    open: (message, call, context) => {
      const request = requestOf(rangeParams(decodeMessage(queryRangeRequest, message)), call);
      return encoded(streamMetricsRange(request, context), queryRangeResponse, 'series');
    },
  },
  MetricsQueryInstant: {
    name: 'grpc_metrics_instant',
    open: (message, call, context) => {
      const request = requestOf(instantParams(decodeMessage(queryInstantRequest, message)), call);
      return encoded(streamMetricsInstant(request, context), queryInstantResponse, 'series');
    },
  },
};

async function* encoded<T extends object, K extends keyof T>(
  stream: MessageStream<T>,
  type: Message<T>,
  key: K
): AsyncGenerator<Uint8Array> {
  for await (const { body } of stream) {
    yield* encodeInParts(type, body, key);
  }
}

/** An answer that comes in one piece; `split` cuts one that is too large for a message. */
async function* once(
  answer: () => Promise<ApiResponse>,
  split: (bytes: Uint8Array) => readonly Uint8Array[]
): AsyncGenerator<Uint8Array> {
  const { body } = await answer();
  assert(typeof body !== 'string', 'an answer asked for as protobuf');
  yield* body.length <= messageBytesMax ? [body] : split(body);
}

// Requests as parameters. A field that is 0 or empty is absent, as always in protobuf.

type Params = Readonly<Record<string, string | number | undefined>>;

const requestOf = (params: Params, call: GrpcCall): ApiRequest => innerRequest(call, params, contentTypes.protobuf);

function searchParams(wanted: SearchRequest): Params {
  const { tags = {}, minDurationMs = 0, maxDurationMs = 0, limit, start, end, query, spansPerSpanSet } = wanted;
  return {
    q: query,
    tags: Object.entries(tags)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(' '),
    minDuration: minDurationMs && `${minDurationMs}ms`,
    maxDuration: maxDurationMs && `${maxDurationMs}ms`,
    limit,
    spss: spansPerSpanSet,
    start,
    end,
  };
}

function namesParams({ scope, query, start, end, maxTagsPerScope }: SearchTagsRequest): Params {
  return { scope, q: query, start, end, limit: maxTagsPerScope };
}

function valuesParams({ query, start, end, maxTagValues }: SearchTagValuesRequest): Params {
  return { q: query, start, end, limit: maxTagValues };
}

function segmentOf({ tagName = '' }: SearchTagValuesRequest): string {
  return encodeURIComponent(tagName);
}

function rangeParams({ query, start, end, step, exemplars, maxSeries }: QueryRangeRequest): Params {
  return { q: query, start: nanosOf(start), end: nanosOf(end), step: step && `${step}ns`, exemplars, maxSeries };
}

function instantParams({ query, start, end }: QueryInstantRequest): Params {
  return { q: query, start: nanosOf(start), end: nanosOf(end) };
}

/** More than 10 digits, or they would be read as seconds. */
function nanosOf(nanos: string | undefined): string | undefined {
  return nanos?.padStart(19, '0');
}
