import { locationUtil } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { useEffect, useMemo, useState } from 'react';
import { exploreHref, spanLinks, type LinkedDataSource, type LinkSettings } from '../datasource/links/span-links.ts';
import type { Span } from '../trace/model.ts';
import type { RelatedLink } from '../ui/detail/RelatedLinks.tsx';

/** Links from spans to logs, metrics and profiles, as the trace's data source is set up: ours, Tempo, Jaeger or Zipkin. */
export function useSpanLinks(datasourceUid: string | undefined): ((span: Span) => readonly RelatedLink[]) | undefined {
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
  return useMemo(() => links && ((span: Span) => relatedLinks(links, span)), [links]);
}

function relatedLinks(settings: LinkSettings, span: Span): RelatedLink[] {
  return spanLinks(settings, span, findDataSource).map((link) => ({
    title: link.title,
    href: locationUtil.assureBaseUrl(exploreHref(link)),
  }));
}

/** From Grafana 13 on, lists of data sources carry no settings; the instance has them. */
async function linkSettings(uid: string): Promise<LinkSettings> {
  const instance: object = await getDataSourceSrv().get(uid);
  const own = (instance as { instanceSettings?: { jsonData?: LinkSettings } }).instanceSettings?.jsonData;
  return own ?? (getDataSourceSrv().getInstanceSettings(uid)?.jsonData as LinkSettings | undefined) ?? {};
}

function findDataSource(uid: string): LinkedDataSource | undefined {
  const found = uid === '' ? undefined : getDataSourceSrv().getInstanceSettings(uid);
  return found && { uid: found.uid, name: found.name, type: found.type };
}
