import type { SpanEvent, SpanLink } from '../../../trace/model.ts';
import type { BinaryExpression, Field } from '../../../traceql/ast.ts';
import { printField } from '../../../traceql/attributes.ts';
import { regexPattern, regexPredicate } from '../../../traceql/expression.ts';
import type { Static } from '../../../traceql/static.ts';
import { decodeEvents, decodeLinks } from '../../../wire/otlp-protobuf.ts';
import type { RowSet } from '../../row-set.ts';
import { fieldVector } from './fields.ts';
import { orderOfTraces } from './trace-order.ts';
import type { TraceOrder } from './trace-order.ts';
import { buildRowTree } from './tree.ts';
import type { RowTree } from './tree.ts';
import type { Mask, Vector } from './vector.ts';
import { none } from './vector.ts';

/** Regular expressions of a query, compiled when they are first met. */
export class RegexCache {
  private readonly known = new Map<BinaryExpression, (value: Static) => boolean>();

  /** Of `… =~ "…"` or `… !~ "…"`. */
  predicate(expression: BinaryExpression): (value: Static) => boolean {
    let predicate = this.known.get(expression);
    if (predicate === undefined) {
      predicate = regexPredicate(expression.op === '=~' ? '=~' : '!~', regexPattern(expression));
      this.known.set(expression, predicate);
    }
    return predicate;
  }
}

/** A row set as kernels see it: what several predicates and stages need of it, worked out when it is first asked for. */
export class RowFrame {
  readonly rows: RowSet;
  readonly regexes: RegexCache;
  readonly poll: () => void;
  /**
   * Traces that only the reference evaluator can answer, one byte each: their spans share ids, close a cycle or cannot be told apart by
   * start and id. Marked as it turns up, and only when the query depends on it: to be read when all is evaluated.
   */
  readonly unclear: Uint8Array;
  private readonly vectors = new Map<string, Vector>();
  private readonly lists = new Map<'events' | 'links', ListColumn | undefined>();
  private knownTree: RowTree | undefined;
  private knownOrder: TraceOrder | undefined;

  /** `poll` is called every millisecond of work or so; what it throws ends the work. */
  constructor(rows: RowSet, regexes: RegexCache, poll: () => void) {
    this.rows = rows;
    this.poll = poll;
    this.regexes = regexes;
    this.unclear = new Uint8Array(rows.traceCount);
  }

  /** Of fields that walk the events or links of a span: nil. */
  vector(field: Field): Vector {
    const name = `${field.kind} ${printField(field)}`;
    let vector = this.vectors.get(name);
    if (vector === undefined) {
      this.poll();
      vector = fieldVector(this, field);
      this.vectors.set(name, vector);
    }
    return vector;
  }

  get tree(): RowTree {
    return (this.knownTree ??= buildRowTree(this.rows, this.unclear));
  }

  /** Rows by trace, in the order of the trace. */
  get order(): TraceOrder {
    return (this.knownOrder ??= orderOfTraces(this.rows));
  }

  eventsOf(row: number): readonly SpanEvent[] {
    return (this.list('events')?.of(row) as readonly SpanEvent[] | undefined) ?? [];
  }

  linksOf(row: number): readonly SpanLink[] {
    return (this.list('links')?.of(row) as readonly SpanLink[] | undefined) ?? [];
  }

  /** Rows with an event (or a link). */
  rowsWith(list: 'events' | 'links'): Mask {
    return this.list(list)?.rows ?? none(this.rows.rowCount);
  }

  private list(name: 'events' | 'links'): ListColumn | undefined {
    if (!this.lists.has(name)) {
      this.lists.set(name, openList(this.rows, name));
    }
    return this.lists.get(name);
  }
}

interface ListColumn {
  readonly rows: Mask;
  of(row: number): readonly (SpanEvent | SpanLink)[];
}

/** Each entry is decoded once. */
function openList(rowSet: RowSet, name: 'events' | 'links'): ListColumn | undefined {
  const column = rowSet.column('intrinsic', name, 'raw');
  if (column === undefined) {
    return undefined;
  }
  const { codes, dictionary } = column;
  const decode = name === 'events' ? decodeEvents : decodeLinks;
  const decoded = new Map<number, readonly (SpanEvent | SpanLink)[]>();
  const rows = none(rowSet.rowCount);
  for (let row = 0; row < rows.length; row++) {
    rows[row] = codes[row] === 0 ? 0 : 1;
  }
  return {
    rows,
    of: (row) => {
      const code = codes[row];
      if (code === 0) {
        return [];
      }
      let list = decoded.get(code);
      if (list === undefined) {
        list = decode(dictionary.bytesAt(code - 1));
        decoded.set(code, list);
      }
      return list;
    },
  };
}
