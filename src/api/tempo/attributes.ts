/** Names and values of attributes (Tempo's tags), both versions. */
import type { Answer, AttributeNameScope } from '../../store/trace-store.ts';
import { noStats } from '../../store/trace-store.ts';
import type { Static } from '../../traceql/static.ts';
import { listedIntrinsics, parseAttribute, printField } from '../../traceql/attributes.ts';
import { parseLenient } from '../../traceql/lenient.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { acceptedForm, messageResponse } from '../exchange.ts';
import { llmValuesResponse } from './llm.ts';
import {
  searchTagsResponse,
  searchTagsV2Response,
  searchTagValuesResponse,
  searchTagValuesV2Response,
} from '../../wire/tempo.ts';
import { decodeSegment, invalid, limitParam, quote, textParam } from './params.ts';
import { attributeRange } from './range.ts';
import { metadataMetrics, tagValueOf } from './shape.ts';

const attributeScopes: readonly AttributeNameScope[] = ['resource', 'span', 'event', 'link', 'instrumentation'];

/** Tempo's bound on the answer of names and values: what is beyond is cut and the answer says so. */
const answerBytesMax = 1_000_000;
/** More distinct values than anybody scrolls through; the byte bound usually comes first. */
const valuesMax = 100_000;

interface ScopedNames {
  readonly name: string;
  readonly tags: readonly string[];
}

/** `/api/search/tags`: one flat list. */
export async function tagNamesV1(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { scopes, answer } = await scopedNames(request, context, false);
  const tagNames = [...new Set(scopes.flatMap((scope) => scope.tags))].sort();
  return messageResponse(
    request.accept,
    searchTagsResponse,
    { tagNames, metrics: metadataMetrics(answer) },
    { tagNames: [] }
  );
}

/** `/api/v2/search/tags`: by scope. */
export async function tagNamesV2(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  const { scopes, answer } = await scopedNames(request, context, true);
  return messageResponse(
    request.accept,
    searchTagsV2Response,
    { scopes, metrics: metadataMetrics(answer) },
    { scopes: [] }
  );
}

/** Intrinsics come unasked in version 2 only. */
async function scopedNames(
  request: ApiRequest,
  { store, clock }: ApiContext,
  withIntrinsics: boolean
): Promise<{ scopes: readonly ScopedNames[]; answer: Answer<unknown> }> {
  const scope = textParam(request.params, 'scope') ?? 'none';
  if (scope !== 'none' && scope !== 'intrinsic' && !isAttributeScope(scope)) {
    throw invalid(`invalid scope: ${quote(scope)}`);
  }
  const limit = limitParam(request.params, 'limit', valuesMax);
  // Checked, as Tempo does; our answers are exact, nothing is stale.
  limitParam(request.params, 'maxStaleValues', Number.MAX_SAFE_INTEGER);
  const answer = await store.attributeNames({
    tenant: request.tenant,
    range: attributeRange(request.params, clock),
    filter: parseLenient(request.params.get('q') ?? ''),
    signal: request.signal,
  });
  const wanted = attributeScopes.filter((name) => scope === 'none' || scope === name);
  const scopes: ScopedNames[] = wanted.map((name) => ({ name, tags: answer.data.get(name) ?? [] }));
  if (scope === 'intrinsic' || (scope === 'none' && withIntrinsics)) {
    scopes.push({ name: 'intrinsic', tags: listedIntrinsics });
  }
  let bytesLeft = answerBytesMax;
  const cut = scopes.map(({ name, tags }) => ({
    name,
    tags: tags.slice(0, limit).filter((tag) => (bytesLeft -= tag.length) >= 0),
  }));
  return {
    scopes: cut.filter(({ tags }) => tags.length > 0),
    answer: { ...answer, partial: answer.partial || bytesLeft < 0 },
  };
}

function isAttributeScope(scope: string): scope is AttributeNameScope {
  return (attributeScopes as readonly string[]).includes(scope);
}

/** `/api/search/tag/{tag}/values`: bare names, values as text. */
export async function tagValuesV1(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const attribute = attributeOfV1Name(decodeSegment(segment));
  const { values, answer } = await valuesOf(request, context, attribute);
  const tagValues = [...new Set(values.map((value) => value.value))];
  return messageResponse(
    request.accept,
    searchTagValuesResponse,
    { tagValues, metrics: metadataMetrics(answer) },
    { tagValues: [] }
  );
}

/** `/api/v2/search/tag/{tag}/values`: TraceQL identifiers, values with their type. */
export async function tagValuesV2(request: ApiRequest, context: ApiContext, segment: string): Promise<ApiResponse> {
  const { values, answer } = await valuesOf(request, context, decodeSegment(segment));
  if (acceptedForm(request.accept) === 'llm') {
    return llmValuesResponse(values, metadataMetrics(answer));
  }
  return messageResponse(
    request.accept,
    searchTagValuesV2Response,
    { tagValues: values, metrics: metadataMetrics(answer) },
    { tagValues: [] }
  );
}

const v1Intrinsics: ReadonlyMap<string, string> = new Map([
  ['root.name', 'rootName'],
  ['root.service.name', 'rootServiceName'],
  ['status.code', 'status'],
]);

function attributeOfV1Name(name: string): string {
  const intrinsic = v1Intrinsics.get(name) ?? name;
  return listedIntrinsics.includes(intrinsic) ? intrinsic : printField({ kind: 'attribute', scope: 'any', name });
}

/** What needs no look at any span: closed sets, and durations, which nobody completes. */
const fixedValues: ReadonlyMap<string, readonly string[]> = new Map([
  ['status', ['ok', 'error', 'unset']],
  ['kind', ['client', 'server', 'producer', 'consumer', 'internal', 'unspecified']],
  ['duration', []],
  ['traceDuration', []],
  ['trace:duration', []],
]);

async function valuesOf(
  request: ApiRequest,
  { store, clock }: ApiContext,
  attribute: string
): Promise<{ values: readonly { type: string; value: string }[]; answer: Answer<unknown> }> {
  if (parseAttribute(attribute) === undefined) {
    throw invalid(`please provide a valid tagName: ${quote(attribute)} is no TraceQL attribute or intrinsic`);
  }
  const range = attributeRange(request.params, clock);
  const limit = limitParam(request.params, 'limit', valuesMax);
  // Checked, as Tempo does; our answers are exact, nothing is stale.
  limitParam(request.params, 'maxStaleValues', Number.MAX_SAFE_INTEGER);
  const fixed = fixedValues.get(attribute.replace(/^span:/, ''));
  if (fixed !== undefined) {
    return { values: fixed.map((value) => ({ type: 'keyword', value })), answer: emptyAnswer };
  }
  const answer: Answer<readonly Static[]> = await store.attributeValues({
    tenant: request.tenant,
    attribute,
    range,
    filter: parseLenient(request.params.get('q') ?? ''),
    limit,
    signal: request.signal,
  });
  let bytesLeft = answerBytesMax;
  const values = answer.data.map(tagValueOf).filter(({ value }) => (bytesLeft -= value.length) >= 0);
  return { values, answer: { ...answer, partial: answer.partial || bytesLeft < 0 } };
}

const emptyAnswer: Answer<undefined> = { data: undefined, partial: false, warnings: [], stats: noStats };
