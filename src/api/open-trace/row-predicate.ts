/**
 * `{ … }` over columns: an expression in which every comparison reads one field is worked out once per distinct value, by the reference's
 * own code on a span that has nothing but that value, and looked up by row. What cannot be told from the columns of a row is asked of the
 * reference with the whole span.
 */
import { attributeOfEntry, messageLengthOf, spanOfRow } from '../vivace/span-rows.ts';
import type { SpanRows } from '../vivace/span-rows.ts';
import type { Span } from '../../trace/model.ts';
import { emptyResource, emptyScope } from '../../trace/model.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import type { FieldExpression, OwnField } from '../../traceql/ast.ts';
import { compileFilter, fieldsOfExpression } from '../../traceql/expression.ts';
import { listOfField, TraceFacts } from '../../traceql/fields.ts';
import { staticFromAnyValue } from '../../traceql/static.ts';

/** Sets 1 in `matches` for rows of `part` on which the expression holds. */
export type MarkRows = (table: SpanTable, part: SpanRows, matches: Uint8Array) => void;

/**
 * `undefined` when the expression asks for more than a span, its events and links: the parent, the root, the place in the tree. A filter
 * without expression holds everywhere.
 */
export function compileRowFilter(expression: FieldExpression | undefined): MarkRows | undefined {
  if (expression === undefined) {
    return (_, part, matches) => void matches.fill(1, part.rowStart, part.rowEnd);
  }
  if (!fieldsOfExpression(expression).every((field) => field.kind !== 'parent' && isOfSpan(field))) {
    return undefined;
  }
  const holds = compileFilter(expression);
  const holdsOnSpan = (span: Span): boolean => holds(new TraceFacts({ traceId: span.traceId, spans: [span] }), 0);
  const truthsOf = compileLeaves(expression);
  return (table, part, matches) => {
    truthsOf(table, part).forEach((truth, i) => {
      const row = part.rowStart + i;
      matches[row] = truth === unknown ? (holdsOnSpan(spanOfRow(table, part, row)) ? 1 : 0) : truth;
    });
  };
}

const treeIntrinsics = new Set([
  'rootName',
  'rootServiceName',
  'traceDuration',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
  'span:childCount',
]);

function isOfSpan(field: OwnField): boolean {
  return field.kind === 'attribute' || !treeIntrinsics.has(field.name);
}

/** By row of the part: 0, 1, or {@link unknown}. */
type Truths = (table: SpanTable, part: SpanRows) => Uint8Array;

/** Only the whole span tells. */
const unknown = 2;

/** Comparisons that read two fields, or one that is no column, are unknown on every row. */
function compileLeaves(expression: FieldExpression): Truths {
  if (expression.kind === 'logical') {
    return combine(expression.op, expression.operands.map(compileLeaves));
  }
  const fields = fieldsOfExpression(expression);
  const [field] = fields;
  if (field === undefined) {
    const holds = leafOf(expression)({});
    return (_, part) => new Uint8Array(part.rowEnd - part.rowStart).fill(holds ? 1 : 0);
  }
  const isOne = fields.every((other) => other.kind !== 'parent' && sameField(other, field as OwnField));
  return (isOne && field.kind !== 'parent' ? compileLeaf(expression, field) : undefined) ?? allUnknown;
}

const allUnknown: Truths = (_, part) => new Uint8Array(part.rowEnd - part.rowStart).fill(unknown);

function sameField(a: OwnField, b: OwnField): boolean {
  return a.kind === 'attribute'
    ? b.kind === 'attribute' && a.scope === b.scope && a.name === b.name
    : b.kind === 'intrinsic' && a.name === b.name;
}

function combine(op: '&&' | '||', operands: readonly Truths[]): Truths {
  const decided = op === '&&' ? 0 : 1;
  return (table, part) => {
    const [result, ...rest] = operands.map((operand) => operand(table, part));
    for (const other of rest) {
      for (let i = 0; i < result.length; i++) {
        if (result[i] === decided || other[i] === decided) {
          result[i] = decided;
        } else if (other[i] === unknown) {
          result[i] = unknown;
        }
      }
    }
    return result;
  };
}

const nothing: Span = {
  traceId: '',
  spanId: '',
  parentSpanId: '',
  traceState: '',
  flags: 0,
  name: '',
  kind: 0,
  startUnixNanos: 0n,
  endUnixNanos: 0n,
  attributes: [],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  statusCode: 0,
  statusMessage: '',
  resource: emptyResource,
  scope: emptyScope,
};

/** Whether the expression holds on a span of nothing but this. */
function leafOf(expression: FieldExpression): (of: Partial<Span>) => boolean {
  const holds = compileFilter(expression);
  return (of) => holds(new TraceFacts({ traceId: of.traceId ?? '', spans: [{ ...nothing, ...of }] }), 0);
}

function compileLeaf(expression: FieldExpression, field: OwnField): Truths | undefined {
  const leaf = leafOf(expression);
  if (listOfField(field) !== undefined) {
    // Which event or link is meant is decided over the whole expression: only rows without any are told here.
    return (_, part) => {
      const truth = absent(leaf);
      return Uint8Array.from(part.source, (_source, i) =>
        messageLengthOf(part, part.rowStart + i) > 0 ? unknown : truth
      );
    };
  }
  if (field.kind === 'attribute') {
    switch (field.scope) {
      case 'span':
        return (_, part) =>
          bySpanAttribute(part, field.name, (i, own) => (own === undefined ? absent(leaf) : own), leaf);
      case 'resource':
        return (_, part) => byCode(part.resource, part.resources, (resource) => leaf({ resource }));
      case 'instrumentation':
        return (_, part) => byCode(part.scope, part.scopes, (scope) => leaf({ scope }));
      case 'any':
        return (_, part) => byAnyAttribute(part, field.name, leaf);
      default:
        return undefined;
    }
  }
  switch (field.name) {
    case 'name':
      return byColumn(
        (table) => table.name,
        (table) => table.names,
        (name) => leaf({ name })
      );
    case 'statusMessage':
      return byColumn(
        (table) => table.statusMessage,
        (table) => table.statusMessages,
        (statusMessage) => leaf({ statusMessage })
      );
    case 'kind':
      return byColumn(
        (table) => table.kind,
        () => [...Array(256).keys()],
        (kind) => leaf({ kind })
      );
    case 'status':
      return byColumn(
        (table) => table.statusCode,
        () => [...Array(256).keys()],
        (statusCode) => leaf({ statusCode })
      );
    case 'duration':
      return byDuration(leaf);
    case 'instrumentation:name':
    case 'instrumentation:version':
      return (_, part) => byCode(part.scope, part.scopes, (scope) => leaf({ scope }));
    case 'trace:id':
      return (table, part) =>
        new Uint8Array(part.rowEnd - part.rowStart).fill(leaf({ traceId: table.traceId }) ? 1 : 0);
    default:
      return undefined;
  }
}

/** A codes' column, its dictionary, and the answer per distinct value, asked for when a row has it. */
function byCode<T>(codes: ArrayLike<number>, values: readonly T[], holds: (value: T) => boolean): Uint8Array {
  const truths = new Uint8Array(values.length).fill(unknown);
  return Uint8Array.from(codes, (code) => {
    if (truths[code] === unknown) {
      truths[code] = holds(values[code]) ? 1 : 0;
    }
    return truths[code];
  });
}

/** Of the skeleton; rows that it cannot say exactly are unknown. */
function byColumn<T>(
  codesOf: (table: SpanTable) => Uint8Array | Uint32Array,
  valuesOf: (table: SpanTable) => readonly T[],
  holds: (value: T) => boolean
): Truths {
  return (table, part) => {
    const truths = byCode(codesOf(table).subarray(part.rowStart, part.rowEnd), valuesOf(table), holds);
    part.source.forEach((source, i) => (truths[i] = source === 0 ? truths[i] : unknown));
    return truths;
  };
}

function byDuration(leaf: (of: Partial<Span>) => boolean): Truths {
  return (table, part) => {
    const truths = new Uint8Array(part.rowEnd - part.rowStart);
    const known = new Map<number, number>();
    for (let row = part.rowStart, i = 0; row < part.rowEnd; row++, i++) {
      const nanos = table.durationNanos[row];
      let truth = part.source[i] === 0 ? known.get(nanos) : unknown;
      if (truth === undefined) {
        truth = leaf(nanos < 0 ? { startUnixNanos: BigInt(-nanos) } : { endUnixNanos: BigInt(nanos) }) ? 1 : 0;
        known.set(nanos, truth);
      }
      truths[i] = truth;
    }
    return truths;
  };
}

function absent(leaf: (of: Partial<Span>) => boolean): number {
  return leaf({}) ? 1 : 0;
}

/** The first entry of the row with this key decides. */
function bySpanAttribute(
  part: SpanRows,
  key: string,
  truthOf: (i: number, own: number | undefined) => number,
  leaf: (of: Partial<Span>) => boolean,
  isNothing: (entry: number) => boolean = () => false
): Uint8Array {
  const { attributeStart, entry, entryKey } = part;
  const keyCode = part.keys.indexOf(key);
  const ofEntry = new Uint8Array(entryKey.length).fill(unknown);
  const rowCount = part.rowEnd - part.rowStart;
  const truths = new Uint8Array(rowCount);
  for (let i = 0; i < rowCount; i++) {
    let own: number | undefined;
    for (let at = attributeStart[i]; keyCode >= 0 && at < attributeStart[i + 1]; at++) {
      const code = entry[at];
      if (entryKey[code] === keyCode) {
        if (!isNothing(code)) {
          if (ofEntry[code] === unknown) {
            ofEntry[code] = leaf({ attributes: [attributeOfEntry(part, code)] }) ? 1 : 0;
          }
          own = ofEntry[code];
        }
        break;
      }
    }
    truths[i] = truthOf(i, own);
  }
  return truths;
}

/** Nearest first: span, resource, events, links, instrumentation scope. Values that TraceQL cannot read do not count. */
function byAnyAttribute(part: SpanRows, key: string, leaf: (of: Partial<Span>) => boolean): Uint8Array {
  const ofShared = new Map<string, number>();
  const shared = (i: number): number => {
    if (messageLengthOf(part, part.rowStart + i) > 0) {
      return unknown;
    }
    const code = `${part.resource[i]} ${part.scope[i]}`;
    let truth = ofShared.get(code);
    if (truth === undefined) {
      truth = leaf({ resource: part.resources[part.resource[i]], scope: part.scopes[part.scope[i]] }) ? 1 : 0;
      ofShared.set(code, truth);
    }
    return truth;
  };
  const isQueryable = new Uint8Array(part.entryKey.length).fill(unknown);
  return bySpanAttribute(
    part,
    key,
    (i, own) => own ?? shared(i),
    leaf,
    (entry) => {
      if (isQueryable[entry] === unknown) {
        isQueryable[entry] = staticFromAnyValue(attributeOfEntry(part, entry).value).type === 'nil' ? 0 : 1;
      }
      return isQueryable[entry] === 0;
    }
  );
}
