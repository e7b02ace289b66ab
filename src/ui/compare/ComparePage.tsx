import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { changeKinds, compareTraces, explainDifference } from '../../analysis/compare.ts';
import type { ComparedTrace, TraceComparison } from '../../analysis/compare.ts';
import { spanIdAt } from '../../trace/span-table.ts';
import { findTraceId } from '../../wire/traceparent.ts';
import type { OpenFile } from '../file/FilePage.tsx';
import type { Host } from '../host.ts';
import { Button, Notice, SkeletonRows, TextInput, WarningBanner } from '../kit/controls.tsx';
import { formatCount, formatNanos, formatTime } from '../kit/format.ts';
import { serviceColors } from '../kit/service-colors.ts';
import type { Theme } from '../kit/theme.ts';
import { wholeTrace } from '../state/view.ts';
import type { CompareView, View } from '../state/view.ts';
import { ComparedTree } from './ComparedTree.tsx';
import { useSide } from './use-side.ts';
import type { Side } from './use-side.ts';

export interface ComparePageProps {
  readonly host: Pick<Host, 'client' | 'viewState'>;
  readonly view: CompareView;
  readonly theme: Theme;
  /** Opened in this browser, oldest first. */
  readonly files: readonly OpenFile[];
  onChooseFile(): void;
}

/** Two traces: what came, what went, what got slower, and which spans explain the difference. */
export function ComparePage({ host, view, theme, files, onChooseFile }: ComparePageProps): ReactElement {
  const before = useSide(host.client, view.before, files);
  const after = useSide(host.client, view.after, files);
  const choose = (side: 'before' | 'after', value: string): void =>
    host.viewState.set({ ...view, [side]: value }, 'push');
  const pickers = (
    <div className={styles.pickers}>
      {(['before', 'after'] as const).map((which) => (
        <SidePicker
          key={which}
          which={which}
          value={view[which]}
          side={which === 'before' ? before : after}
          host={host}
          onChoose={(value) => choose(which, value)}
          onChooseFile={onChooseFile}
        />
      ))}
      <Button
        title="Exchange the two"
        onClick={() => host.viewState.set({ ...view, before: view.after, after: view.before }, 'replace')}
      >
        Swap
      </Button>
    </div>
  );
  return (
    <div className={styles.root}>
      <h1 className={styles.title}>Compare two traces</h1>
      {pickers}
      {before.kind === 'found' && after.kind === 'found' ? (
        <Comparison
          key={`${view.before} ${view.after}`}
          before={before.trace}
          after={after.trace}
          warnings={[...before.warnings, ...after.warnings]}
          theme={theme}
          hrefOf={(which, spanId) => host.viewState.href(viewOfSide(view[which], spanId))}
        />
      ) : before.kind === 'loading' || after.kind === 'loading' ? (
        <SkeletonRows rows={10} />
      ) : (
        <Notice title="Choose two traces">
          Paste what holds a trace id (an id, a traceparent, a URL, a log line), or take the trace of the opened file.
          Spans are the same where service, name, kind and place among their siblings are.
        </Notice>
      )}
    </div>
  );
}

function viewOfSide(side: string, spanId: string): View {
  const focus = { ...wholeTrace, spanId };
  return side.startsWith('file')
    ? { page: 'file', traceId: side.slice('file:'.length) || undefined, focus }
    : { page: 'trace', traceId: side, focus };
}

const sideTitles = { before: 'A, before', after: 'B, after' } as const;

function SidePicker({
  which,
  value,
  side,
  host,
  onChoose,
  onChooseFile,
}: {
  readonly which: 'before' | 'after';
  readonly value: string;
  readonly side: Side;
  readonly host: Pick<Host, 'viewState'>;
  onChoose(value: string): void;
  onChooseFile(): void;
}): ReactElement {
  const [text, setText] = useState<string>();
  const [isWrong, setWrong] = useState(false);
  const table = side.kind === 'found' ? side.trace.table : undefined;
  const shown = value.startsWith('file') ? `file ${value.slice('file:'.length)}` : value;
  return (
    <form
      className={styles.picker}
      aria-label={sideTitles[which]}
      onSubmit={(event) => {
        event.preventDefault();
        const traceId = findTraceId(text ?? '');
        setWrong(traceId === undefined);
        if (traceId !== undefined) {
          setText(undefined);
          onChoose(traceId);
        }
      }}
    >
      <div className={styles.pickerLine}>
        <label className={styles.label}>
          <span>{sideTitles[which]}</span>
          <TextInput
            className={styles.input}
            value={text ?? shown}
            placeholder="Trace id, traceparent, URL, log line"
            aria-invalid={isWrong}
            onChange={(event) => {
              setText(event.target.value);
              setWrong(false);
            }}
          />
        </label>
        <Button onClick={onChooseFile}>Open file</Button>
      </div>
      {isWrong && <div role="alert">There is no trace id in this text: 1 to 32 hex digits were expected.</div>}
      {side.kind === 'failed' && <div role="alert">{side.reason}</div>}
      {table && (
        <div className={styles.facts}>
          <a href={host.viewState.href(viewOfSide(value, spanIdAt(table, 0)))}>
            {`${table.services[table.service[0]]} · ${table.names[table.name[0]]}`}
          </a>
          <strong>{formatNanos(table.traceNanos)}</strong>
          <span>{formatCount(table.rowCount, 'span')}</span>
          <span>{formatTime(Number(table.baseUnixNanos / 1_000_000n))}</span>
        </div>
      )}
    </form>
  );
}

function Comparison({
  before,
  after,
  warnings,
  theme,
  hrefOf,
}: {
  readonly before: ComparedTrace;
  readonly after: ComparedTrace;
  readonly warnings: readonly string[];
  readonly theme: Theme;
  hrefOf(which: 'before' | 'after', spanId: string): string;
}): ReactElement {
  const comparison = useMemo(() => compareTraces(before, after), [before, after]);
  const colors = useMemo(
    () => serviceColors([...new Set([...before.table.services, ...after.table.services])], theme.name),
    [before, after, theme.name]
  );
  const [isAll, setAll] = useState(false);
  const [node, setNode] = useState(-1);
  const [same, ...changed] = comparison.counts;
  const changes = changed.reduce((sum, count) => sum + count, 0);
  return (
    <>
      {warnings.map((warning) => (
        <WarningBanner key={warning}>{warning}</WarningBanner>
      ))}
      <p className={styles.summary} data-testid="comparison">
        <strong>{`B took ${differenceText(comparison.totalNanos)}`}</strong>
        {changeKinds.slice(1).map((kind, index) => (
          <span key={kind}>{`${changed[index].toLocaleString('en-US')} ${kind}`}</span>
        ))}
        <span>{`${same.toLocaleString('en-US')} the same`}</span>
      </p>
      <Contributors comparison={comparison} before={before} after={after} onSelect={setNode} />
      <label className={styles.check}>
        <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} /> Show spans that are
        the same too
      </label>
      {changes === 0 && !isAll && (
        <p className={styles.muted}>No span came, went, or differs by 5 % and by a thousandth of the trace.</p>
      )}
      <ComparedTree
        comparison={comparison}
        before={before.table}
        after={after.table}
        colors={colors}
        isAll={isAll}
        selected={node}
        onSelect={setNode}
        hrefOf={hrefOf}
      />
    </>
  );
}

function differenceText(nanos: number): string {
  return nanos === 0 ? 'exactly as long' : `${formatNanos(Math.abs(nanos))} ${nanos > 0 ? 'longer' : 'less'}`;
}

/** A list that long is not read; how much the shown ones explain is said. */
const contributorsShown = 12;

function Contributors({
  comparison,
  before,
  after,
  onSelect,
}: {
  readonly comparison: TraceComparison;
  readonly before: ComparedTrace;
  readonly after: ComparedTrace;
  onSelect(node: number): void;
}): ReactElement | undefined {
  const { nodes, explainedShare } = useMemo(() => explainDifference(comparison), [comparison]);
  const [isOpen, setOpen] = useState(false);
  if (nodes.length === 0) {
    return undefined;
  }
  const shown = isOpen ? nodes : nodes.slice(0, contributorsShown);
  return (
    <section className={styles.contributors} aria-label="What explains the difference">
      <h2 className={styles.heading}>
        {comparison.totalNanos === 0
          ? 'What changed on the critical path'
          : `${formatCount(nodes.length, 'span')} on the critical path explain ${Math.floor(explainedShare * 100)} % of the difference`}
      </h2>
      <ol data-testid="contributors">
        {shown.map((node) => {
          const nanos = node < 0 ? comparison.gapNanos : comparison.contributionNanos[node];
          const row = node < 0 ? -1 : comparison.afterRow[node];
          const table = row >= 0 ? after.table : before.table;
          const at = row >= 0 ? row : node < 0 ? -1 : comparison.beforeRow[node];
          return (
            <li key={node}>
              <strong>{`${nanos > 0 ? '+' : '−'}${formatNanos(Math.abs(nanos))}`}</strong>
              {node < 0 ? (
                <span>time in which no span ran</span>
              ) : (
                <button type="button" onClick={() => onSelect(node)}>
                  {`${table.services[table.service[at]]} · ${table.names[table.name[at]]}`}
                </button>
              )}
              <span className={styles.muted}>{node < 0 ? '' : changeKinds[comparison.change[node]]}</span>
            </li>
          );
        })}
      </ol>
      {nodes.length > contributorsShown && (
        <Button small look="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Show fewer' : `Show all ${nodes.length}`}
        </Button>
      )}
    </section>
  );
}

const styles = {
  root: css({
    display: 'flex',
    flexDirection: 'column',
    flex: 1,
    minHeight: 0,
    padding: '12px 14px 0',
    overflowY: 'auto',
    gap: 8,
  }),
  title: css({ margin: 0, fontSize: 17, fontWeight: 600 }),
  pickers: css({ display: 'flex', flexWrap: 'wrap', gap: 12, alignItems: 'flex-start' }),
  picker: css({
    flex: '1 1 320px',
    minWidth: 0,
    '& [role=alert]': { color: 'var(--v-error)', fontSize: 12.5, padding: '4px 0' },
  }),
  pickerLine: css({ display: 'flex', gap: 6 }),
  label: css({
    display: 'flex',
    flex: 1,
    minWidth: 0,
    alignItems: 'center',
    gap: 8,
    '& > span': { flex: 'none', fontWeight: 600 },
  }),
  input: css({ flex: 1, width: '100%' }),
  facts: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 12px',
    padding: '4px 0',
    fontVariantNumeric: 'tabular-nums',
    overflowWrap: 'anywhere',
    '& a': { color: 'var(--v-accent)' },
  }),
  summary: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '2px 16px',
    margin: 0,
    fontVariantNumeric: 'tabular-nums',
    '& > strong': { fontSize: 15 },
    '& > span': { color: 'var(--v-text-muted)' },
  }),
  contributors: css({
    '& ol': { margin: '2px 0 4px', padding: 0, listStyle: 'none' },
    '& li': { display: 'flex', flexWrap: 'wrap', gap: '0 10px', padding: '1px 0', fontVariantNumeric: 'tabular-nums' },
    '& li > strong': { minWidth: 84, textAlign: 'right' },
    '& li > button': {
      padding: 0,
      border: 0,
      background: 'none',
      color: 'var(--v-accent)',
      font: 'inherit',
      textAlign: 'left',
      cursor: 'pointer',
      overflowWrap: 'anywhere',
    },
  }),
  heading: css({ margin: 0, fontSize: 13, fontWeight: 600 }),
  check: css({ display: 'flex', gap: 6, alignItems: 'center', fontSize: 12.5 }),
  muted: css({ margin: 0, color: 'var(--v-text-muted)' }),
};
