import { css } from '@emotion/css';
import { useState } from 'react';
import type { ReactElement } from 'react';
import type { ExportFormat } from '../../wire/export.ts';
import { useCommands } from '../commands/Commands.tsx';
import type { Command } from '../commands/Commands.tsx';
import { useAnnounce } from '../kit/Announcer.tsx';
import { Button, Select } from '../kit/controls.tsx';
import { formatCount } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import type { TracePaneProps } from './TracePane.tsx';

const formatTitles: Readonly<Record<ExportFormat, string>> = {
  'otlp-json': 'OTLP JSON',
  'otlp-protobuf': 'OTLP protobuf',
  'jaeger-json': 'Jaeger JSON',
  'zipkin-json': 'Zipkin JSON',
};
const formats = Object.keys(formatTitles) as ExportFormat[];

/** What is done with a trace as a whole: a link to it, a file of it, another one beside it. */
export function TraceTools(props: TracePaneProps): ReactElement {
  const { data, focus, fullViewHref, host, link, linkLeftOut = [], onCompare, onCompareWithTypical } = props;
  const { table } = data.model;
  const announce = useAnnounce();
  const [note, setNote] = useState('');
  const say = (sentence: string): void => {
    setNote(sentence);
    announce(sentence);
  };
  const copyLink = (): void => {
    const left = linkLeftOut.length > 0 ? ` Too long for a link, so it is without ${linkLeftOut.join(', ')}.` : '';
    host.copyText(link ?? '').then(
      () => say(`Link copied.${left}`),
      () => say('The browser refused to copy; the address bar has the link.')
    );
  };
  const download = async (format: ExportFormat, isFiltered: boolean): Promise<void> => {
    const matches = isFiltered ? await data.filter(`{ ${focus.filter} }`) : undefined;
    const rows = matches && Uint32Array.from([...matches.matches.keys()].filter((row) => matches.matches[row] === 1));
    const spans = await data.spans(rows);
    const { exportWithNotes } = await import('./export-trace.ts');
    const { exported, losses } = exportWithNotes(format, spans, focus.notes ?? []);
    host.saveFile(`trace-${table.traceId}${exported.suffix}`, exported.contentType, exported.bytes);
    const lost = losses.map(({ what, spanCount }) => `${what} (${formatCount(spanCount, 'span')})`).join(', ');
    say(
      `${formatTitles[format]} with ${formatCount(spans.length, 'span')} downloaded.` +
        (lost === '' ? '' : ` The format cannot hold all of it. Not whole: ${lost}.`)
    );
  };
  const start = (format: ExportFormat, isFiltered: boolean): void => {
    download(format, isFiltered).catch((error: unknown) =>
      say(`The download failed: ${error instanceof Error ? error.message : String(error)}`)
    );
  };
  const compareWithTypical = (): void => {
    say('Looking for a typical trace of its kind…');
    onCompareWithTypical?.(table).then(
      (isFound) => isFound || say('No other trace with this root came in the hour before it.'),
      (error: unknown) => say(error instanceof Error ? error.message : String(error))
    );
  };
  useCommands(() => {
    const command = (id: string, title: string, run: () => void): Command => ({ id, group: 'Trace', title, run });
    return {
      commands: [
        ...(link === undefined ? [] : [command('copy-link', 'Copy a link to exactly this view', copyLink)]),
        ...formats.map((format) =>
          command(`download-${format}`, `Download as ${formatTitles[format]}`, () => start(format, false))
        ),
        ...(onCompare ? [command('compare-with', 'Compare with another trace', onCompare)] : []),
        ...(onCompareWithTypical
          ? [command('compare-typical', 'Compare with a typical trace of its kind', compareWithTypical)]
          : []),
        command('copy-trace-id', 'Copy the trace id', () => void host.copyText(table.traceId)),
      ],
    };
  });
  return (
    <div className={styles.root}>
      <div className={styles.buttons}>
        {fullViewHref !== undefined && (
          <a className={styles.fullView} href={fullViewHref(focus.spanId)}>
            Open full view
          </a>
        )}
        {link !== undefined && (
          <Button small title="Copy a link to exactly this view" onClick={copyLink}>
            <Icon name="link" size={13} /> Copy link
          </Button>
        )}
        <Select
          className={styles.select}
          aria-label="Download this trace"
          value=""
          onChange={(event) => {
            const [format, which] = event.target.value.split(' ');
            start(format as ExportFormat, which === 'filtered');
          }}
        >
          <option value="" disabled>
            Download…
          </option>
          {formats.map((format) => (
            <option key={format} value={format}>
              {formatTitles[format]}
            </option>
          ))}
          {focus.filter !== undefined &&
            formats.map((format) => (
              <option key={`${format} filtered`} value={`${format} filtered`}>
                {`${formatTitles[format]}, only what the filter keeps`}
              </option>
            ))}
        </Select>
        {onCompareWithTypical && (
          <Button small title="Beside the trace of median duration with the same root" onClick={compareWithTypical}>
            Compare
          </Button>
        )}
        {onCompare && !onCompareWithTypical && (
          <Button small title="Beside another trace" onClick={onCompare}>
            Compare
          </Button>
        )}
      </div>
      {note !== '' && (
        <div className={styles.note}>
          <span>{note}</span>
          <Button small look="quiet" aria-label="Dismiss" onClick={() => setNote('')}>
            <Icon name="close" size={11} />
          </Button>
        </div>
      )}
    </div>
  );
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', alignItems: 'flex-end', gap: 2, maxWidth: '100%' }),
  buttons: css({ display: 'flex', flexWrap: 'wrap', gap: 4 }),
  fullView: css({ fontSize: 12, lineHeight: '24px', padding: '0 4px', color: 'var(--v-accent)' }),
  select: css({ height: 24, fontSize: 12, maxWidth: 110 }),
  note: css({
    display: 'flex',
    alignItems: 'center',
    maxWidth: 460,
    fontSize: 12,
    color: 'var(--v-text-muted)',
    overflowWrap: 'anywhere',
  }),
};
