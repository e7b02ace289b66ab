/** Where imported spans go: into the store of a stopped server, or to a running one. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../base/coded-error.ts';
import type { IngestResult } from '../../store/trace-store.ts';
import { ProtobufReader } from '../../wire/protobuf.ts';
import { ConfigError } from '../config.ts';
import type { NodeEngine } from '../node-engine.ts';

/** What was refused for good of a request. */
export type Refusal = Pick<IngestResult, 'rejectedSpans' | 'reason'>;

export interface ImportSink {
  /** An ExportTraceServiceRequest; what is not refused is durable when it resolves. Errors: those of ingest. */
  send(body: Uint8Array): Promise<Refusal>;
  close(): Promise<void>;
}

/** The ingest path of the server itself, with its log and its limits. */
export function storeSink({ engine, close }: NodeEngine, tenant: string): ImportSink {
  return {
    send: (body) =>
      retrying(() =>
        engine.ingest({ tenant, encoding: 'otlp-protobuf', compression: 'identity', body, decoded: body })
      ),
    close: async () => {
      try {
        await engine.flush();
      } finally {
        await close();
      }
    },
  };
}

export interface HttpSinkOptions {
  /** Of the OTLP/HTTP door, without path. */
  readonly url: string;
  readonly tenant: string | undefined;
  readonly tokenFile: string | undefined;
}

/** Errors: {@link ConfigError} for a URL or a token file that cannot be used. */
export function httpSink({ url, tenant, tokenFile }: HttpSinkOptions): ImportSink {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ConfigError(`--url: expected the OTLP/HTTP address such as http://localhost:4318, found ${url}`);
  }
  const target = new URL('/v1/traces', url);
  const headers: Record<string, string> = { 'content-type': 'application/x-protobuf' };
  if (tenant !== undefined) {
    headers['x-scope-orgid'] = tenant;
  }
  if (tokenFile !== undefined) {
    headers.authorization = `Bearer ${readToken(tokenFile)}`;
  }
  const post = async (body: Uint8Array): Promise<Refusal> => {
    const response = await fetch(target, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> }).catch(
      (error: Error) => {
        throw new CodedError('unavailable', `${target.href}: ${String((error.cause as Error | undefined) ?? error)}`);
      }
    );
    const answer = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) {
      const retry = [429, 502, 503, 504].includes(response.status);
      const text = new TextDecoder()
        .decode(answer)
        .replaceAll(/[^\x20-\x7e]+/g, ' ')
        .trim();
      throw new CodedError(retry ? 'unavailable' : 'invalid_argument', `${target.href}: ${response.status} ${text}`);
    }
    return refusalOf(answer);
  };
  return { send: (body) => retrying(() => post(body)), close: async () => undefined };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`--token-file: ${(error as Error).message}`);
  }
}

const attemptsMax = 12;

/** A store that is behind is waited for: 0.1 s at first, 5 s at most, about half a minute in all. */
async function retrying(send: () => Promise<Refusal>): Promise<Refusal> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const later = error instanceof CodedError && ['unavailable', 'resource_exhausted'].includes(error.code);
      if (!later || attempt === attemptsMax) {
        throw error;
      }
      await sleep(Math.min(5000, 100 * 2 ** (attempt - 1)));
    }
  }
}

/** Of an ExportTraceServiceResponse: its `partial_success`. */
function refusalOf(answer: Uint8Array): Refusal {
  let [rejectedSpans, reason] = [0, ''];
  const reader = new ProtobufReader(answer, 'answer');
  while (reader.next()) {
    if (reader.field === 1) {
      const partial = reader.message();
      while (partial.next()) {
        switch (partial.field) {
          case 1:
            rejectedSpans = Number(partial.int64());
            break;
          case 2:
            reason = partial.string();
            break;
          default:
            partial.skip();
        }
      }
    } else {
      reader.skip();
    }
  }
  return { rejectedSpans, reason };
}
