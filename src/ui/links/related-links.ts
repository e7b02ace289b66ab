import type { RelatedLink } from '../detail/RelatedLinks.tsx';
import { exploreHref, type SpanLink } from './span-links.ts';

/**
 * Links as the span's detail shows them. `toHref` puts Grafana's own path before a path of it. A question that settings and frame both
 * ask stands once: the first one's words and range count.
 */
export function relatedLinks(links: readonly SpanLink[], toHref: (path: string) => string): RelatedLink[] {
  const byQuestion = new Map<string, RelatedLink>();
  for (const link of links) {
    const question = link.kind === 'url' ? link.href : JSON.stringify([link.dataSource.uid, link.query]);
    if (!byQuestion.has(question)) {
      const href = link.kind === 'url' ? link.href : exploreHref(link);
      byQuestion.set(question, { title: link.title, href: href.startsWith('/') ? toHref(href) : href });
    }
  }
  return [...byQuestion.values()];
}
