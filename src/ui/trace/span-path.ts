import type { SpanTable } from '../../trace/span-table.ts';
import { formatNanos } from '../kit/format.ts';

/** Rows from the top level down to `row`, itself included. A deep path keeps its first and its last `rowsMax - 1`. */
export function pathOfRow(table: SpanTable, row: number, rowsMax = Infinity): readonly number[] {
  const path: number[] = [];
  for (let at = row; at >= 0; at = table.parent[at]) {
    path.push(at);
  }
  path.reverse();
  return path.length <= rowsMax ? path : [path[0], ...path.slice(1 - rowsMax)];
}

/** Ancestors named in a sentence. */
const namesSaid = 5;

/** What a screen reader says of a span: name, service, duration, error, and where it stands. */
export function spanSentence(table: SpanTable, row: number): string {
  const nameOf = (at: number): string => table.names[table.name[at]] || '(no name)';
  const service = table.services[table.service[row]] || 'unknown service';
  const message = table.statusMessages[table.statusMessage[row]];
  const error = table.statusCode[row] === 2 ? `, error${message === '' ? '' : `: ${message}`}` : '';
  const path = pathOfRow(table, row, namesSaid);
  const left = table.depth[row] + 1 - path.length;
  const names = path.map(nameOf);
  if (left > 0) {
    names.splice(1, 0, `${left} more`);
  }
  return `${nameOf(row)} of ${service}, ${formatNanos(table.durationNanos[row])}${error}. Path: ${names.join(' › ')}`;
}
