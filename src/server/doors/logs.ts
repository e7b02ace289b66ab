/**
 * `/api/vivace/logs`: log lines of a trace from a Loki-compatible server, so that the page asks only its own origin. What is asked is
 * fixed (a selector from the configuration, one trace id): nobody can query the log server at will through here.
 */
import { z } from 'zod';
import { CodedError } from '../../base/coded-error.ts';
import { errorResponse } from '../../api/error-response.ts';
import { parseTraceId } from '../../trace/ids.ts';
import { reportInternal, type Runtime } from '../runtime.ts';
import type { Incoming, Outgoing } from './listen.ts';
import { respond, splitUrl, withChallenge, type Response } from './respond.ts';

export const logsPath = '/api/vivace/logs';

const door = 'query';
/** More lines than anybody reads beside a trace; Loki's own limit is 5,000. */
const linesMax = 2_000;
const answerBytesMax = 16 * 1024 * 1024;
const timeoutMs = 15_000;

export interface LogLineBody {
  /** Unix nanoseconds, as text: beyond 2^53. */
  readonly timeUnixNanos: string;
  /** Empty where the line names none. */
  readonly spanId: string;
  readonly level: string;
  readonly source: string;
  readonly line: string;
}

export interface LogsBody {
  /** False: the server has no log source, and `lines` is empty for that. */
  readonly configured: boolean;
  readonly lines: readonly LogLineBody[];
  /** There are more lines than these. */
  readonly partial: boolean;
  readonly warnings: readonly string[];
}

/** Never throws and never rejects. */
export function handleLogs(runtime: Runtime, request: Incoming, response: Outgoing): void {
  request.resume();
  const canceled = new AbortController();
  response.once('close', () => canceled.abort());
  void answerLogs(runtime, request, canceled.signal)
    .catch((error) => withChallenge(errorResponse(error, (cause) => reportInternal(runtime, door, cause))))
    .then((answer) => respond(request, response, answer, true))
    .catch((error) => {
      reportInternal(runtime, door, error);
      response.destroy();
    });
}

async function answerLogs({ gate, config }: Runtime, request: Incoming, signal: AbortSignal): Promise<Response> {
  const { headers } = request;
  gate.checkHost(headers.host ?? (headers[':authority'] as string | undefined));
  const tenant = gate.admit(headers, 'query');
  if (config.logsLokiUrl === '') {
    return jsonOf({ configured: false, lines: [], partial: false, warnings: [] });
  }
  const { params } = splitUrl(request.url ?? '/');
  const traceId = parseTraceId(params.get('traceId') ?? '');
  if (traceId === undefined) {
    throw new CodedError('invalid_argument', 'traceId must be a trace id in hex');
  }
  const url = new URL(`${config.logsLokiUrl.replace(/\/$/, '')}/loki/api/v1/query_range`);
  url.searchParams.set('query', `${config.logsLokiSelector} |= "${traceId}"`);
  url.searchParams.set('start', nanosParam(params, 'start'));
  url.searchParams.set('end', nanosParam(params, 'end'));
  url.searchParams.set('limit', String(linesMax));
  url.searchParams.set('direction', 'forward');
  const sent: Record<string, string> = config.multitenancy ? { 'x-scope-orgid': tenant } : {};
  return jsonOf(linesOf(await askLoki(url, sent, signal)));
}

function jsonOf(body: LogsBody): Response {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}

function nanosParam(params: URLSearchParams, name: string): string {
  const text = params.get(name) ?? '';
  if (!/^\d{1,20}$/.test(text)) {
    throw new CodedError('invalid_argument', `${name} must be Unix nanoseconds`);
  }
  return text;
}

/** Errors: `unavailable`, with what the log server said. */
async function askLoki(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<unknown> {
  const failed = (why: string): CodedError => new CodedError('unavailable', `the log server did not answer: ${why}`);
  let response;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw failed(isLate ? `nothing within ${timeoutMs / 1000} s` : 'it could not be reached');
  }
  const bytes = await boundedBody(response.body);
  if (bytes === undefined) {
    throw failed(`more than ${answerBytesMax} bytes`);
  }
  const text = bytes.toString('utf8');
  if (!response.ok) {
    throw failed(`status ${response.status} ${text.slice(0, 200).trim()}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw failed('no JSON');
  }
}

/** `undefined` beyond the bound. */
async function boundedBody(body: ReadableStream<Uint8Array> | null): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > answerBytesMax) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Source: Loki HTTP API, `query_range` with `resultType` "streams"; the third element of a value is structured metadata. */
const lokiAnswer = z.object({
  data: z.object({
    resultType: z.literal('streams'),
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.string().regex(/^\d{1,20}$/), z.string()]).rest(z.unknown())),
      })
    ),
  }),
});

function linesOf(answer: unknown): LogsBody {
  const parsed = lokiAnswer.safeParse(answer);
  if (!parsed.success) {
    throw new CodedError('unavailable', 'the log server did not answer: no streams of lines');
  }
  const lines = parsed.data.data.result.flatMap(({ stream, values }) =>
    values.map(([timeUnixNanos, line, metadata]): LogLineBody => {
      const labels = { ...stream, ...textsOf(metadata) };
      return {
        timeUnixNanos,
        spanId: (first(labels, ['span_id', 'spanId', 'spanid', 'spanID']) ?? spanIdIn(line)).toLowerCase(),
        level: first(labels, ['level', 'detected_level', 'severity_text', 'severity']) ?? levelIn(line),
        source: first(labels, ['service_name', 'service', 'app', 'job', 'container']) ?? '',
        line,
      };
    })
  );
  lines.sort((a, b) => Number(BigInt(a.timeUnixNanos) - BigInt(b.timeUnixNanos)));
  return { configured: true, lines, partial: lines.length >= linesMax, warnings: [] };
}

function textsOf(metadata: unknown): Readonly<Record<string, string>> {
  return typeof metadata === 'object' && metadata !== null
    ? Object.fromEntries(
        Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      )
    : {};
}

function first(labels: Readonly<Record<string, string>>, names: readonly string[]): string | undefined {
  return names.map((name) => (Object.hasOwn(labels, name) ? labels[name] : undefined)).find((text) => text);
}

/** In JSON (`"span_id":"…"`) and logfmt (`span_id=…`). */
function spanIdIn(line: string): string {
  return /span_?id"?\s*[:=]\s*"?([0-9a-f]{16})\b/i.exec(line)?.[1] ?? '';
}

function levelIn(line: string): string {
  return /\b(?:level|severity)"?\s*[:=]\s*"?([a-z]{3,8})\b/i.exec(line)?.[1]?.toLowerCase() ?? '';
}
