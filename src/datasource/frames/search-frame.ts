import {
  createDataFrame,
  FieldType,
  getDisplayProcessor,
  type DataFrame,
  type DataLink,
  type Field,
  type FieldConfig,
  type GrafanaTheme2,
  type QueryResultMetaNotice,
} from '@grafana/data';
import type { TableType } from '../query.ts';
import {
  cellOf,
  millisOfNanos,
  type FoundSpan,
  type FoundSpanset,
  type FoundTrace,
  type SearchBody,
} from '../tempo-json.ts';

/** Where links in a table lead: the data source that answered. */
export interface LinkTarget {
  readonly uid: string;
  readonly name: string;
}

export interface SearchFrameOptions {
  readonly refId: string;
  readonly tableType: TableType;
  /** That was asked with: an answer as long as that may not be all. */
  readonly limit?: number;
  readonly target: LinkTarget;
  /** Cells of nested frames are formatted here: Grafana does not do it below the first level. */
  readonly theme: GrafanaTheme2;
}

/** Found traces as Explore and the table panel show them. Source: the Tempo data source's search tables. */
export function searchFrames(body: SearchBody, options: SearchFrameOptions): DataFrame[] {
  const frame = searchFrame(body, options);
  const notices = noticesOf(body, options);
  if (notices.length > 0) {
    frame.meta = { ...frame.meta, notices };
  }
  return [frame];
}

function noticesOf(body: SearchBody, { limit }: SearchFrameOptions): QueryResultMetaNotice[] {
  const found = body.traces?.length ?? 0;
  return [
    ...(body.status === 'PARTIAL'
      ? [{ severity: 'warning' as const, text: body.message || 'The answer is partial.' }]
      : []),
    ...(limit !== undefined && found >= limit
      ? [{ severity: 'info' as const, text: `The newest ${found} traces are shown; there may be more.` }]
      : []),
  ];
}

function searchFrame(body: SearchBody, options: SearchFrameOptions): DataFrame {
  switch (options.tableType) {
    case 'traces':
      return tracesFrame(newestFirst(body), options);
    case 'spans':
      return spansFrame(newestFirst(body), options);
    case 'raw':
      return frameOf('Raw', options.refId, [
        { name: 'response', type: FieldType.string, config: {}, values: [JSON.stringify(body, undefined, 2)] },
      ]);
  }
}

function newestFirst(body: SearchBody): FoundTrace[] {
  const start = (trace: FoundTrace) => BigInt(trace.startTimeUnixNano ?? '0');
  return [...(body.traces ?? [])].sort((a, b) => (start(b) > start(a) ? 1 : start(b) < start(a) ? -1 : 0));
}

/** One row a trace, its spansets as nested frames in the last column. */
function tracesFrame(traces: readonly FoundTrace[], options: SearchFrameOptions): DataFrame {
  const nested = nestedFrames(traces, options);
  const frame = frameOf('Traces', options.refId, [
    traceIdField(
      'traceID',
      traces.map((trace) => trace.traceID),
      options.target
    ),
    timeField(
      'startTime',
      'Start time',
      traces.map((trace) => millisOfNanos(trace.startTimeUnixNano))
    ),
    stringField(
      'traceService',
      'Service',
      traces.map((trace) => trace.rootServiceName ?? '')
    ),
    stringField(
      'traceName',
      'Name',
      traces.map((trace) => trace.rootTraceName ?? '')
    ),
    {
      name: 'traceDuration',
      type: FieldType.number,
      config: { displayNameFromDS: 'Duration', unit: 'ms', noValue: '<1ms', custom: { width: 120 } },
      // proto3 JSON leaves out a duration of 0 ms.
      values: traces.map((trace) => trace.durationMs),
    },
    ...(nested.some((frames) => frames.length > 0)
      ? [{ name: 'nested', type: FieldType.nestedFrames, config: {}, values: nested }]
      : []),
  ]);
  frame.meta = { ...frame.meta, uniqueRowIdFields: [0] };
  return frame;
}

/** All frames below one column share one schema, so their columns are those of all traces together. */
function nestedFrames(traces: readonly FoundTrace[], options: SearchFrameOptions): DataFrame[][] {
  const columns = spanColumns(traces);
  return traces.map((trace) =>
    spansetsOf(trace)
      .filter((spanset) => (spanset.spans ?? []).length > 0)
      .map((spanset) => {
        const rows = (spanset.spans ?? []).map((span) => ({ trace, spanset, span }));
        const frame = frameOf('Spans', options.refId, spanFields(rows, columns, options, []));
        for (const field of frame.fields) {
          field.display = getDisplayProcessor({ field, theme: options.theme });
        }
        return frame;
      })
  );
}

function spansFrame(traces: readonly FoundTrace[], options: SearchFrameOptions): DataFrame {
  const rows = traces.flatMap((trace) =>
    spansetsOf(trace).flatMap((spanset) => (spanset.spans ?? []).map((span) => ({ trace, spanset, span })))
  );
  return frameOf(
    'Spans',
    options.refId,
    spanFields(rows, spanColumns(traces), options, [
      stringField(
        'traceService',
        'Trace service',
        rows.map((row) => row.trace.rootServiceName ?? '')
      ),
      stringField(
        'traceName',
        'Trace name',
        rows.map((row) => row.trace.rootTraceName ?? '')
      ),
    ])
  );
}

/** Which optional columns a table of spans has: those that any span needs. */
interface SpanColumns {
  readonly hasNames: boolean;
  /** Sorted. */
  readonly attributes: readonly string[];
}

function spanColumns(traces: readonly FoundTrace[]): SpanColumns {
  const spansets = traces.flatMap(spansetsOf);
  const hasNames = spansets.some((spanset) => spanset.spans?.some((span) => Boolean(span.name)));
  return { hasNames, attributes: attributeNames(spansets) };
}

interface SpanRow {
  readonly trace: FoundTrace;
  readonly spanset: FoundSpanset;
  readonly span: FoundSpan;
}

function spanFields(
  rows: readonly SpanRow[],
  columns: SpanColumns,
  options: SearchFrameOptions,
  extra: Field[]
): Field[] {
  return [
    {
      ...stringField(
        'traceIdHidden',
        'Trace ID',
        rows.map((row) => row.trace.traceID)
      ),
      config: { custom: { hidden: true, hideFrom: { viz: true } } },
    },
    {
      name: 'spanID',
      type: FieldType.string,
      config: { displayNameFromDS: 'Span ID', custom: { width: 160 }, links: [spanLink(options.target)] },
      values: rows.map((row) => row.span.spanID),
    },
    timeField(
      'time',
      'Start time',
      rows.map((row) => millisOfNanos(row.span.startTimeUnixNano))
    ),
    ...extra,
    ...(columns.hasNames
      ? [
          stringField(
            'name',
            'Name',
            rows.map((row) => row.span.name ?? '')
          ),
        ]
      : []),
    ...columns.attributes.map((name) => attributeField(name, rows)),
    {
      name: 'duration',
      type: FieldType.number,
      config: { displayNameFromDS: 'Duration', unit: 'ns', custom: { width: 120 } },
      values: rows.map((row) => Number(row.span.durationNanos ?? 0)),
    },
  ];
}

/** Numbers stay numbers when every value of the column is one. */
function attributeField(name: string, rows: readonly SpanRow[]): Field {
  const values = rows.map((row) => {
    const attribute =
      row.span.attributes?.find((candidate) => candidate.key === name) ??
      row.spanset.attributes?.find((candidate) => candidate.key === name);
    return attribute === undefined ? undefined : cellOf(attribute.value);
  });
  const known = values.filter((value) => value !== undefined);
  if (known.length > 0 && known.every((value) => typeof value === 'number')) {
    return { name, type: FieldType.number, config: { displayNameFromDS: name, filterable: true }, values };
  }
  return stringField(
    name,
    name,
    values.map((value) => (value === undefined ? undefined : String(value)))
  );
}

function attributeNames(spansets: readonly FoundSpanset[]): string[] {
  const names = new Set<string>();
  for (const spanset of spansets) {
    for (const attribute of spanset.attributes ?? []) {
      names.add(attribute.key);
    }
    for (const span of spanset.spans ?? []) {
      for (const attribute of span.attributes ?? []) {
        names.add(attribute.key);
      }
    }
  }
  return [...names].sort();
}

/** `spanSet` is the deprecated form of a single spanset. */
function spansetsOf(trace: FoundTrace): readonly FoundSpanset[] {
  return trace.spanSets ?? (trace.spanSet === undefined ? [] : [trace.spanSet]);
}

function traceIdField(name: string, values: string[], target: LinkTarget): Field {
  const config: FieldConfig = { displayNameFromDS: 'Trace ID', custom: { width: 200 }, links: [traceLink(target)] };
  return { name, type: FieldType.string, config, values };
}

/** Opens the trace of the clicked cell in the same data source. */
export function traceLink(target: LinkTarget): DataLink {
  return {
    title: 'Trace: ${__value.raw}',
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: '${__value.raw}', queryType: 'traceql' },
    },
  };
}

function spanLink(target: LinkTarget): DataLink {
  return {
    title: 'Span: ${__value.raw}',
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: '${__data.fields.traceIdHidden}', queryType: 'traceql' },
      panelsState: { trace: { spanId: '${__value.raw}' } },
    },
  };
}

function stringField(name: string, displayNameFromDS: string, values: (string | undefined)[]): Field {
  return { name, type: FieldType.string, config: { displayNameFromDS, filterable: true }, values };
}

function timeField(name: string, displayNameFromDS: string, values: (number | undefined)[]): Field {
  return { name, type: FieldType.time, config: { displayNameFromDS, custom: { width: 200 } }, values };
}

function frameOf(name: string, refId: string, fields: Field[]): DataFrame {
  const frame = createDataFrame({ name, refId, fields, meta: { preferredVisualisationType: 'table' } });
  // Nested frames need a plain `length`; without fields there is nothing to derive it from.
  return { ...frame, length: fields[0].values.length };
}
