import type { AnnotationEvent, DataFrame } from '@grafana/data';
import { addFilters } from './ad-hoc.ts';
import type { VivaceQuery } from './query.ts';

/** What an annotation shows: failed requests, slow ones, or whatever a search finds. */
export interface VivaceAnnotationQuery extends VivaceQuery {
  annotates?: 'errors' | 'slow' | 'search';
  /** Of `errors` and `slow`: only traces that enter through this service. */
  service?: string;
  /** Of `slow`: `2s`, `500ms`. */
  slowerThan?: string;
}

export const defaultSlowerThan = '1s';
/** More marks than a graph has pixels for. */
const annotationsMax = 100;

/** The search behind an annotation, one row a trace; `undefined` while nothing is asked. */
export function annotationSearch(target: VivaceAnnotationQuery | undefined): VivaceQuery | undefined {
  if (target === undefined) {
    return undefined;
  }
  const query = searchText(target);
  return query === ''
    ? undefined
    : {
        refId: target.refId ?? 'Anno',
        queryType: 'traceql',
        query,
        tableType: 'traces',
        limit: target.limit ?? annotationsMax,
        spss: 1,
      };
}

function searchText({ annotates, service, slowerThan, query }: VivaceAnnotationQuery): string {
  const entry = service?.trim() ? [{ key: 'rootServiceName', operator: '=', value: service.trim() }] : [];
  switch (annotates) {
    case 'errors':
      // Of the whole request, not of an attempt that was repeated with success.
      return addFilters('{}', [
        { key: 'nestedSetParent', operator: '<', value: '0' },
        { key: 'status', operator: '=', value: 'error' },
        ...entry,
      ]);
    case 'slow':
      return addFilters('{}', [
        { key: 'nestedSetParent', operator: '<', value: '0' },
        { key: 'traceDuration', operator: '>', value: slowerThan?.trim() || defaultSlowerThan },
        ...entry,
      ]);
    default:
      return query?.trim() ?? '';
  }
}

/** Grafana draws title and text as HTML, and what is in a span is nobody's markup: it is escaped. Only our own link is a link. */
export function annotationEvents(
  frames: readonly DataFrame[],
  hrefOfTrace: (traceId: string) => string
): AnnotationEvent[] {
  return frames.flatMap((frame) => {
    const column = (name: string): readonly unknown[] =>
      frame.fields.find((field) => field.name === name)?.values ?? [];
    const [ids, starts, services, names, durations] = [
      'traceID',
      'startTime',
      'traceService',
      'traceName',
      'traceDuration',
    ].map(column);
    return ids.map((id, row): AnnotationEvent => {
      const time = Number(starts[row] ?? 0);
      const durationMs = Number(durations[row] ?? 0);
      const traceId = String(id);
      const service = String(services[row] ?? '');
      return {
        id: traceId,
        time,
        ...(durationMs > 0 ? { timeEnd: time + durationMs, isRegion: true } : {}),
        title: escaped(
          [service, String(names[row] ?? '')].filter((part) => part !== '').join(': ') || 'root span not received'
        ),
        text: `${durationMs < 1 ? '&lt;1' : durationMs} ms · <a href="${escaped(hrefOfTrace(traceId))}">Open the trace</a>`,
        tags: service === '' ? [] : [service],
      };
    });
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
