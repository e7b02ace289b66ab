/** A trace as a file, with the notes of whoever saved it. */
import type { Span } from '../../trace/model.ts';
import { exportTrace, lossesOf } from '../../wire/export.ts';
import type { ExportedTrace, ExportFormat, Loss } from '../../wire/export.ts';
import type { Note } from '../state/view.ts';
import { notesField } from './file-notes.ts';

/** Notes go into OTLP JSON, beside the spans, where other readers pass over them; other formats have no room. */
export function exportWithNotes(
  format: ExportFormat,
  spans: readonly Span[],
  notes: readonly Note[]
): { readonly exported: ExportedTrace; readonly losses: readonly Loss[] } {
  const exported = exportTrace(format, spans);
  const losses = lossesOf(spans, exported);
  if (notes.length === 0) {
    return { exported, losses };
  }
  if (format !== 'otlp-json') {
    return {
      exported,
      losses: [...losses, { what: 'notes, which only OTLP JSON takes along', spanCount: notes.length }],
    };
  }
  const text = new TextDecoder().decode(exported.bytes);
  const end = text.lastIndexOf('}');
  const withNotes = `${text.slice(0, end)},"${notesField}":${JSON.stringify(notes)}}`;
  return { exported: { ...exported, bytes: new TextEncoder().encode(withNotes) }, losses };
}
