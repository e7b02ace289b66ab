/**
 * Every state of the screen as plain data, and its URL. A path names the page (`/search`, `/trace/<id>`, `/file`), parameters the rest;
 * what stands at its default is left out, so that links stay short.
 */
import { parseTraceId } from '../../trace/ids.ts';

/** Relative (`now-1h` to `now`) or absolute (Unix milliseconds). */
export type RangeEnd =
  { readonly kind: 'ago'; readonly agoMs: number } | { readonly kind: 'at'; readonly unixMs: number };

export interface Range {
  readonly from: RangeEnd;
  readonly to: RangeEnd;
}

export interface SearchView {
  readonly page: 'search';
  /** TraceQL; the form is another way to write the same text. */
  readonly query: string;
  readonly range: Range;
  readonly limit: number;
  readonly editor: 'form' | 'traceql';
  /** Ask again every few seconds. */
  readonly live: boolean;
}

/** What of a trace is on the screen; the same for a trace from the server and one from a file. */
export interface TraceFocus {
  readonly spanId: string | undefined;
  /** Nanoseconds from the start of the trace; `undefined` is all of it. */
  readonly zoom: { readonly startNanos: number; readonly endNanos: number } | undefined;
  /** Rows at this depth and below are folded; `undefined` folds none. */
  readonly foldDepth: number | undefined;
  /** Rows that are not what `foldDepth` says. Ascending. */
  readonly foldToggles: readonly number[];
  /** Text to find inside the trace. */
  readonly find: string;
  // What follows is absent at its default.
  /** TraceQL conditions without braces that choose spans; absent: all. */
  readonly filter?: string;
  /** `sent`: times as they were sent; absent: clocks that are proven wrong are corrected. */
  readonly clocks?: 'sent';
  /** Which view of the trace; absent: the waterfall. */
  readonly view?: TraceViewName;
  /** What statistics are by, as TraceQL names it (`span.http.route`, `name`): one to three. */
  readonly groupBy?: readonly string[];
  /** What colours are by, as TraceQL names it; absent: the service. */
  readonly colorBy?: string;
  readonly notes?: readonly Note[];
  /** How much has a lane; absent: the story of a large trace, every span of a small one. */
  readonly reduce?: Reduction;
  /** First rows of folded groups, and of lines of the story, that were opened. Ascending. */
  readonly open?: readonly number[];
  /** Rows that match neither text nor filter have no lane; absent: they are dimmed. */
  readonly hide?: true;
  /** Rows outside the zoom have no lane. */
  readonly clip?: true;
  /** Which column the statistics are sorted by, `-` for largest first; absent: self time, largest first. */
  readonly sort?: string;
  /** What the flame graph's width is; absent: calls, added up. */
  readonly flame?: 'time';
  /** What the graph weighs; absent: calls. */
  readonly weigh?: 'self' | 'errors';
}

/**
 * How much of the trace has a lane: its story (see `analysis/story.ts`), every span but with repeated siblings folded, or every span.
 */
export const reductions = ['story', 'repeats', 'all'] as const;
export type Reduction = (typeof reductions)[number];

export const traceViewNames = ['waterfall', 'flame', 'statistics', 'graph', 'events'] as const;
export type TraceViewName = (typeof traceViewNames)[number];

/** A remark of somebody, at a span or at a stretch of time. It is in the link, so whoever opens that reads it. */
export interface Note {
  readonly text: string;
  /** Hex; exactly one of `spanId` and `range` is there. */
  readonly spanId?: string;
  /** Nanoseconds from the start of the trace. */
  readonly range?: { readonly startNanos: number; readonly endNanos: number };
}

/** A trace one came from by a link between spans. */
export interface Crumb {
  readonly traceId: string;
  readonly spanId: string;
  /** For the breadcrumb: what the span is called. */
  readonly name: string;
}

export interface TraceView {
  readonly page: 'trace';
  readonly traceId: string;
  readonly focus: TraceFocus;
  /** The way here over links between spans, oldest first; absent where one came otherwise. */
  readonly trail?: readonly Crumb[];
}

/** A trace file opened in this browser; the file itself is not in the URL. `traceId` picks one of its traces. */
export interface FileView {
  readonly page: 'file';
  readonly traceId: string | undefined;
  readonly focus: TraceFocus;
}

/** The service graph and its table. */
export interface ServicesView {
  readonly page: 'services';
  /** TraceQL that chooses traces; empty: all. */
  readonly query: string;
  readonly range: Range;
}

/**
 * Two traces laid over each other. A side is a trace id, `file` for the only trace of the opened file, `file:<id>` for one of several, or
 * empty: not chosen yet.
 */
export interface CompareView {
  readonly page: 'compare';
  readonly before: string;
  readonly after: string;
}

export type View = SearchView | TraceView | FileView | ServicesView | CompareView;

export const wholeTrace: TraceFocus = {
  spanId: undefined,
  zoom: undefined,
  foldDepth: undefined,
  foldToggles: [],
  find: '',
};

export const lastHour: Range = { from: { kind: 'ago', agoMs: 3_600_000 }, to: { kind: 'ago', agoMs: 0 } };

export const startView: SearchView = {
  page: 'search',
  query: '',
  range: lastHour,
  limit: 50,
  editor: 'form',
  live: false,
};

const limitMax = 10_000;

/** Never fails: what cannot be read falls back to its default, so that an old or shortened link still opens. */
export function viewFromUrl(path: string, search: string): View {
  const params = new URLSearchParams(search);
  const trace = /\/trace\/([0-9a-fA-F]+)\/?$/.exec(path);
  if (trace) {
    const traceId = parseTraceId(trace[1]);
    if (traceId !== undefined) {
      const trail = params.getAll('via').flatMap(crumbFromText);
      return { page: 'trace', traceId, focus: focusFromParams(params), ...(trail.length > 0 ? { trail } : {}) };
    }
  }
  if (/\/file\/?$/.test(path)) {
    return { page: 'file', traceId: parseTraceId(params.get('trace') ?? ''), focus: focusFromParams(params) };
  }
  if (/\/services\/?$/.test(path)) {
    return {
      page: 'services',
      query: params.get('q') ?? '',
      range: rangeFromText(params.get('from'), params.get('to')),
    };
  }
  if (/\/compare\/?$/.test(path)) {
    return { page: 'compare', before: sideFromText(params.get('a')), after: sideFromText(params.get('b')) };
  }
  const limit = Number(params.get('limit') ?? startView.limit);
  return {
    page: 'search',
    query: params.get('q') ?? '',
    range: rangeFromText(params.get('from'), params.get('to')),
    limit: Number.isInteger(limit) && limit > 0 && limit <= limitMax ? limit : startView.limit,
    editor: params.get('editor') === 'traceql' ? 'traceql' : 'form',
    live: params.get('live') === '1',
  };
}

/** The path (from the host's base, without it) and parameters of a view. `viewFromUrl` reads it back. */
export function urlOfView(view: View): { readonly path: string; readonly search: string } {
  const params = new URLSearchParams();
  switch (view.page) {
    case 'trace':
      addFocus(params, view.focus);
      for (const { traceId, spanId, name } of view.trail ?? []) {
        params.append('via', `${traceId}.${spanId}.${name}`);
      }
      return { path: `/trace/${view.traceId}`, search: searchOf(params) };
    case 'file':
      setUnless(params, 'trace', view.traceId ?? '', '');
      addFocus(params, view.focus);
      return { path: '/file', search: searchOf(params) };
    case 'services':
      setUnless(params, 'q', view.query, '');
      addRange(params, view.range);
      return { path: '/services', search: searchOf(params) };
    case 'compare':
      setUnless(params, 'a', view.before, '');
      setUnless(params, 'b', view.after, '');
      return { path: '/compare', search: searchOf(params) };
    case 'search':
      setUnless(params, 'q', view.query, '');
      addRange(params, view.range);
      setUnless(params, 'limit', String(view.limit), String(startView.limit));
      setUnless(params, 'editor', view.editor, startView.editor);
      setUnless(params, 'live', view.live ? '1' : '', '');
      return { path: '/search', search: searchOf(params) };
  }
}

function sideFromText(text: string | null): string {
  const file = /^file(?::([0-9a-f]{1,32}))?$/.exec(text ?? '');
  if (file) {
    return file[1] === undefined ? 'file' : `file:${parseTraceId(file[1]) ?? file[1]}`;
  }
  return parseTraceId(text ?? '') ?? '';
}

function addRange(params: URLSearchParams, range: Range): void {
  setUnless(params, 'from', rangeEndText(range.from), rangeEndText(lastHour.from));
  setUnless(params, 'to', rangeEndText(range.to), rangeEndText(lastHour.to));
}

function searchOf(params: URLSearchParams): string {
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function setUnless(params: URLSearchParams, name: string, value: string, fallback: string): void {
  if (value !== fallback) {
    params.set(name, value);
  }
}

function focusFromParams(params: URLSearchParams): TraceFocus {
  const zoom = /^(\d{1,16})-(\d{1,16})$/.exec(params.get('zoom') ?? '');
  const depth = /^\d{1,6}$/.exec(params.get('depth') ?? '');
  return {
    spanId: /^[0-9a-f]{16}$/.exec(params.get('span') ?? '')?.[0],
    zoom:
      zoom && Number(zoom[2]) > Number(zoom[1])
        ? { startNanos: Number(zoom[1]), endNanos: Number(zoom[2]) }
        : undefined,
    foldDepth: depth ? Number(depth[0]) : undefined,
    foldToggles: togglesFromText(params.get('fold') ?? ''),
    find: params.get('find') ?? '',
    ...optionalFocusFromParams(params),
  };
}

/** Only what is not at its default, so that a view equals what comes back from its URL. */
function optionalFocusFromParams(params: URLSearchParams): Partial<TraceFocus> {
  const filter = params.get('filter');
  const view = traceViewNames.find((name) => name === params.get('view'));
  const groupBy = params
    .getAll('group')
    .filter((attribute) => attribute !== '')
    .slice(0, groupByMax);
  const colorBy = params.get('color');
  const notes = params.getAll('note').flatMap(noteFromText);
  const reduce = reductions.find((name) => name === params.get('show'));
  const open = togglesFromText(params.get('open') ?? '');
  const sort = /^-?[a-z0-9]{1,12}$/.exec(params.get('sort') ?? '')?.[0];
  const weigh = params.get('weigh');
  return {
    ...(params.get('clocks') === 'sent' ? { clocks: 'sent' } : {}),
    ...(filter ? { filter } : {}),
    ...(view && view !== 'waterfall' ? { view } : {}),
    ...(groupBy.length > 0 ? { groupBy } : {}),
    ...(colorBy ? { colorBy } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ...(reduce ? { reduce } : {}),
    ...(open.length > 0 ? { open } : {}),
    ...(params.get('rest') === 'hidden' ? { hide: true as const } : {}),
    ...(params.get('outside') === 'hidden' ? { clip: true as const } : {}),
    ...(sort ? { sort } : {}),
    ...(params.get('flame') === 'time' ? { flame: 'time' as const } : {}),
    ...(weigh === 'self' || weigh === 'errors' ? { weigh } : {}),
  };
}

/** `<span id>~text` or `<start>-<end>~text`; nothing where it is neither. */
function noteFromText(written: string): Note[] {
  const match = /^(?:([0-9a-f]{16})|(\d{1,16})-(\d{1,16}))~(.+)$/s.exec(written);
  if (!match) {
    return [];
  }
  const [, spanId, start, end, text] = match;
  return [spanId ? { text, spanId } : { text, range: { startNanos: Number(start), endNanos: Number(end) } }];
}

function crumbFromText(written: string): Crumb[] {
  const match = /^([0-9a-f]{32})\.([0-9a-f]{16})\.(.*)$/s.exec(written);
  return match ? [{ traceId: match[1], spanId: match[2], name: match[3] }] : [];
}

/** Chats and mail programs break longer links. */
export const linkLengthMax = 2_000;

/**
 * `view` so that its link (with `baseLength` characters before the path) is short enough, and what had to go, in words. Goes first what is
 * least missed: folds, then the way here, the text to find, the filter, notes from the last.
 */
export function shareable(
  view: View,
  baseLength: number
): { readonly view: View; readonly leftOut: readonly string[] } {
  const leftOut: string[] = [];
  let shared = view;
  const isLong = (): boolean => {
    const { path, search } = urlOfView(shared);
    return baseLength + path.length + search.length > linkLengthMax;
  };
  const without = (what: string, shorter: (focus: TraceFocus) => TraceFocus): void => {
    if (isLong() && (shared.page === 'trace' || shared.page === 'file')) {
      shared = { ...shared, focus: shorter(shared.focus) };
      leftOut.push(what);
    }
  };
  without('folds', (focus) => ({ ...focus, foldToggles: [] }));
  if (isLong() && shared.page === 'trace' && shared.trail) {
    const { trail, ...rest } = shared;
    shared = rest;
    leftOut.push(`the way here over ${trail.length} traces`);
  }
  without('the text to find', (focus) => ({ ...focus, find: '' }));
  without('the filter', ({ filter: _, ...focus }) => focus);
  let notesLeftOut = 0;
  while (isLong() && (shared.page === 'trace' || shared.page === 'file') && shared.focus.notes?.length) {
    const { notes, ...focus } = shared.focus;
    const kept = notes.slice(0, -1);
    shared = { ...shared, focus: kept.length > 0 ? { ...focus, notes: kept } : focus };
    notesLeftOut++;
  }
  return {
    view: shared,
    leftOut: notesLeftOut > 0 ? [...leftOut, `${notesLeftOut} notes: download the trace with them instead`] : leftOut,
  };
}

/** As many as the statistics group by. */
const groupByMax = 3;

function addFocus(params: URLSearchParams, focus: TraceFocus): void {
  setUnless(params, 'span', focus.spanId ?? '', '');
  setUnless(
    params,
    'zoom',
    focus.zoom ? `${Math.round(focus.zoom.startNanos)}-${Math.round(focus.zoom.endNanos)}` : '',
    ''
  );
  setUnless(params, 'depth', focus.foldDepth === undefined ? '' : String(focus.foldDepth), '');
  setUnless(params, 'fold', textOfToggles(focus.foldToggles), '');
  setUnless(params, 'find', focus.find, '');
  setUnless(params, 'clocks', focus.clocks ?? '', '');
  setUnless(params, 'filter', focus.filter ?? '', '');
  setUnless(params, 'view', focus.view ?? 'waterfall', 'waterfall');
  for (const attribute of (focus.groupBy ?? []).slice(0, groupByMax)) {
    params.append('group', attribute);
  }
  setUnless(params, 'color', focus.colorBy ?? '', '');
  for (const { text, spanId, range } of focus.notes ?? []) {
    const at = spanId ?? (range ? `${Math.round(range.startNanos)}-${Math.round(range.endNanos)}` : '');
    params.append('note', `${at}~${text}`);
  }
  setUnless(params, 'show', focus.reduce ?? '', '');
  setUnless(params, 'open', textOfToggles(focus.open ?? []), '');
  setUnless(params, 'rest', focus.hide === true ? 'hidden' : '', '');
  setUnless(params, 'sort', focus.sort ?? '', '');
  setUnless(params, 'flame', focus.flame ?? '', '');
  setUnless(params, 'weigh', focus.weigh ?? '', '');
  setUnless(params, 'outside', focus.clip === true ? 'hidden' : '', '');
}

// Rows as differences in base 36: the folds of a long session stay below 2,000 characters, beyond which links break in chats.
const foldTextLengthMax = 1_200;

function textOfToggles(rows: readonly number[]): string {
  let previous = 0;
  const text = rows
    .map((row) => {
      const difference = (row - previous).toString(36);
      previous = row;
      return difference;
    })
    .join('.');
  return text.length <= foldTextLengthMax ? text : '';
}

function togglesFromText(text: string): readonly number[] {
  if (!/^[0-9a-z]+(\.[0-9a-z]+)*$/.test(text)) {
    return [];
  }
  let row = 0;
  return text.split('.').map((difference) => (row += Number.parseInt(difference, 36)));
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `now`, `now-15m`, or Unix milliseconds. */
export function rangeEndText(end: RangeEnd): string {
  if (end.kind === 'at') {
    return String(end.unixMs);
  }
  return end.agoMs === 0 ? 'now' : `now-${agoText(end.agoMs)}`;
}

/** `15m`, `2h`, `7d`: the largest unit that divides it. */
export function agoText(agoMs: number): string {
  for (const unit of ['d', 'h', 'm']) {
    if (agoMs % unitMs[unit] === 0) {
      return `${agoMs / unitMs[unit]}${unit}`;
    }
  }
  return `${Math.round(agoMs / 1_000)}s`;
}

/** `undefined` when the text is neither `now…` nor a number of milliseconds. */
export function parseRangeEnd(text: string): RangeEnd | undefined {
  const ago = /^now(?:-(\d{1,9})([smhd]))?$/.exec(text);
  if (ago) {
    return { kind: 'ago', agoMs: ago[1] === undefined ? 0 : Number(ago[1]) * unitMs[ago[2]] };
  }
  return /^\d{1,15}$/.test(text) ? { kind: 'at', unixMs: Number(text) } : undefined;
}

function rangeFromText(from: string | null, to: string | null): Range {
  return { from: parseRangeEnd(from ?? '') ?? lastHour.from, to: parseRangeEnd(to ?? '') ?? lastHour.to };
}

/** Unix seconds for the API, the end exclusive and rounded up, so that what has just arrived is inside. */
export function rangeSeconds(
  range: Range,
  nowMs: number
): { readonly startSeconds: number; readonly endSeconds: number } {
  const at = (end: RangeEnd): number => (end.kind === 'at' ? end.unixMs : nowMs - end.agoMs);
  const startSeconds = Math.floor(at(range.from) / 1_000);
  return { startSeconds, endSeconds: Math.max(startSeconds + 1, Math.ceil(at(range.to) / 1_000) + 1) };
}
