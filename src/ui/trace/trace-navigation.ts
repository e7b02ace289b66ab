import type { SpanTable } from '../../trace/span-table.ts';
import type { Host } from '../host.ts';
import { shareable, urlOfView, wholeTrace } from '../state/view.ts';
import type { Crumb, TraceView } from '../state/view.ts';
import type { TracePaneProps } from './TracePane.tsx';

/** Steps kept in the breadcrumb: a longer way would not fit into a link. */
const crumbsMax = 6;

/** Where one can go from a trace of the server: over a link, back along the way, to a comparison; and the link to this very view. */
export function traceNavigation(
  host: Pick<Host, 'client' | 'viewState'>,
  view: TraceView
): Pick<
  TracePaneProps,
  'link' | 'linkLeftOut' | 'onOpenTrace' | 'onCompare' | 'onCompareWithTypical' | 'trail' | 'hrefOfCrumb' | 'onCrumb'
> {
  const { viewState } = host;
  const trail = view.trail ?? [];
  const { path, search } = urlOfView(view);
  const shared = shareable(view, viewState.href(view).length - path.length - search.length);
  const viewOfCrumb = (index: number): TraceView => {
    const { traceId, spanId } = trail[index];
    const before = trail.slice(0, index);
    return {
      page: 'trace',
      traceId,
      focus: { ...wholeTrace, spanId },
      ...(before.length > 0 ? { trail: before } : {}),
    };
  };
  return {
    link: viewState.href(shared.view),
    linkLeftOut: shared.leftOut,
    trail,
    hrefOfCrumb: (index) => viewState.href(viewOfCrumb(index)),
    onCrumb: (index) => viewState.set(viewOfCrumb(index), 'push'),
    onOpenTrace(traceId, spanId, from) {
      const crumb: Crumb = { traceId: view.traceId, spanId: from.spanId, name: from.name.slice(0, 60) };
      viewState.set(
        { page: 'trace', traceId, focus: { ...wholeTrace, spanId }, trail: [...trail, crumb].slice(-crumbsMax) },
        'push'
      );
    },
    onCompare: () => viewState.set({ page: 'compare', before: '', after: view.traceId }, 'push'),
    async onCompareWithTypical(table: SpanTable) {
      const { typicalPeer } = await import('../compare/typical.ts');
      const before = await typicalPeer(host.client, table);
      if (before !== undefined) {
        viewState.set({ page: 'compare', before, after: view.traceId }, 'push');
      }
      return before !== undefined;
    },
  };
}
