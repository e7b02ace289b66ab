import { dateTime } from '@grafana/data';
import { useMemo } from 'react';
import type { Client } from '../api/client.ts';
import TraceqlEditor from '../ui/editor/TraceqlEditor.tsx';
import type { Theme } from '../ui/kit/theme.ts';
import type { Range } from '../ui/state/view.ts';
import { checkText } from './diagnostics.ts';

export interface TraceqlEditorInGrafanaProps {
  readonly client: Client;
  readonly theme: Theme;
  readonly placeholder: string;
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onBlur: () => void;
  readonly onSubmit: () => void;
}

/** The page's editor under Grafana's habits: trace ids and template variables are no mistakes, Shift+Enter runs. */
export default function TraceqlEditorInGrafana({ client, fromMs, toMs, ...props }: TraceqlEditorInGrafanaProps) {
  const host = useMemo(() => ({ client, nowMs: () => dateTime().valueOf() }), [client]);
  const range: Range = { from: { kind: 'at', unixMs: fromMs }, to: { kind: 'at', unixMs: toMs } };
  return <TraceqlEditor {...props} host={host} range={range} submitKey="shift-enter" check={checkText} />;
}
