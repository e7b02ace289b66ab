import type { PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import { dataSourceType } from '../../app/data-sources.ts';
import { browserServices, searchHref } from '../../app/grafana-host.ts';
import { uiTheme } from '../../app/ui-theme.ts';
import { ServiceGraphPane } from '../../ui/graph/ServiceGraphPane.tsx';
import { WarningBanner } from '../../ui/kit/controls.tsx';
import { cssVariables } from '../../ui/kit/theme.ts';
import { linksOfRow } from '../field-links.ts';
import { graphFromFrames } from './graph-from-frames.ts';
import type { ServiceGraphOptions } from './options.ts';

/** The service graph of the panel's node graph frames. What is selected lives in memory: two panels do not share it. */
export default function ServiceGraphPanel({
  data,
  width,
  height,
  options,
  timeRange,
}: PanelProps<ServiceGraphOptions>) {
  const theme = uiTheme(useTheme2());
  const graph = useMemo(() => graphFromFrames(data.series), [data.series]);
  const source = data.request?.targets[0]?.datasource;
  const uid = source?.type === dataSourceType ? source.uid : undefined;
  const linksOf = (id: string) => {
    const at = graph.rows.get(id);
    return at === undefined ? [] : linksOfRow(at.frame, at.row);
  };

  return (
    <div
      data-theme={theme.name}
      style={{
        ...cssVariables(theme),
        color: theme.text,
        display: 'flex',
        flexDirection: 'column',
        width,
        height,
        overflow: 'hidden',
      }}
    >
      {graph.notices.map((notice) => (
        <WarningBanner key={notice}>{notice}</WarningBanner>
      ))}
      {graph.nodes.length === 0 ? (
        <p style={{ margin: 'auto', color: theme.textMuted }}>
          No service graph here. Ask a tracing data source for one (query type Service Graph).
        </p>
      ) : (
        <ServiceGraphPane
          nodes={graph.nodes}
          edges={graph.edges}
          theme={theme}
          startWorker={browserServices.startWorker}
          hrefOfTraces={(query) => (uid === undefined ? undefined : searchHref(query, timeRange, uid))}
          linksOf={linksOf}
          isListShown={options.isListShown}
        />
      )}
    </div>
  );
}
