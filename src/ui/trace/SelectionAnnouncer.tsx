import { useEffect, useRef } from 'react';
import type { SpanTable } from '../../trace/span-table.ts';
import { useAnnounce } from '../kit/Announcer.tsx';
import { spanSentence } from './span-path.ts';

/** Says which span is selected now: name, service, duration, error, path. Draws nothing. */
export function SelectionAnnouncer({ table, row }: { readonly table: SpanTable; readonly row: number }): undefined {
  const announce = useAnnounce();
  const said = useRef(-1);
  useEffect(() => {
    if (row >= 0 && row !== said.current) {
      announce(spanSentence(table, row));
    }
    said.current = row;
  }, [announce, table, row]);
  return undefined;
}
