import { createDataFrame, FieldType, ThresholdsMode, type DataFrame, type Field } from '@grafana/data';
import type { StreamProgress } from '../streaming.ts';

/**
 * One row under a table that is still growing: how long, how far. Its own `refId` keeps it apart from the answer. Source: the Tempo data
 * source's streaming table.
 */
export function progressFrame(refId: string, progress: StreamProgress, elapsedMs: number): DataFrame {
  const { completedJobs, totalJobs, inspectedTraces, inspectedBytes } = progress;
  const share = totalJobs === 0 ? 0 : Math.min(100, (100 * completedJobs) / totalJobs);
  const number = (name: string, value: number, config: Field['config'] = {}): Field => {
    return { name, type: FieldType.number, config: { decimals: 0, ...config }, values: [value] };
  };
  return createDataFrame({
    refId: `streaming-progress-${refId}`,
    name: 'Streaming progress',
    meta: { preferredVisualisationType: 'table' },
    fields: [
      { name: 'State', type: FieldType.string, config: {}, values: ['Streaming'] },
      number('Elapsed', elapsedMs, { unit: 'ms' }),
      number('Traces read', inspectedTraces),
      number('Bytes read', inspectedBytes, { unit: 'decbytes', decimals: 1 }),
      number('Jobs', totalJobs),
      number('Jobs done', completedJobs),
      number('Progress', share, {
        unit: 'percent',
        min: 0,
        max: 100,
        custom: { cellOptions: { type: 'gauge', mode: 'gradient' } },
        thresholds: {
          mode: ThresholdsMode.Absolute,
          steps: [
            { color: 'blue', value: -Infinity },
            { color: 'green', value: 75 },
          ],
        },
      }),
    ],
  });
}
