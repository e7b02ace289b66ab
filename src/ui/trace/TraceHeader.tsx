import { css } from '@emotion/css';
import type { ReactElement, RefObject } from 'react';
import { flagCycle, flagOrphan } from '../../trace/span-table.ts';
import type { Matches } from '../../trace/attribute-columns.ts';
import { Button, TextInput, WarningBanner } from '../kit/controls.tsx';
import { formatCount, formatNanos, formatTime } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { foldToDepth } from '../waterfall/layout.ts';
import { Legend } from './Legend.tsx';
import type { TraceModel } from './model.ts';
import { Notes } from './Notes.tsx';
import type { RowColors } from './row-colors.ts';
import type { TracePaneProps } from './TracePane.tsx';
import { TraceTools } from './TraceTools.tsx';
import { Contributors } from './Contributors.tsx';
import { FilterBox } from './FilterBox.tsx';
import { ReductionSwitcher, ViewSwitcher } from './ViewBar.tsx';

interface TraceHeaderProps extends TracePaneProps {
  readonly model: TraceModel;
  readonly rowColors: RowColors;
  readonly found: Matches | undefined;
  readonly filterError: unknown;
  /** −1 for none. */
  readonly selectedRow: number;
  readonly findInput: RefObject<HTMLInputElement | null>;
  onNextMatch(forward: boolean): void;
  onGoToRow(row: number): void;
}

/** What the trace is, what is wrong with it, and the tools to walk through it. */
export function TraceHeader(props: TraceHeaderProps): ReactElement {
  const { data, model, focus, found, onFocus, onGoToRow } = props;
  const view = focus.view ?? 'waterfall';
  const warnings = [...(props.warnings ?? []), ...data.warnings];
  const { table } = model;
  const rootName = table.names[table.name[0]];
  const hasRoot = (table.flags[0] & (flagOrphan | flagCycle)) === 0;
  const firstError = model.errorCount > 0 ? table.statusCode.indexOf(2) : -1;
  return (
    <header className={styles.root}>
      <div className={styles.titleLine}>
        <h1 className={styles.title}>
          <span className={styles.rootService}>{table.services[table.service[0]] || 'unknown service'}</span>
          <span>{hasRoot ? rootName : `${rootName} (root span not received)`}</span>
        </h1>
        <TraceTools {...props} />
      </div>
      <div className={styles.facts}>
        <strong>{formatNanos(table.traceNanos)}</strong>
        <span>{formatTime(Number(table.baseUnixNanos / 1_000_000n))}</span>
        <span>{formatCount(table.rowCount, 'span')}</span>
        <span>{formatCount(table.services.length, 'service')}</span>
        {firstError >= 0 ? (
          <button
            type="button"
            className={styles.errors}
            title="Go to the first error (e)"
            onClick={() => onGoToRow(firstError)}
          >
            {formatCount(model.errorCount, 'error')}
          </button>
        ) : (
          <span>no errors</span>
        )}
        <button
          type="button"
          className={styles.traceId}
          title="Copy trace id"
          onClick={() => void props.host.copyText(table.traceId)}
        >
          {table.traceId} <Icon name="copy" size={12} />
        </button>
      </div>
      <Legend rowColors={props.rowColors} focus={focus} onFocus={onFocus} />
      <Notes model={model} focus={focus} onFocus={onFocus} onGoToRow={onGoToRow} />
      {[...warnings, ...model.notes.map((note) => note.sentence)].length > 0 && (
        <div className={styles.notes} data-testid="notes">
          {warnings.map((warning) => (
            <WarningBanner key={warning}>{warning}</WarningBanner>
          ))}
          {model.notes.map((note) => (
            <WarningBanner key={note.kind}>
              <span>{note.sentence}</span>
              {note.row >= 0 && (
                <Button small look="quiet" onClick={() => onGoToRow(note.row)}>
                  Show
                </Button>
              )}
            </WarningBanner>
          ))}
        </div>
      )}
      <div className={styles.bar}>
        <ViewSwitcher {...props} />
        <FindBox {...props} />
        <FilterBox {...props} error={props.filterError} />
        {(found !== undefined || focus.hide) && view === 'waterfall' && (
          <Button
            small
            aria-pressed={focus.hide === true}
            title="Hide spans that do not match, or only dim them (m)"
            onClick={() => onFocus({ ...focus, hide: focus.hide ? undefined : true }, 'replace')}
          >
            Hide others
          </Button>
        )}
        {view === 'waterfall' && <ReductionSwitcher {...props} />}
        {view === 'waterfall' && (
          <div className={styles.group} role="group" aria-label="Fold">
            <Button small title="Fold all" onClick={() => onFocus({ ...focus, ...foldToDepth(0) }, 'replace')}>
              Fold all
            </Button>
            <Button
              small
              title="Fold one level more ([)"
              aria-label="Fold one level more"
              onClick={() =>
                onFocus({ ...focus, ...foldToDepth(Math.max(0, (focus.foldDepth ?? model.depthMax) - 1)) }, 'replace')
              }
            >
              −1
            </Button>
            <Button
              small
              title="Unfold one level more (])"
              aria-label="Unfold one level more"
              onClick={() => {
                const depth = (focus.foldDepth ?? Infinity) + 1;
                onFocus({ ...focus, ...foldToDepth(depth >= model.depthMax ? undefined : depth) }, 'replace');
              }}
            >
              +1
            </Button>
            <Button
              small
              title="Unfold all"
              onClick={() => onFocus({ ...focus, ...foldToDepth(undefined) }, 'replace')}
            >
              Unfold all
            </Button>
          </div>
        )}
        {focus.zoom && (
          <Button
            small
            title="Show the whole trace (0)"
            onClick={() => onFocus({ ...focus, zoom: undefined, clip: undefined }, 'replace')}
          >
            Reset zoom
          </Button>
        )}
        {focus.zoom && view === 'waterfall' && (
          <Button
            small
            aria-pressed={focus.clip === true}
            title="Hide spans outside the brushed time (o)"
            onClick={() => onFocus({ ...focus, clip: focus.clip ? undefined : true }, 'replace')}
          >
            Hide outside
          </Button>
        )}
        <Contributors {...props} />
      </div>
    </header>
  );
}

function FindBox({ focus, found, findInput, onFocus, onNextMatch, model }: TraceHeaderProps): ReactElement {
  return (
    <div className={styles.find}>
      <TextInput
        inputRef={findInput}
        className={styles.findInput}
        value={focus.find}
        placeholder="Find in this trace"
        aria-label="Find in this trace"
        onChange={(event) => onFocus({ ...focus, find: event.target.value }, 'replace')}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            onNextMatch(!event.shiftKey);
          } else if (event.key === 'Escape') {
            onFocus({ ...focus, find: '' }, 'replace');
            event.currentTarget.blur();
          }
        }}
      />
      {found && (
        <>
          <span className={styles.matchCount} role="status">
            {found.count === 0
              ? 'no match'
              : `${found.count.toLocaleString('en-US')} of ${model.table.rowCount.toLocaleString('en-US')}`}
          </span>
          <Button
            small
            look="quiet"
            aria-label="Previous match"
            title="Previous match (N)"
            onClick={() => onNextMatch(false)}
          >
            <Icon name="up" size={13} />
          </Button>
          <Button small look="quiet" aria-label="Next match" title="Next match (n)" onClick={() => onNextMatch(true)}>
            <Icon name="down" size={13} />
          </Button>
        </>
      )}
    </div>
  );
}

const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
const bare = { padding: 0, border: 0, background: 'none', font: 'inherit', cursor: 'pointer' } as const;

const styles = {
  root: css({ flex: 'none', borderBottom: '1px solid var(--v-line)' }),
  titleLine: css({
    display: 'flex',
    alignItems: 'flex-start',
    gap: '4px 12px',
    padding: '12px 14px 0',
    flexWrap: 'wrap',
  }),
  title: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 8px',
    flex: '1 1 260px',
    minWidth: 0,
    margin: 0,
    fontSize: 17,
    fontWeight: 500,
    lineHeight: '24px',
    overflowWrap: 'anywhere',
  }),
  rootService: css({ fontWeight: 700 }),
  facts: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '2px 14px',
    alignItems: 'baseline',
    padding: '4px 14px 0',
    color: 'var(--v-text-muted)',
    fontVariantNumeric: 'tabular-nums',
    '& > strong': { color: 'var(--v-text)', fontWeight: 600 },
  }),
  errors: css({ ...bare, color: 'var(--v-error)', fontWeight: 600, '&:hover': { textDecoration: 'underline' } }),
  traceId: css({
    ...bare,
    fontFamily: mono,
    fontSize: 12,
    color: 'var(--v-text-muted)',
    overflowWrap: 'anywhere',
    textAlign: 'left',
  }),
  notes: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 10px',
    maxHeight: '30vh',
    overflowY: 'auto',
    marginBottom: 8,
    padding: '3px 2px',
    background: 'var(--v-warning-surface)',
    '& button': { color: 'var(--v-warning)', textDecoration: 'underline' },
  }),
  bar: css({ display: 'flex', flexWrap: 'wrap', gap: '6px 12px', padding: '0 14px 8px', alignItems: 'center' }),
  group: css({ display: 'flex', gap: 4 }),
  find: css({ display: 'flex', alignItems: 'center', gap: 4, flex: '0 1 340px', minWidth: 180 }),
  findInput: css({ flex: 1, height: 24 }),
  matchCount: css({
    fontSize: 12,
    color: 'var(--v-text-muted)',
    whiteSpace: 'nowrap',
    fontVariantNumeric: 'tabular-nums',
    padding: '0 4px',
  }),
};
