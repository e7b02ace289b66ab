/** What a look-up of values and names gathers from rows and traces. */
import { AttributeNameSets, AttributeValueSet, listedValues, matchedSpans } from '../../store/attribute-sets.ts';
import type { AttributeNameScope } from '../../store/trace-store.ts';
import type { OwnField, Query } from '../../traceql/ast.ts';
import { printField } from '../../traceql/attributes.ts';
import { printQuery } from '../../traceql/printer.ts';
import { listOfField } from '../../traceql/fields.ts';
import type { Static } from '../../traceql/static.ts';
import { decodeKeyValues } from '../../wire/otlp-protobuf.ts';
import type { Attribute, Trace } from '../../trace/model.ts';
import type { Codes, ColumnKey, ColumnScope } from '../row-set.ts';
import { columnsOfField, rawColumnKey } from './field-columns.ts';
import type { RowFrame } from './kernels/frame.ts';
import { valuesOfLists } from './kernels/truth.ts';
import type { Mask, Vector } from './kernels/vector.ts';
import { valueOfRow } from './kernels/vector.ts';
import type { RowConsumer, SpanConsumer } from './matching-spans.ts';
import { staticOfEntry } from './match-rows.ts';
import type { Source } from './view.ts';

/** A text of some ten characters, its key and its places in a map. */
const bytesPerFact = 200;

/** Gathers the values of a field. */
export class ValueConsumer implements SpanConsumer<AttributeValueSet> {
  readonly values = new AttributeValueSet();
  readonly isRowwise: boolean;
  readonly name: string;
  private readonly field: OwnField;
  private readonly filter: Query | undefined;

  constructor(field: OwnField, filter: Query | undefined) {
    this.field = field;
    this.isRowwise = !columnsOfField(field).wholeTrace;
    this.filter = filter;
    this.name = `values ${field.kind} ${printField(field)} ${filter === undefined ? '' : printQuery(filter)}`;
  }

  /** A row group is left out when all values of its dictionaries are known. */
  async mayTell(source: Source): Promise<boolean> {
    const { coded, raw, fixed, wholeTrace } = columnsOfField(this.field);
    if (source.kind === 'head' || wholeTrace || fixed !== undefined) {
      return true;
    }
    const { reader, rowGroup } = source;
    if (raw.some((column) => reader.hasColumn(rowGroup, rawColumnKey(column)))) {
      return true;
    }
    for (const key of coded) {
      const dictionary = await reader.readDictionary(rowGroup, key);
      for (let entry = 0; entry < (dictionary?.size ?? 0); entry++) {
        const value = staticOfEntry(dictionary!, entry);
        if (value !== undefined && !this.values.has(value)) {
          return true;
        }
      }
    }
    return false;
  }

  async open(frame: RowFrame): Promise<RowConsumer<AttributeValueSet>> {
    const { field, values } = this;
    const fields = scopesOf(field);
    const vectors = fields.filter((each) => listOfField(each) === undefined).map((each) => frame.vector(each));
    const lists = fields.filter((each) => listOfField(each) !== undefined);
    const listed = (row: number): Static[] =>
      [
        ...vectors.map((vector) => valueOfRow(vector, row)),
        ...lists.flatMap((each) => valuesOfLists(frame, each, row)),
      ].filter((value) => isListed(field, value));
    return {
      take: (rows) => {
        const facts = new AttributeValueSet();
        for (const vector of vectors) {
          for (const value of distinctValues(vector, rows)) {
            if (isListed(field, value)) {
              facts.add(value);
            }
          }
        }
        for (const each of lists) {
          for (let row = rows.indexOf(1); row !== -1; row = rows.indexOf(1, row + 1)) {
            valuesOfLists(frame, each, row).forEach((value) => facts.add(value));
          }
        }
        return { facts, bytes: facts.size * bytesPerFact };
      },
      // What other fragments decide cannot be told from this one.
      mayTell: (rows) =>
        columnsOfField(field).wholeTrace || rows.some((row) => listed(row).some((value) => !values.has(value))),
    };
  }

  add(values: AttributeValueSet): void {
    this.values.addValues(values);
  }

  takeTrace(trace: Trace): void {
    const spans = this.filter === undefined ? trace.spans : matchedSpans(this.filter, trace);
    for (const span of spans) {
      listedValues(this.field, span, trace).forEach((value) => this.values.add(value));
    }
  }
}

/** As `listedValues`: an intrinsic that is the empty text has nothing to offer. */
function isListed(field: OwnField, value: Static): boolean {
  return value.type !== 'nil' && (field.kind === 'attribute' || value.type !== 'string' || value.value !== '');
}

/** An unscoped attribute stands for all its scopes. */
function scopesOf(field: OwnField): readonly OwnField[] {
  return field.kind === 'attribute' && field.scope === 'any'
    ? (['resource', 'span', 'event', 'link', 'instrumentation'] as const).map((scope) => ({ ...field, scope }))
    : [field];
}

function* distinctValues(vector: Vector, rows: Mask): Generator<Static> {
  if (vector.kind !== 'coded') {
    for (let row = rows.indexOf(1); row !== -1; row = rows.indexOf(1, row + 1)) {
      yield valueOfRow(vector, row);
    }
    return;
  }
  const { codes, size } = vector;
  const used = new Uint8Array(size);
  for (let row = 0; row < rows.length; row++) {
    used[codes[row]] |= rows[row];
  }
  for (let code = used.indexOf(1); code !== -1; code = used.indexOf(1, code + 1)) {
    yield vector.at(code);
  }
}

/** Most names of attributes are on one of a few dozen rows: only the others are looked for on all. */
const probedRows = 64;

/** Some of the rows of a mask, from all over it, ascending. */
function someRows(mask: Mask): number[] {
  const rows: number[] = [];
  const stride = mask.length / probedRows;
  for (
    let row = mask.indexOf(1);
    row !== -1;
    row = mask.indexOf(1, Math.max(row + 1, Math.ceil(rows.length * stride)))
  ) {
    rows.push(row);
  }
  return rows;
}

/** The columns of attributes. */
function isAttribute(key: ColumnKey): key is ColumnKey & { readonly scope: Exclude<ColumnScope, 'intrinsic'> } {
  return key.scope !== 'intrinsic';
}

const extras = {
  span: 'span_extra',
  resource: 'resource_extra',
  instrumentation: 'scope_extra',
} as const;

/** Gathers the names of attributes. */
export class NameConsumer implements SpanConsumer<AttributeNameSets> {
  readonly names = new AttributeNameSets();
  readonly isRowwise = true;
  readonly name: string;
  private readonly filter: Query;

  constructor(filter: Query) {
    this.filter = filter;
    this.name = `names ${printQuery(filter)}`;
  }

  /** A row group is left out when all its columns are known and it has none with names inside. */
  async mayTell(source: Source): Promise<boolean> {
    if (source.kind === 'head') {
      return true;
    }
    const { reader, rowGroup } = source;
    return reader.columnKeys.some(
      (key) =>
        reader.hasColumn(rowGroup, key) &&
        (key.scope === 'intrinsic' ? key.type === 'raw' : !this.names.has(key.scope, key.key))
    );
  }

  async open(frame: RowFrame, source: Source): Promise<RowConsumer<AttributeNameSets>> {
    const { names } = this;
    const keys = frame.rows.columnKeys.filter(isAttribute);
    const rowSet = source.kind === 'head' ? frame.rows : await source.reader.readRowGroup(source.rowGroup, keys);
    const codesOf = ({ scope, key, type }: ColumnKey): Codes | undefined => rowSet.column(scope, key, type)?.codes;
    return {
      take: (rows) => {
        const facts = new AttributeNameSets();
        const probe = rowSet.narrow?.(someRows(rows));
        for (const { scope, key, type } of keys) {
          if (probe?.column(scope, key, type)?.codes.some((code) => code !== 0) === true) {
            facts.add(scope, key);
          }
        }
        for (const key of keys.filter((each) => !facts.has(each.scope, each.key))) {
          const codes = codesOf(key);
          if (codes !== undefined && rows.some((selected, row) => selected === 1 && codes[row] !== 0)) {
            facts.add(key.scope, key.key);
          }
        }
        takeInside(frame, rows, facts);
        return { facts, bytes: keys.length * bytesPerFact };
      },
      mayTell: (rows) =>
        keys.some((key) => !names.has(key.scope, key.key) && rows.some((row) => (codesOf(key)?.[row] ?? 0) !== 0)) ||
        this.mayTellInside(frame, rows),
    };
  }

  /** Names that are no columns, see `takeInside`. */
  private mayTellInside(frame: RowFrame, rows: readonly number[]): boolean {
    const isNew = (
      scope: AttributeNameScope,
      lists: readonly { readonly attributes: readonly Attribute[] }[]
    ): boolean => lists.some(({ attributes }) => attributes.some(({ key }) => !this.names.has(scope, key)));
    return (
      rows.some((row) => isNew('event', frame.eventsOf(row)) || isNew('link', frame.linksOf(row))) ||
      Object.values(extras).some((name) => {
        const codes = frame.rows.column('intrinsic', name, 'raw')?.codes;
        return codes !== undefined && rows.some((row) => codes[row] !== 0);
      })
    );
  }

  add(names: AttributeNameSets): void {
    this.names.addNames(names);
  }

  takeTrace(trace: Trace): void {
    matchedSpans(this.filter, trace).forEach((span) => this.names.addSpan(span));
  }
}

/** Names that are no columns: of events and links, and of attributes that have none of their own. */
function takeInside(frame: RowFrame, rows: Mask, names: AttributeNameSets): void {
  const both = (mask: Mask): Mask => mask.map((value, row) => value & rows[row]);
  const events = both(frame.rowsWith('events'));
  for (let row = events.indexOf(1); row !== -1; row = events.indexOf(1, row + 1)) {
    frame.eventsOf(row).forEach(({ attributes }) => names.addAll('event', attributes));
  }
  const links = both(frame.rowsWith('links'));
  for (let row = links.indexOf(1); row !== -1; row = links.indexOf(1, row + 1)) {
    frame.linksOf(row).forEach(({ attributes }) => names.addAll('link', attributes));
  }
  for (const [scope, name] of Object.entries(extras) as [AttributeNameScope, (typeof extras)['span']][]) {
    const column = frame.rows.column('intrinsic', name, 'raw');
    if (column === undefined) {
      continue;
    }
    const seen = new Set<number>();
    for (let row = rows.indexOf(1); row !== -1; row = rows.indexOf(1, row + 1)) {
      const code = column.codes[row];
      if (code !== 0 && !seen.has(code)) {
        seen.add(code);
        names.addAll(scope, decodeKeyValues(column.dictionary.bytesAt(code - 1)));
      }
    }
  }
}
