import { css } from '@emotion/css';
import type { ReactElement } from 'react';
import { omittedSentence } from '../../analysis/story.ts';
import { repeatsMin } from '../../analysis/repeats.ts';
import { Button } from '../kit/controls.tsx';
import type { TraceFocus, TraceViewName } from '../state/view.ts';
import { reductionOf, withReduction } from '../waterfall/lanes.ts';
import type { TraceModel } from './model.ts';

export const viewTitles: Readonly<Record<TraceViewName, string>> = {
  waterfall: 'Waterfall',
  flame: 'Flame',
  statistics: 'Statistics',
  graph: 'Graph',
  events: 'Events',
};

interface ViewBarProps {
  readonly model: TraceModel;
  readonly focus: TraceFocus;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
}

/** Which view of the trace, each with its key. */
export function ViewSwitcher({ focus, onFocus }: ViewBarProps): ReactElement {
  const view = focus.view ?? 'waterfall';
  return (
    <div className={styles.segments} role="group" aria-label="View">
      {Object.entries(viewTitles).map(([name, title], index) => (
        <Button
          key={name}
          small
          aria-pressed={name === view}
          title={`${title} (${index + 1})`}
          onClick={() => onFocus(withView(focus, name as TraceViewName), 'push')}
        >
          {title}
        </Button>
      ))}
    </div>
  );
}

export function withView(focus: TraceFocus, view: TraceViewName): TraceFocus {
  return { ...focus, view: view === 'waterfall' ? undefined : view };
}

/** How much of the trace has a line, and what a story had no room for. */
export function ReductionSwitcher({ model, focus, onFocus }: ViewBarProps): ReactElement {
  const reduction = reductionOf(model.table, focus);
  const omitted = reduction === 'story' ? omittedSentence(model.story) : undefined;
  const folding = model.repeats.filter(({ rows }) => rows.length >= repeatsMin).length;
  const choices = [
    ['story', `Story`, `The ${model.story.laneCount} lines that tell this trace (s)`],
    ['repeats', `Repeats folded`, `${folding} groups of repeated siblings as one line each (r)`],
    ['all', 'All spans', 'A line for every span (s)'],
  ] as const;
  return (
    <>
      <div className={styles.segments} role="group" aria-label="Lines">
        {choices.map(([name, text, title]) => (
          <Button
            key={name}
            small
            title={title}
            aria-pressed={name === reduction}
            onClick={() => onFocus(withReduction(focus, name), 'replace')}
          >
            {text}
          </Button>
        ))}
      </div>
      {omitted !== undefined && <span className={styles.note}>{omitted}</span>}
    </>
  );
}

const styles = {
  segments: css({
    display: 'flex',
    '& > button': { borderRadius: 0, marginLeft: -1, position: 'relative' },
    '& > button:first-of-type': { borderRadius: '5px 0 0 5px', marginLeft: 0 },
    '& > button:last-of-type': { borderRadius: '0 5px 5px 0' },
    '& > button[aria-pressed=true]': { zIndex: 1, background: 'var(--v-selected)' },
  }),
  note: css({ fontSize: 12, color: 'var(--v-warning)' }),
};
