import { css } from '@emotion/css';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { Span } from '../../trace/model.ts';
import { spanIdAt } from '../../trace/span-table.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import type { LinksOfSpan } from '../detail/RelatedLinks.tsx';
import type { Host } from '../host.ts';
import { Announcer } from '../kit/Announcer.tsx';
import { SkeletonRows } from '../kit/controls.tsx';
import { ErrorBoundary } from '../kit/ErrorBoundary.tsx';
import type { Theme } from '../kit/theme.ts';
import { useWidth } from '../kit/use-width.ts';
import type { Crumb, TraceFocus } from '../state/view.ts';
import { nextRow } from '../waterfall/keys.ts';
import { revealRow } from '../waterfall/lanes.ts';
import { Waterfall } from '../waterfall/Waterfall.tsx';
import { rowOfSpan } from './model.ts';
import type { TraceData } from './trace-data.ts';
import { TraceHeader } from './TraceHeader.tsx';
import { Trail } from './Trail.tsx';
import { TraceValueActions } from './TraceValueActions.tsx';
import { SelectionAnnouncer } from './SelectionAnnouncer.tsx';
import { useTraceCommands } from './use-trace-commands.ts';
import { useRowColors } from './use-row-colors.ts';
import { useLogs } from '../logs/use-logs.ts';
import { traceViewNames } from '../state/view.ts';
import { OtherView } from './OtherView.tsx';
import { useMatches } from './use-matches.ts';
import { useSpan } from './use-trace-data.ts';
import { withView } from './ViewBar.tsx';

// What a trace needs before anything is selected comes first.
const SpanDetail = lazy(async () => ({ default: (await import('../detail/SpanDetail.tsx')).SpanDetail }));

export interface TracePaneProps {
  readonly data: TraceData;
  readonly focus: TraceFocus;
  readonly theme: Theme;
  /** `client` answers what the trace itself does not hold: peers of a span, who links to it. */
  readonly host: Pick<Host, 'copyText' | 'preferences' | 'saveFile'> &
    Partial<Pick<Host, 'client' | 'logs' | 'startWorker' | 'styleNonce'>>;
  /** Sentences to show above: a partial answer, for instance. */
  readonly warnings?: readonly string[];
  /** A link to this very view; `undefined` hides the button. */
  readonly link?: string;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
  readonly addToSearch: ((condition: string) => void) | undefined;
  readonly hrefOfTrace: ((traceId: string, spanId: string) => string) | undefined;
  /** The trace at full size elsewhere, with this span selected; `undefined` where this is it. */
  readonly fullViewHref?: (spanId: string | undefined) => string;
  /** Where a span leads outside of tracing: its logs, metrics, profiles. */
  readonly linksOfSpan?: LinksOfSpan;
  /** What the link had to leave out to stay short enough. */
  readonly linkLeftOut?: readonly string[];
  /** Opens a span of another trace and remembers the way; absent: the link is followed. */
  readonly onOpenTrace?: (
    traceId: string,
    spanId: string,
    from: { readonly spanId: string; readonly name: string }
  ) => void;
  /** The way here over links, oldest first; with it come `hrefOfCrumb` and `onCrumb`. */
  readonly trail?: readonly Crumb[];
  readonly hrefOfCrumb?: (index: number) => string;
  readonly onCrumb?: (index: number) => void;
  readonly onCompare?: () => void;
  /** With the typical trace of its kind; false when there is no other. */
  readonly onCompareWithTypical?: (table: SpanTable) => Promise<boolean>;
}

const nameWidthKey = 'name-width';
/** Below this the detail covers the waterfall as a sheet. */
const narrowWidth = 820;

/** One trace: header, waterfall, and the selected span beside it. */
export function TracePane(props: TracePaneProps): ReactElement {
  const { data, focus, theme, host, trail = [], hrefOfCrumb, onCrumb, onFocus, onOpenTrace } = props;
  const model = focus.clocks === 'sent' ? data.sentModel : data.model;
  const [root, width] = useWidth();
  const find = useRef<HTMLInputElement>(null);
  const { table } = model;
  const rowColors = useRowColors(data, focus.colorBy, theme);
  const { codes, colors } = rowColors;
  const { matches: found, filterError } = useMatches(data, focus);
  const logs = useLogs(host.logs, table);
  const view = focus.view ?? 'waterfall';
  const selectedRow = useMemo(() => rowOfSpan(table, focus.spanId), [table, focus.spanId]);
  const { span, error: spanError } = useSpan(data, selectedRow);
  const [nameWidth, setNameWidth] = useNameWidth(host, width);
  const isNarrow = width > 0 && width < narrowWidth;

  const selectRow = (row: number): void => {
    const spanId = spanIdAt(table, row);
    const folds = revealRow(model, focus, row);
    onFocus(
      { ...focus, ...folds, spanId: spanId === focus.spanId && row === selectedRow ? undefined : spanId },
      'replace'
    );
  };
  const goToRow = (row: number): void =>
    onFocus({ ...focus, ...revealRow(model, focus, row), spanId: spanIdAt(table, row) }, 'replace');
  const goToMatch = (forward: boolean): void => {
    const row = found && nextRow(table.rowCount, selectedRow, forward, (candidate) => found.matches[candidate] === 1);
    if (row !== undefined) {
      goToRow(row);
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const viewOfKey = traceViewNames[Number(event.key) - 1];
    if (event.key === '/') {
      find.current?.focus();
    } else if (viewOfKey !== undefined) {
      onFocus(withView(focus, viewOfKey), 'push');
    } else if ((event.key === 'e' || event.key === 'E' || event.key === 'c') && view !== 'waterfall') {
      const holds = (row: number): boolean =>
        (event.key === 'c' ? model.criticalNanos[row] > 0 : table.statusCode[row] === 2) &&
        (found === undefined || found.matches[row] === 1);
      const row = nextRow(table.rowCount, selectedRow, event.key !== 'E', holds);
      if (row !== undefined) {
        goToRow(row);
      }
    } else if (event.key === 'n' || event.key === 'N') {
      goToMatch(event.key === 'n');
    } else if (event.key === 'Escape' && focus.spanId !== undefined) {
      onFocus({ ...focus, spanId: undefined }, 'replace');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  useTraceCommands({ root, data, focus, onFocus, onGoToRow: goToRow });

  const linkingRows = useCallback(
    async (linked: Span) => {
      const { spanId, traceId } = linked;
      const { matches } = await data.filter(`{ link:spanID = "${spanId}" && link:traceID = "${traceId}" }`);
      return [...matches.keys()].filter((row) => matches[row] === 1);
    },
    [data]
  );

  return (
    <Announcer>
      <TraceValueActions {...props}>
        <SelectionAnnouncer table={table} row={selectedRow} />
        <div ref={root} className={styles.root} onKeyDown={onKeyDown}>
          {trail.length > 0 && hrefOfCrumb && onCrumb && <Trail trail={trail} hrefOf={hrefOfCrumb} onOpen={onCrumb} />}
          <TraceHeader
            {...props}
            model={model}
            rowColors={rowColors}
            found={found}
            findInput={find}
            filterError={filterError}
            selectedRow={selectedRow}
            onNextMatch={goToMatch}
            onGoToRow={goToRow}
          />
          <div className={styles.main}>
            {view === 'waterfall' ? (
              <Waterfall
                model={model}
                focus={focus}
                selectedRow={selectedRow}
                matches={found?.matches}
                logs={logs.kind === 'here' ? logs.logs : undefined}
                colors={colors}
                colorCodes={codes}
                theme={theme}
                nameWidth={nameWidth}
                onNameWidth={setNameWidth}
                onFocus={(next) => onFocus(next, 'replace')}
                onSelectRow={(row) => (row === selectedRow ? selectRow(row) : goToRow(row))}
              />
            ) : (
              <OtherView
                view={view}
                data={data}
                model={model}
                focus={focus}
                selectedRow={selectedRow}
                matches={found?.matches}
                colors={colors}
                colorCodes={codes}
                theme={theme}
                logs={logs}
                startWorker={host.startWorker}
                onFocus={onFocus}
                onSelectRow={(row) => (row === selectedRow ? undefined : goToRow(row))}
              />
            )}
            {selectedRow >= 0 && (
              <div className={isNarrow ? styles.sheet : styles.side}>
                <ErrorBoundary key={selectedRow} what="this span">
                  <Suspense fallback={<SkeletonRows rows={10} />}>
                    <SpanDetail
                      model={model}
                      row={selectedRow}
                      span={span}
                      error={spanError}
                      color={colors[codes[selectedRow]]}
                      host={host}
                      hrefOfTrace={props.hrefOfTrace}
                      linksOfSpan={props.linksOfSpan}
                      onOpenTrace={
                        onOpenTrace &&
                        ((traceId, spanId) =>
                          onOpenTrace(traceId, spanId, {
                            spanId: spanIdAt(table, selectedRow),
                            name: table.names[table.name[selectedRow]],
                          }))
                      }
                      linkingRows={linkingRows}
                      onSelectRow={goToRow}
                      onClose={() => onFocus({ ...focus, spanId: undefined }, 'replace')}
                    />
                  </Suspense>
                </ErrorBoundary>
              </div>
            )}
          </div>
        </div>
      </TraceValueActions>
    </Announcer>
  );
}

function isTyping(target: EventTarget): boolean {
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable);
}

/** The remembered width of the name column, or a share of the room there is. */
function useNameWidth(host: Pick<Host, 'preferences'>, width: number): [number, (width: number) => void] {
  const [chosen, setChosen] = useState<number | undefined>(() => {
    const remembered = Number(host.preferences.get(nameWidthKey));
    return remembered > 0 ? remembered : undefined;
  });
  useEffect(() => {
    if (chosen !== undefined) {
      host.preferences.set(nameWidthKey, String(chosen));
    }
  }, [host, chosen]);
  const share = width < narrowWidth ? 0.46 : 0.34;
  const fitting = Math.round(Math.min(400, Math.max(150, width * share)));
  return [chosen === undefined || chosen > width * 0.75 ? fitting : chosen, setChosen];
}

const styles = {
  root: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0, position: 'relative' }),
  main: css({ display: 'flex', flex: 1, minHeight: 0, minWidth: 0 }),
  side: css({ width: 'min(440px, 42%)', flex: 'none', minHeight: 0, borderLeft: '1px solid var(--v-line)' }),
  sheet: css({
    position: 'absolute',
    left: 0,
    right: 0,
    bottom: 0,
    height: '72%',
    zIndex: 5,
    borderTop: '1px solid var(--v-line)',
    borderRadius: '10px 10px 0 0',
    overflow: 'hidden',
    boxShadow: 'var(--v-shadow)',
  }),
};
