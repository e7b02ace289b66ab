import type { QueryEditorHelpProps } from '@grafana/data';
import type { VivaceQuery } from './query.ts';

const examples: readonly { readonly title: string; readonly text: string; readonly query: string }[] = [
  {
    title: 'Failed spans of a service',
    text: 'Scopes are resource, span, event, link and instrumentation.',
    query: '{ resource.service.name = "checkout" && status = error }',
  },
  {
    title: 'Slow requests',
    text: 'Durations have units: ns, us, ms, s, m, h.',
    query: '{ span.http.route = "/cart" && duration > 500ms }',
  },
  { title: 'A regular expression', text: '=~ and !~ match the whole value.', query: '{ name =~ "GET .*" }' },
  {
    title: 'An error somewhere below a service',
    text: '>> is a descendant, > a child, << an ancestor, ~ a sibling; with ! in front the negation, with & both sides.',
    query: '{ resource.service.name = "frontend" } >> { status = error }',
  },
  {
    title: 'Traces with many database calls',
    text: 'After a |, aggregates: count, min, max, avg, sum.',
    query: '{ span.db.system.name != nil } | count() > 20',
  },
  {
    title: 'Rate of failures by service',
    text: 'Metrics become a graph; points lead to traces.',
    query: '{ status = error } | rate() by (resource.service.name)',
  },
  {
    title: 'Latency quantiles',
    text: '',
    query: '{ kind = server } | quantile_over_time(duration, .5, .95, .99) by (name)',
  },
  { title: 'Latency as a heatmap', text: '', query: '{ kind = server } | histogram_over_time(duration)' },
];

/** Explore's help: what can be asked, each line a query that runs with a click. */
export function QueryHelp({ onClickExample }: QueryEditorHelpProps<VivaceQuery>) {
  return (
    <div data-testid="vivace-query-help">
      <h2>TraceQL</h2>
      <p>
        A trace ID shows the trace, whatever the time range. Everything else is TraceQL: braces choose spans, a trace is
        found when it has such spans. Shift+Enter runs, Ctrl+Space completes, Ctrl+. applies a fix, Shift+Alt+F formats.
      </p>
      {examples.map(({ title, text, query }) => (
        <div key={title} style={{ marginBottom: 12 }}>
          <strong>{title}</strong>
          {text !== '' && <div>{text}</div>}
          <button
            type="button"
            style={{
              fontFamily: 'monospace',
              textAlign: 'left',
              background: 'none',
              border: 0,
              padding: '4px 0',
              color: 'inherit',
              textDecoration: 'underline',
            }}
            onClick={() => onClickExample({ refId: 'A', queryType: 'traceql', query })}
          >
            {query}
          </button>
        </div>
      ))}
    </div>
  );
}
