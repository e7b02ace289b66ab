import type { PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useMemo, useState } from 'react';
import { dataSourceType } from '../../app/data-sources.ts';
import { browserServices, fullViewHref } from '../../app/grafana-host.ts';
import { uiTheme } from '../../app/ui-theme.ts';
import { useSpanLinks } from '../../app/use-span-links.ts';
import { mergeTrace } from '../../trace/merge.ts';
import type { Span } from '../../trace/model.ts';
import { cssVariables } from '../../ui/kit/theme.ts';
import { wholeTrace, type TraceFocus } from '../../ui/state/view.ts';
import { SpansPane } from '../../ui/trace/SpansPane.tsx';
import type { WaterfallOptions } from './options.ts';
import { spansFromFrames } from './spans-from-frame.ts';

/** The trace of the panel's frames. What is selected and folded lives in memory: two panels do not share it. */
export default function WaterfallPanel({ data, options, width, height }: PanelProps<WaterfallOptions>) {
  const theme = uiTheme(useTheme2());
  const { spans, traceCount } = useMemo(() => firstTrace(spansFromFrames(data.series)), [data.series]);
  const traceId = spans[0]?.traceId;
  const [focused, setFocused] = useState<{ traceId: string | undefined; focus: TraceFocus }>();
  const focus = focused !== undefined && focused.traceId === traceId ? focused.focus : firstFocus(options);
  const source = data.request?.targets[0]?.datasource;
  const uid = source?.type === dataSourceType ? source.uid : undefined;
  const linksOfSpan = useSpanLinks(source?.uid, data.series);

  return (
    <div style={{ ...cssVariables(theme), color: theme.text, display: 'flex', width, height, overflow: 'hidden' }}>
      {spans.length === 0 ? (
        <p style={{ margin: 'auto', color: theme.textMuted }}>
          No trace here. Ask a tracing data source for a trace by its ID; a search result has no spans to draw.
        </p>
      ) : (
        <SpansPane
          key={traceId}
          spans={spans}
          focus={focus}
          theme={theme}
          host={browserServices}
          warnings={warningsOf(
            traceCount,
            data.series.flatMap((frame) => frame.meta?.notices ?? [])
          )}
          onFocus={(next) => setFocused({ traceId, focus: next })}
          addToSearch={undefined}
          linksOfSpan={linksOfSpan}
          fullViewHref={uid === undefined ? undefined : (spanId) => fullViewHref(traceId ?? '', spanId ?? '', uid)}
          hrefOfTrace={uid === undefined ? undefined : (id, spanId) => fullViewHref(id, spanId, uid)}
        />
      )}
    </div>
  );
}

/** What the panel's options say, until somebody chooses something else. Explore draws the panel without options. */
function firstFocus({ view, reduce }: Partial<WaterfallOptions>): TraceFocus {
  return {
    ...wholeTrace,
    ...(view === undefined || view === 'waterfall' ? {} : { view }),
    ...(reduce === undefined || reduce === 'auto' ? {} : { reduce }),
  };
}

/** Several frames may hold parts of one trace; of several traces the first is shown. */
function firstTrace(spans: readonly Span[]): { readonly spans: readonly Span[]; readonly traceCount: number } {
  const traceIds = new Set(spans.map((span) => span.traceId));
  const [first] = traceIds;
  if (first === undefined) {
    return { spans, traceCount: 0 };
  }
  const own = spans.filter((span) => span.traceId === first);
  return { spans: mergeTrace(first, [own]).spans, traceCount: traceIds.size };
}

function warningsOf(traceCount: number, notices: readonly { readonly text: string }[]): string[] {
  const several = traceCount > 1 ? [`The query answered with ${traceCount} traces; the first is shown.`] : [];
  return [...several, ...notices.map((notice) => notice.text)];
}
