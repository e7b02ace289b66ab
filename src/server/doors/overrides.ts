/**
 * `/api/overrides`: what a tenant sets for itself. Tempo's user-configurable overrides: GET, POST (replace), PATCH (JSON merge patch) and
 * DELETE, with `ETag` and `If-Match`. Differences from Tempo stand in docs/api.md.
 */
import { z } from 'zod';
import { CodedError } from '../../base/coded-error.ts';
import { errorResponse } from '../../api/error-response.ts';
import { readBody } from '../body.ts';
import {
  entryOf,
  keptOnly,
  placeOf,
  settingsIn,
  userEntrySchema,
  widenedIn,
  type UserEntry,
} from '../overrides/settings.ts';
import type { UserOverride, UserOverrides } from '../overrides/user-overrides.ts';
import { reportInternal, storeOf, type Runtime } from '../runtime.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, splitUrl, withChallenge, type Response } from './respond.ts';

export const overridesPath = '/api/overrides';

const door = 'query';
const bodyBytesMax = 64 * 1024;
const methods = ['GET', 'POST', 'PATCH', 'DELETE'];

/** Never throws and never rejects. */
export function handleOverrides(runtime: Runtime, request: Incoming, response: Outgoing): void {
  void answerOverrides(runtime, request)
    .catch((error) => {
      request.resume();
      return withChallenge(errorResponse(error, (cause) => reportInternal(runtime, door, cause)));
    })
    .then((answer) => respond(request, response, answer, true))
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    });
}

async function answerOverrides(runtime: Runtime, request: Incoming): Promise<Response> {
  const { gate, overrides, opening } = runtime;
  const { headers } = request;
  const method = request.method ?? 'GET';
  const host = headers.host ?? (headers[':authority'] as string | undefined);
  gate.checkHost(host);
  if (overrides.user === undefined) {
    throw new CodedError('not_found', 'user-configurable overrides are off (option user_overrides)');
  }
  if (!methods.includes(method)) {
    request.resume();
    return {
      status: 405,
      contentType: textType,
      body: 'use GET, POST, PATCH or DELETE\n',
      headers: { allow: methods.join(', ') },
    };
  }
  if (method !== 'GET') {
    refuseForeignPage(headers.origin, host);
  }
  const tenant = gate.admitOne(headers, method === 'GET' ? 'query' : 'admin');
  // What is written before the store is ours could be another process's.
  storeOf(opening);
  const { params } = splitUrl(request.url ?? '');
  const ifMatch = unquoted(headers['if-match']);
  switch (method) {
    case 'GET':
      request.resume();
      return read(runtime, tenant, params.get('scope') ?? 'api');
    case 'DELETE':
      request.resume();
      return remove(runtime, overrides.user, tenant, ifMatch);
    default:
      checkBool(params.get('skip-conflicting-overrides-check'));
      return write(runtime, overrides.user, tenant, method === 'PATCH', ifMatch, await jsonOf(runtime, request));
  }
}

const textType = 'text/plain; charset=utf-8';
const jsonType = 'application/json';

function read({ overrides }: Runtime, tenant: string, scope: string): Response {
  if (scope !== 'api' && scope !== 'merged') {
    throw new CodedError('invalid_argument', `unknown scope "${scope}", valid options are api and merged`);
  }
  const override = overrides.user?.get(tenant);
  if (override === undefined) {
    throw new CodedError('not_found', 'this tenant has no overrides');
  }
  const entry = scope === 'api' ? override.entry : { ...override.entry, ...entryOf(overrides.settingsOf(tenant)) };
  return answerOf(override, entry);
}

async function write(
  { overrides, log }: Runtime,
  user: UserOverrides,
  tenant: string,
  isPatch: boolean,
  ifMatch: string | undefined,
  json: unknown
): Promise<Response> {
  if (!isPatch && ifMatch === undefined) {
    return preconditionRequired;
  }
  const override = await user.set(tenant, ifMatch, (before) => {
    const entry = isPatch ? mergePatch(before?.entry ?? {}, json) : json;
    const parsed = parseEntry(entry);
    const widened = widenedIn(overrides.operatorSettingsOf(tenant), settingsIn(parsed));
    if (widened.length > 0) {
      throw new CodedError(
        'invalid_argument',
        `${placeOf(widened[0])}: a tenant may only tighten what the operator has set`
      );
    }
    return { entry: entry as Readonly<Record<string, unknown>>, parsed };
  });
  overrides.forget();
  log.info({ tenant, version: override.version }, 'a tenant has changed its overrides');
  return isPatch ? answerOf(override, override.entry) : { ...answerOf(override, {}), body: '' };
}

async function remove(
  { overrides, log }: Runtime,
  user: UserOverrides,
  tenant: string,
  ifMatch: string | undefined
): Promise<Response> {
  if (ifMatch === undefined) {
    return preconditionRequired;
  }
  await user.remove(tenant, ifMatch);
  overrides.forget();
  log.info({ tenant }, 'a tenant has removed its overrides');
  return { status: 200, contentType: textType, body: '' };
}

const preconditionRequired: Response = { status: 428, contentType: textType, body: 'must specify If-Match header' };

function answerOf({ version, parsed }: UserOverride, entry: unknown): Response {
  const idle = keptOnly.filter((key) => parsed[key] !== undefined);
  const headers: Record<string, string> = { etag: version };
  if (idle.length > 0) {
    headers.warning = `299 - "${idle.join(', ')}: kept, but nothing in this server acts on it"`;
  }
  return { status: 200, contentType: jsonType, body: JSON.stringify(entry), headers };
}

function parseEntry(entry: unknown): UserEntry {
  const result = userEntrySchema.safeParse(entry);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new CodedError('invalid_argument', `${issue.path.join('.') || 'overrides'}: ${issue.message}`);
  }
  return result.data;
}

async function jsonOf(runtime: Runtime, request: Incoming): Promise<unknown> {
  const lease = runtime.budget.lease();
  try {
    const limits = { bytesMax: bodyBytesMax, timeoutMs: runtime.config.requestTimeout };
    const body = await readBody(request, request.headers['content-length'], limits, lease);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch (error) {
    throw error instanceof CodedError ? error : new CodedError('invalid_argument', 'the body is no JSON object');
  } finally {
    lease.release();
  }
}

/** Source: RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) {
    return patch;
  }
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      merged.delete(key);
    } else {
      merged.set(key, mergePatch(merged.get(key), value));
    }
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Browsers name the page that sends a request; one of another origin has no business here. */
function refuseForeignPage(origin: string | undefined, host: string | undefined): void {
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new CodedError('permission_denied', 'pages of other origins may not change overrides');
  }
}

function checkBool(text: string | null): void {
  if (text !== null && !['true', 'false', '1', '0'].includes(text)) {
    throw new CodedError(
      'invalid_argument',
      'could not parse skip-conflicting-overrides-check, it has to be a boolean'
    );
  }
}

/** Tempo's versions come without the quotes that HTTP asks for; both are understood. */
function unquoted(etag: string | undefined): string | undefined {
  return etag === undefined ? undefined : etag.replace(/^(?:W\/)?"(.*)"$/, '$1');
}
