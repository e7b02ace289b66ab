import type { DataFrame } from '@grafana/data';
import type { RelatedLink } from '../ui/detail/RelatedLinks.tsx';

/** Schemes that a link out of data may have. */
const allowedHref = /^(https?:|mailto:|\/|\?|#|[^:/?#]+([/?#]|$))/i;

/**
 * The data links of one row: those the data source put on its fields, those of the panel and of correlations, with every variable filled
 * in by Grafana. A link that two fields have stands once.
 */
export function linksOfRow(frame: DataFrame, row: number): RelatedLink[] {
  const links = new Map<string, RelatedLink>();
  for (const field of frame.fields) {
    for (const { title, href } of field.getLinks?.({ valueRowIndex: row }) ?? []) {
      if (href !== '' && allowedHref.test(href)) {
        links.set(`${title}\0${href}`, { title, href });
      }
    }
  }
  return [...links.values()];
}
