import type { Note } from '../state/view.ts';

/** The field of an OTLP JSON document that holds our notes. */
export const notesField = 'vivaceNotes';

/** More are not read from a file. */
const notesMax = 200;
const textLengthMax = 4_000;

/** Notes in a trace file; none in files without, and what is no note is passed over. */
export function notesOfFile(bytes: Uint8Array): readonly Note[] {
  // The field stands at the end: looking for it costs little, reading the whole document twice would.
  const tail = new TextDecoder().decode(bytes.subarray(Math.max(0, bytes.length - 1_000_000)));
  const at = tail.lastIndexOf(`"${notesField}":`);
  if (at < 0) {
    return [];
  }
  try {
    const list: unknown = JSON.parse(tail.slice(at + notesField.length + 3).replace(/\}\s*$/, ''));
    return Array.isArray(list) ? list.slice(0, notesMax).flatMap(noteOf) : [];
  } catch {
    return [];
  }
}

function noteOf(value: unknown): Note[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const { text, spanId, range } = value as Record<string, unknown>;
  if (typeof text !== 'string' || text === '') {
    return [];
  }
  const said = text.slice(0, textLengthMax);
  if (typeof spanId === 'string' && /^[0-9a-f]{16}$/.test(spanId)) {
    return [{ text: said, spanId }];
  }
  const { startNanos, endNanos } = (range ?? {}) as Record<string, unknown>;
  return typeof startNanos === 'number' && typeof endNanos === 'number' && startNanos < endNanos
    ? [{ text: said, range: { startNanos, endNanos } }]
    : [];
}
