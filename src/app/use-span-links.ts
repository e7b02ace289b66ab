import { locationUtil } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { useEffect, useMemo, useState } from 'react';
import type { Span } from '../trace/model.ts';
import type { RelatedLink } from '../ui/detail/RelatedLinks.tsx';
import { fieldLinksOf, type LinkFrame } from '../ui/links/field-links.ts';
import { relatedLinks } from '../ui/links/related-links.ts';
import type { LinkSettings } from '../ui/links/settings.ts';
import { spanLinks, type LinkedDataSource } from '../ui/links/span-links.ts';
import type { LinkedTrace } from '../ui/links/variables.ts';

const noFrames: readonly LinkFrame[] = [];

/**
 * Links from spans to logs, metrics and profiles, as the trace's data source is set up (ours, Tempo, Jaeger or Zipkin), and those that
 * the fields of its frames carry: correlations, data links of a panel.
 */
export function useSpanLinks(
  datasourceUid: string | undefined,
  frames: readonly LinkFrame[] = noFrames
): ((span: Span, trace: LinkedTrace) => readonly RelatedLink[]) | undefined {
  const [settings, setSettings] = useState<{ readonly uid: string; readonly links: LinkSettings }>();
  useEffect(() => {
    let isCurrent = true;
    if (datasourceUid !== undefined) {
      // A data source that is not there has no links; its panel still has a trace.
      void linkSettings(datasourceUid)
        .catch(() => ({}))
        .then((links) => isCurrent && setSettings({ uid: datasourceUid, links }));
    }
    return () => {
      isCurrent = false;
    };
  }, [datasourceUid]);
  const links = settings !== undefined && settings.uid === datasourceUid ? settings.links : undefined;
  const ofFields = useMemo(() => fieldLinksOf(frames, findDataSource), [frames]);
  return useMemo(() => {
    if (links === undefined && ofFields === undefined) {
      return undefined;
    }
    return (span: Span, trace: LinkedTrace) =>
      relatedLinks(
        [...spanLinks(links ?? {}, span, trace, findDataSource), ...(ofFields?.(span, trace) ?? [])],
        (path) => locationUtil.assureBaseUrl(path)
      );
  }, [links, ofFields]);
}

/** From Grafana 13 on, lists of data sources carry no settings; the instance has them. */
async function linkSettings(uid: string): Promise<LinkSettings> {
  const instance: object = await getDataSourceSrv().get(uid);
  const own = (instance as { instanceSettings?: { jsonData?: LinkSettings } }).instanceSettings?.jsonData;
  return own ?? (getDataSourceSrv().getInstanceSettings(uid)?.jsonData as LinkSettings | undefined) ?? {};
}

/** `undefined` for one that this person may not use: a link to it would only fail. */
function findDataSource(uid: string): LinkedDataSource | undefined {
  const found = uid === '' ? undefined : getDataSourceSrv().getInstanceSettings(uid);
  return found && { uid: found.uid, name: found.name, type: found.type };
}
