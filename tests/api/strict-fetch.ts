/** `fetch` for tests of the API: what comes from a route of Tempo's passes through the strict decoder before the test sees it. */
import assert from 'node:assert/strict';
import { checkTempoJson, checkTempoProtobuf } from '../support/strict-tempo.ts';

/** Messages by route, in JSON and in protobuf; they differ for the first version of a trace alone. */
const messages: readonly (readonly [RegExp, json: string, protobuf: string])[] = [
  [/^\/api\/traces\/[^/]+$/, 'TraceV1', 'Trace'],
  [/^\/api\/v2\/traces\/(?!diff$)[^/]+$/, 'TraceByIDResponse', 'TraceByIDResponse'],
  [/^\/api\/search$/, 'SearchResponse', 'SearchResponse'],
  [/^\/api\/search\/tags$/, 'SearchTagsResponse', 'SearchTagsResponse'],
  [/^\/api\/v2\/search\/tags$/, 'SearchTagsV2Response', 'SearchTagsV2Response'],
  [/^\/api\/search\/tag\/.+\/values$/, 'SearchTagValuesResponse', 'SearchTagValuesResponse'],
  [/^\/api\/v2\/search\/tag\/.+\/values$/, 'SearchTagValuesV2Response', 'SearchTagValuesV2Response'],
  [/^\/api\/metrics\/query_range$/, 'QueryRangeResponse', 'QueryRangeResponse'],
  [/^\/api\/metrics\/query$/, 'QueryInstantResponse', 'QueryInstantResponse'],
];

export async function fetch(input: string, init?: RequestInit): Promise<Response> {
  const answer = await globalThis.fetch(input, init);
  const path = new URL(input).pathname;
  const message = messages.find(([pattern]) => pattern.test(path));
  if (message !== undefined && answer.status === 200) {
    // Only what is read to its end may be cloned: a branch that nobody reads holds the other.
    await checkAnswer(path, message, answer.clone());
  } else if (message !== undefined) {
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8', `${path}: an error is text`);
  }
  return answer;
}

async function checkAnswer(path: string, message: (typeof messages)[number], answer: Response): Promise<void> {
  const [, jsonType, protobufType] = message;
  const type = answer.headers.get('content-type');
  switch (type) {
    case 'application/json':
      return checkTempoJson(jsonType, await answer.json());
    case 'application/protobuf':
      return checkTempoProtobuf(protobufType, new Uint8Array(await answer.arrayBuffer()));
    case 'application/vnd.grafana.llm+json':
      await answer.json();
      return;
    default:
      assert.fail(`${path}: content type ${type}`);
  }
}
