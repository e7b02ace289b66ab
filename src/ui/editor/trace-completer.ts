/** Completion from the keys and values of one open trace. */
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { AnyValue } from '../../trace/model.ts';
import { printField } from '../../traceql/attributes.ts';
import { complete } from '../../traceql/complete.ts';
import type { KnownAttributes } from '../../traceql/complete.ts';
import type { Static } from '../../traceql/static.ts';
import type { Signal, TraceData } from '../trace/trace-data.ts';
import type { Completer } from './completion.ts';

type Names = KnownAttributes['names'];
type Scope = Names extends ReadonlyMap<infer Key, unknown> ? Key : never;

/** More than anybody reads; the rest comes as one types. */
const valuesMax = 2_000;

/** Never fails: where the trace cannot answer, the language alone completes. */
export function traceCompleter(data: TraceData): Completer {
  return {
    async complete(text, cursor, _range, signal) {
      const names = await namesOf(data, signal).catch((): Names => new Map());
      const first = complete(text, cursor, { names, valuesOf: () => undefined });
      if (first.valuesOf === undefined) {
        return first;
      }
      const values = await valuesOf(data, printField(first.valuesOf), signal).catch((): readonly Static[] => []);
      return complete(text, cursor, { names, valuesOf: () => values });
    },
  };
}

async function namesOf(data: TraceData, signal: Signal): Promise<Names> {
  const byScope = new Map<Scope, string[]>();
  for (const { scope, key } of await data.keys(signal)) {
    const known = byScope.get(scope);
    if (known === undefined) {
      byScope.set(scope, [key]);
    } else if (!known.includes(key)) {
      known.push(key);
    }
  }
  return byScope;
}

async function valuesOf(data: TraceData, field: string, signal: Signal): Promise<readonly Static[]> {
  const { table } = data.model;
  switch (field) {
    case 'name':
      return texts(table.names);
    case 'statusMessage':
      return texts(table.statusMessages);
    case 'event:name':
      return texts(table.eventNames);
    case 'status':
      return statusCodes.map((value) => ({ type: 'status', value }));
    case 'kind':
      return spanKinds.map((value) => ({ type: 'kind', value }));
    case 'resource.service.name':
      return texts(table.services);
    default: {
      const keys = (await data.keys(signal)).filter(
        ({ scope, key }) => field === `${scope}.${key}` || field === `.${key}` || field === `${scope}."${key}"`
      );
      const columns = await Promise.all(keys.map((key) => data.column(key, signal)));
      return columns.flatMap(({ values }) => values.slice(0, valuesMax).flatMap((value) => staticOf(value) ?? []));
    }
  }
}

function texts(values: readonly string[]): readonly Static[] {
  return values.slice(0, valuesMax).map((value) => ({ type: 'string', value }));
}

/** `undefined` for a value that has no literal. */
function staticOf(value: AnyValue): Static | undefined {
  switch (value.type) {
    case 'string':
      return { type: 'string', value: value.value };
    case 'int':
      return { type: 'int', value: value.value };
    case 'double':
      return { type: 'float', value: value.value };
    case 'bool':
      return { type: 'bool', value: value.value };
    default:
      return undefined;
  }
}
