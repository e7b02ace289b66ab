import type { ReactElement, ReactNode } from 'react';
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { Span } from '../../trace/model.ts';
import { formatNanos, formatTime } from '../kit/format.ts';
import { Value } from '../kit/ValueMenu.tsx';
import {
  durationTarget,
  kindTarget,
  quoted,
  serviceTarget,
  spanNameTarget,
  statusTarget,
  targetOf,
} from '../state/value-target.ts';
import type { TraceModel } from '../trace/model.ts';
import { styles } from './styles.ts';

/** What every span has: times, kind, status, ids. Each value offers its actions. */
export function SpanFacts({
  model,
  row,
  span,
  onSelectRow,
}: {
  readonly model: TraceModel;
  readonly row: number;
  readonly span: Span;
  onSelectRow(row: number): void;
}): ReactElement {
  const { table } = model;
  const parent = table.parent[row];
  const service = table.services[table.service[row]];
  const duration = formatNanos(table.durationNanos[row]);
  const start = formatTime(Number(span.startUnixNanos / 1_000_000n));
  const critical = model.criticalNanos[row];
  const copyOnly = (name: string, text: string): ReactNode => (
    <Value target={targetOf(name, text, undefined, undefined)}>{text}</Value>
  );
  const facts: readonly (readonly [string, ReactNode])[] = [
    [
      'Duration',
      <Value key="v" target={durationTarget(table.durationNanos[row], duration)}>
        {duration}
      </Value>,
    ],
    ['Self time', copyOnly('self time', formatNanos(model.selfNanos[row]))],
    ['On critical path', critical > 0 ? copyOnly('critical path', formatNanos(critical)) : 'no'],
    ['Start', copyOnly('start', start)],
    ['After trace start', copyOnly('offset', formatNanos(table.offsetNanos[row]))],
    [
      'Service',
      <Value key="v" target={serviceTarget(service)}>
        {service || 'unknown service'}
      </Value>,
    ],
    [
      'Name',
      <Value key="v" target={spanNameTarget(span.name)}>
        {span.name || '(no name)'}
      </Value>,
    ],
    [
      'Kind',
      <Value key="v" target={kindTarget(span.kind)}>
        {spanKinds[span.kind] ?? `unknown (${span.kind})`}
      </Value>,
    ],
    [
      'Status',
      <Value key="v" target={statusTarget(span.statusCode)}>
        {statusCodes[span.statusCode] ?? `unknown (${span.statusCode})`}
      </Value>,
    ],
    [
      'Span id',
      <Value
        key="v"
        className={styles.mono}
        target={targetOf('span id', span.spanId, 'span:id', `span:id = ${quoted(span.spanId)}`)}
      >
        {span.spanId}
      </Value>,
    ],
    [
      'Parent',
      parent >= 0 ? (
        <button type="button" className={styles.linkButton} onClick={() => onSelectRow(parent)}>
          {table.names[table.name[parent]] || span.parentSpanId}
        </button>
      ) : span.parentSpanId === '' ? (
        'none: a root span'
      ) : (
        `${span.parentSpanId}, not in this trace`
      ),
    ],
  ];
  const rest = span.traceState === '' ? facts : [...facts, ['Trace state', span.traceState] as const];
  return (
    <dl className={styles.facts}>
      {rest.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
