import type { PanelProps } from '@grafana/data';
import { spansFromFrames } from './spans-from-frame.ts';
export default function WaterfallPanel({ data }: PanelProps) {
  return <p>{spansFromFrames(data.series).length}</p>;
}
