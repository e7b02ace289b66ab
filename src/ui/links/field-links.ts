import type { Span } from '../../trace/model.ts';
import { rangeOf, type FindDataSource, type SpanLink } from './span-links.ts';
import { fillIn, memberOf, missingVariables, spanVariables, type LinkedTrace, type ReadVariable } from './variables.ts';

/** A link on a field of a frame, as Grafana writes it: put there by the data source, by a panel's author, or by a correlation. */
export interface FieldLink {
  readonly title: string;
  /** A URL with variables; empty where `internal` says it. */
  readonly url?: string;
  readonly internal?: {
    readonly datasourceUid: string;
    /** Absent with correlations that only carry a text. */
    readonly query?: unknown;
    readonly panelsState?: unknown;
    readonly transformations?: readonly LinkTransformation[];
  };
  /** Where a correlation keeps its transformations when it leads to a URL. */
  readonly meta?: { readonly transformations?: readonly LinkTransformation[] };
}

/** Makes variables out of a field's text. Source: Grafana's correlations. */
export interface LinkTransformation {
  readonly type: string;
  readonly field?: string;
  readonly expression?: string;
  readonly mapValue?: string;
}

/** A trace frame, as far as links read it; Grafana's data frames are such. */
export interface LinkFrame {
  readonly length: number;
  readonly fields: readonly {
    readonly name: string;
    readonly values: ArrayLike<unknown>;
    readonly config?: { readonly links?: readonly FieldLink[]; readonly displayName?: string };
  }[];
}

/** Links that the fields of the frames carry, for each span; `undefined` where no field has one. */
export function fieldLinksOf(
  frames: readonly LinkFrame[],
  find: FindDataSource
): ((span: Span, trace: LinkedTrace) => readonly SpanLink[]) | undefined {
  const linked = frames.filter((frame) => frame.fields.some(({ config }) => (config?.links ?? []).length > 0));
  if (linked.length === 0) {
    return undefined;
  }
  let rows: Map<string, { readonly frame: LinkFrame; readonly row: number }> | undefined;
  return (span, trace) => {
    rows ??= rowsBySpan(linked);
    const found = rows.get(span.spanId.toLowerCase().padStart(16, '0'));
    return found === undefined ? [] : rowLinks(found.frame, found.row, span, trace, find);
  };
}

function rowsBySpan(frames: readonly LinkFrame[]): Map<string, { readonly frame: LinkFrame; readonly row: number }> {
  const rows = new Map<string, { readonly frame: LinkFrame; readonly row: number }>();
  for (const frame of frames) {
    const ids = frame.fields.find(({ name }) => name === 'spanID')?.values ?? [];
    for (let row = 0; row < ids.length; row++) {
      const id = String(ids[row]).toLowerCase().padStart(16, '0');
      if (!rows.has(id)) {
        rows.set(id, { frame, row });
      }
    }
  }
  return rows;
}

/** A link whose variables have no value is left out, as Grafana does: its query would ask for something else. */
function rowLinks(frame: LinkFrame, row: number, span: Span, trace: LinkedTrace, find: FindDataSource): SpanLink[] {
  const known = spanVariables(span, trace, '');
  return frame.fields.flatMap(({ name, values, config }) =>
    (config?.links ?? []).flatMap((link): SpanLink[] => {
      const made = transformed(link.internal?.transformations ?? link.meta?.transformations ?? [], frame, row, name);
      const read: ReadVariable = (variable) =>
        made.get(variable) ??
        (variable === '__value.raw' || variable === '__value.text' ? cellText(values[row]) : undefined) ??
        (variable === '__targetField' ? name : undefined) ??
        (variable === '__tags' ? undefined : known(variable)) ??
        fieldText(frame, row, memberOf(variable, '__data.fields') ?? variable);
      return linkOf(link, read, span, find);
    })
  );
}

function linkOf(
  { title, url = '', internal }: FieldLink,
  read: ReadVariable,
  span: Span,
  find: FindDataSource
): SpanLink[] {
  const asked = { title: title || 'Link', url, query: internal?.query, panelsState: internal?.panelsState };
  const used = internal === undefined ? { url } : { query: internal.query };
  if (missingVariables(used, read).length > 0) {
    return [];
  }
  const filled = fillIn(asked, read);
  if (internal === undefined) {
    const href = safeHref(filled.url);
    return href === undefined ? [] : [{ kind: 'url', title: filled.title, href }];
  }
  const dataSource = find(internal.datasourceUid);
  if (dataSource === undefined) {
    return [];
  }
  const query =
    typeof filled.query === 'object' && filled.query !== null ? filled.query : { query: filled.query ?? '' };
  const around = rangeOf(span, -1000, 1000);
  return [
    {
      kind: 'field',
      title: filled.title,
      dataSource,
      query: query as Readonly<Record<string, unknown>>,
      ...(filled.panelsState === undefined ? {} : { panelsState: filled.panelsState }),
      ...around,
    },
  ];
}

function transformed(
  transformations: readonly LinkTransformation[],
  frame: LinkFrame,
  row: number,
  ownField: string
): Map<string, string> {
  const variables = new Map<string, string>();
  for (const { type, field, expression, mapValue } of transformations) {
    const text = fieldText(frame, row, field || ownField) ?? '';
    if (type === 'logfmt') {
      for (const [, key, quoted, bare] of text.matchAll(/([\w.\-/]+)=(?:"((?:\\.|[^"\\])*)"|(\S*))/g)) {
        variables.set(key, quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'));
      }
    } else if (type === 'regex' && expression !== undefined) {
      const match = matchOf(expression, text);
      for (const [key, value] of Object.entries(match?.groups ?? {})) {
        variables.set(key, value);
      }
      if (match !== undefined && match.groups === undefined) {
        variables.set(mapValue || field || ownField, match[1] ?? match[0]);
      }
    }
  }
  return variables;
}

/** An expression that is none has no match: its author sees that the link is missing. */
function matchOf(expression: string, text: string): RegExpExecArray | undefined {
  try {
    return new RegExp(expression).exec(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** By name, by display name or by position, as in `${__data.fields[0]}`. */
function fieldText(frame: LinkFrame, row: number, name: string): string | undefined {
  const field =
    frame.fields.find((one) => one.name === name || one.config?.displayName === name) ??
    (/^\[?\d+\]?$/.test(name) ? frame.fields[Number(name.replace(/\D/g, ''))] : undefined);
  return field === undefined ? undefined : cellText(field.values[row]);
}

function cellText(value: unknown): string {
  return value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string | number | boolean);
}

/** What is made of span data may be a link only as a web address, a mail address or a place on this site. */
export function safeHref(href: string): string | undefined {
  const text = href.trim();
  const isOther = /^[a-z][a-z\d+.-]*:/i.test(text.replace(/[\u0000-\u0020]/g, ''));
  return text === '' || (isOther && !/^(https?|mailto):/i.test(text)) ? undefined : text;
}
