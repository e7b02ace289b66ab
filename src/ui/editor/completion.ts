/** Our own completion, fed with what the server has seen. */
import type { AttributeValue, Client, SecondsRange } from '../../api/client.ts';
import { spanKinds, statusCodes } from '../../trace/model.ts';
import { printField } from '../../traceql/attributes.ts';
import { complete } from '../../traceql/complete.ts';
import type { Completion, KnownAttributes } from '../../traceql/complete.ts';
import type { Static } from '../../traceql/static.ts';
import { otherConditions } from '../../traceql/other-conditions.ts';

type Names = KnownAttributes['names'];
type Scope = Names extends ReadonlyMap<infer Key, unknown> ? Key : never;

export interface Completer {
  /** Candidates at the cursor. Never fails: where the server does not answer, the language alone completes. */
  complete(text: string, cursor: number, range: SecondsRange, signal: AbortSignal): Promise<Completion>;
}

/** Without anybody who knows names and values. */
export const languageAlone: Completer = {
  complete: (text, cursor) => Promise.resolve(complete(text, cursor, { names: new Map(), valuesOf: () => undefined })),
};

/** Names change rarely: one look-up serves this long, and ranges that differ by less than a minute. */
const namesAgeMsMax = 30_000;
const valuesMax = 200;

export function createCompleter(client: Client, nowMs: () => number): Completer {
  let names: Names = new Map();
  let namesAskedMs = -Infinity;
  let namesRange = '';
  return {
    async complete(text, cursor, range, signal) {
      const minutes = `${Math.floor(range.startSeconds / 60)}-${Math.floor(range.endSeconds / 60)}`;
      if (nowMs() - namesAskedMs > namesAgeMsMax || minutes !== namesRange) {
        namesAskedMs = nowMs();
        namesRange = minutes;
        names = await namesByScope(client, range, signal).catch(() => names);
      }
      const first = complete(text, cursor, { names, valuesOf: () => undefined });
      const field = first.valuesOf;
      if (field === undefined) {
        return first;
      }
      // The other conditions of the spanset narrow the values, before and behind the cursor.
      const request = { query: otherConditions(text, first.from, first.to), range, limit: valuesMax, signal };
      const values = await client.attributeValues(printField(field), request).catch(() => []);
      const statics = values.flatMap((value) => staticOf(value) ?? []);
      return complete(text, cursor, { names, valuesOf: () => statics });
    },
  };
}

async function namesByScope(client: Client, range: SecondsRange, signal: AbortSignal): Promise<Names> {
  const byScope = new Map<Scope, string[]>();
  for (const { scope, name } of await client.attributeNames({ range, signal })) {
    if (scope !== 'intrinsic') {
      const known = byScope.get(scope as Scope);
      if (known) {
        known.push(name);
      } else {
        byScope.set(scope as Scope, [name]);
      }
    }
  }
  return byScope;
}

/** `undefined` for a value that has no literal. */
function staticOf({ type, value }: AttributeValue): Static | undefined {
  switch (type) {
    case 'string':
      return { type: 'string', value };
    case 'int':
      return /^-?\d+$/.test(value) ? { type: 'int', value: BigInt(value) } : undefined;
    case 'float':
      return Number.isFinite(Number(value)) ? { type: 'float', value: Number(value) } : undefined;
    case 'bool':
      return { type: 'bool', value: value === 'true' };
    case 'keyword':
      return keywordOf(value);
    default:
      return undefined;
  }
}

function keywordOf(value: string): Static | undefined {
  const status = statusCodes.find((code) => code === value);
  const kind = spanKinds.find((name) => name === value);
  return status ? { type: 'status', value: status } : kind ? { type: 'kind', value: kind } : undefined;
}
