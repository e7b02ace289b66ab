/**
 * One trace and the rows of it that have come so far, and every question that is asked of them. Synchronous and portable: the same code
 * answers in a worker, in the page, in the server and in tests.
 */
import { assert } from '../../base/assert.ts';
import { CodedError } from '../../base/coded-error.ts';
import type { AttributeColumn, AttributeKey, Matches } from '../../trace/attribute-columns.ts';
import { compareSpans } from '../../trace/merge.ts';
import type { Span, Trace } from '../../trace/model.ts';
import type { SpanTable, WholeSpanTable } from '../../trace/span-table.ts';
import { spanTableOf } from '../../trace/span-table.ts';
import { compileQuery } from '../../traceql/evaluate.ts';
import { TraceFacts } from '../../traceql/fields.ts';
import { parseQuery } from '../../traceql/parser.ts';
import { validateQuery } from '../../traceql/validate.ts';
import { decodeSpanRows, encodeSpanRows, messageLengthOf, spanOfRow } from '../vivace/span-rows.ts';
import type { SpanRows } from '../vivace/span-rows.ts';
import { columnOf, keysOf } from './attribute-columns.ts';
import { AttributeText, SkeletonText, textOf } from './find-rows.ts';
import { compileRowFilter } from './row-predicate.ts';

export class OpenTrace {
  readonly table: SpanTable;
  /** Ascending, each beginning where the one before ended. */
  private readonly parts: SpanRows[] = [];
  private skeletonText: SkeletonText | undefined;
  private readonly attributeTexts: AttributeText[] = [];

  constructor(table: SpanTable) {
    this.table = table;
  }

  /** Rows `[0, loadedRows)` are here. */
  get loadedRows(): number {
    return this.parts.at(-1)?.rowEnd ?? 0;
  }

  get isWhole(): boolean {
    return this.loadedRows === this.table.rowCount;
  }

  /** The rows that follow those that are here. */
  add(part: SpanRows): void {
    assert(part.rowStart === this.loadedRows, `rows from ${part.rowStart}, but ${this.loadedRows} are here`);
    this.parts.push(part);
  }

  /** `undefined` when the row has not come yet. */
  span(row: number): Span | undefined {
    const part = this.parts.find(({ rowStart, rowEnd }) => rowStart <= row && row < rowEnd);
    return part && spanOfRow(this.table, part, row);
  }

  keys(): readonly AttributeKey[] {
    return keysOf(this.parts);
  }

  column(key: Pick<AttributeKey, 'scope' | 'key' | 'type'>): AttributeColumn {
    return columnOf(this.parts, this.table.rowCount, key);
  }

  /** What of the trace an answer looked at. */
  private searched(): Pick<Matches, 'isPartial' | 'searched'> {
    const { loadedRows, isWhole } = this;
    const count = (rows: number): string => rows.toLocaleString('en-US');
    return {
      isPartial: !isWhole,
      searched: isWhole
        ? 'everything'
        : `names, services, ids and messages of all spans; attributes of ${count(loadedRows)} of ${count(this.table.rowCount)}`,
    };
  }

  find(text: string): Matches {
    const { rowCount } = this.table;
    const needle = text.trim().toLowerCase();
    if (needle === '') {
      return { matches: new Uint8Array(rowCount).fill(1), count: rowCount, isPartial: false, searched: 'everything' };
    }
    const matches = new Uint8Array(rowCount);
    this.skeletonText ??= new SkeletonText(this.table);
    this.skeletonText.mark(needle, matches);
    this.parts.forEach((part, index) => {
      this.attributeTexts[index] ??= new AttributeText(part, this.eventTexts(part));
      this.attributeTexts[index].mark(needle, matches);
    });
    return { matches, count: countOf(matches), ...this.searched() };
  }

  private *eventTexts(part: SpanRows): Generator<readonly [number, string]> {
    const { eventStart } = this.table;
    for (let row = part.rowStart; row < part.rowEnd; row++) {
      if (eventStart[row] < eventStart[row + 1] && messageLengthOf(part, row) > 0) {
        for (const event of spanOfRow(this.table, part, row).events) {
          for (const attribute of event.attributes) {
            yield [row, textOf(attribute)];
          }
        }
      }
    }
  }

  /** Errors: `query_invalid`; `invalid_argument` for a metrics query. */
  filter(traceql: string): Matches {
    const query = parseQuery(traceql);
    validateQuery(query);
    const { body } = query;
    if (body.kind !== 'pipeline') {
      throw new CodedError(
        'invalid_argument',
        'A metrics query selects no spans: filter by what stands before the metrics.'
      );
    }
    const { rowCount } = this.table;
    const [stage] = body.stages;
    const mark =
      body.stages.length === 1 && stage.kind === 'spanset-filter' ? compileRowFilter(stage.expression) : undefined;
    const matches = new Uint8Array(rowCount);
    if (mark !== undefined) {
      this.parts.forEach((part) => mark(this.table, part, matches));
      return { matches, count: countOf(matches), ...this.searched() };
    }
    const { trace, rows } = this.evaluated();
    for (const spanset of compileQuery(query)(new TraceFacts(trace))) {
      spanset.spans.forEach((index) => (matches[rows[index]] = 1));
    }
    return { matches, count: countOf(matches), ...this.searched() };
  }

  /** The trace as stores keep it, in their order, and the row of each of its spans. Of what is here. */
  private evaluated(): { readonly trace: Trace; readonly rows: Uint32Array } {
    const spans = this.spans();
    const rows = Uint32Array.from(spans, (_, row) => row).sort((a, b) => compareSpans(spans[a], spans[b]));
    return { trace: { traceId: this.table.traceId, spans: Array.from(rows, (row) => spans[row]) }, rows };
  }

  /** Those of `rows`, or all, that are here. */
  spans(rows?: Uint32Array): readonly Span[] {
    if (rows !== undefined) {
      return Array.from(rows, (row) => this.span(row)).filter((span) => span !== undefined);
    }
    return this.parts.flatMap((part) =>
      Array.from({ length: part.rowEnd - part.rowStart }, (_, i) => spanOfRow(this.table, part, part.rowStart + i))
    );
  }
}

/** A trace whose spans are at hand: columns of it, without the objects. */
export function openTraceOf(spans: readonly Span[]): OpenTrace {
  const { spans: sorted, ...table } = spanTableOf({ traceId: spans[0]?.traceId ?? '', spans });
  const open = new OpenTrace(table);
  const whole: WholeSpanTable = { ...table, spans: sorted };
  open.add(decodeSpanRows(encodeSpanRows(whole, '', 0, table.rowCount)));
  return open;
}

function countOf(matches: Uint8Array): number {
  return matches.reduce((count, match) => count + match, 0);
}
