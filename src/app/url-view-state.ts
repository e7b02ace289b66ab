import { locationService } from '@grafana/runtime';
import type { ViewState } from '../ui/host.ts';
import { urlOfView, viewFromUrl, type View } from '../ui/state/view.ts';

export const appPath = '/a/vivace-traces-app';

/** Any view of the app, below Grafana's own path. */
export function appLocation(view: View, datasourceUid: string): string {
  const { path, search } = urlOfView(view);
  const params = new URLSearchParams(search);
  params.set('ds', datasourceUid);
  return `${appPath}${path}?${params.toString()}`;
}

/** The view in Grafana's URL, below the app's path; `ds` names the data source and stays through every change. */
export function urlViewState(datasourceUid: string): ViewState {
  const target = (view: View): string => appLocation(view, datasourceUid);
  let current: { readonly url: string; readonly view: View } = { url: '', view: viewFromUrl('', '') };
  return {
    get() {
      const { pathname, search } = locationService.getLocation();
      // React compares views by identity: one URL is one object.
      if (pathname + search !== current.url) {
        current = { url: pathname + search, view: viewFromUrl(pathname, search) };
      }
      return current.view;
    },
    set(view, history) {
      if (history === 'push') {
        locationService.push(target(view));
      } else {
        locationService.replace(target(view));
      }
    },
    subscribe(listener) {
      return locationService.getHistory().listen(() => {
        // Leaving the app also changes the location.
        if (locationService.getLocation().pathname.startsWith(appPath)) {
          listener();
        }
      });
    },
    href: (view) => locationService.getHistory().createHref(hrefParts(target(view))),
  };
}

function hrefParts(url: string): { pathname: string; search: string } {
  const [pathname, search = ''] = url.split('?');
  return { pathname, search: `?${search}` };
}
