/** Grafana's services as far as our plugins use them, over `fetch` and plain lists. */
import type { DataSourceApi, DataSourceInstanceSettings, DataSourceRef, ScopedVars } from '@grafana/data';
import type { BackendSrv, BackendSrvRequest, DataSourceSrv, FetchResponse, TemplateSrv } from '@grafana/runtime';
import { Observable } from 'rxjs';

/** Requests that were begun and cancelled, for tests of cancellation. */
export const requests = { begun: 0, aborted: 0 };

function fetchObservable<T>(options: BackendSrvRequest): Observable<FetchResponse<T>> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    let finished = false;
    requests.begun++;
    options.abortSignal?.addEventListener('abort', () => controller.abort());
    void answer<T>(options, controller.signal).then(
      (response) => {
        finished = true;
        subscriber.next(response);
        subscriber.complete();
      },
      (error: unknown) => {
        finished = true;
        subscriber.error(error);
      }
    );
    return () => {
      if (!finished) {
        requests.aborted++;
        controller.abort();
      }
    };
  });
}

/** As Grafana's: rejects with a FetchError for every status that is not 2xx. */
async function answer<T>(options: BackendSrvRequest, signal: AbortSignal): Promise<FetchResponse<T>> {
  const query = new URLSearchParams(options.params as Record<string, string> | undefined).toString();
  const url = query === '' ? options.url : `${options.url}?${query}`;
  const response = await fetch(url, {
    method: options.method,
    headers: options.headers,
    body: options.data as BodyInit,
    signal,
  });
  const data = await bodyOf(response, options.responseType);
  const { status, statusText, ok, headers, redirected, type } = response;
  if (!ok) {
    throw { status, statusText, data, config: options };
  }
  return { data: data as T, status, statusText, ok, headers, redirected, type, url: response.url, config: options };
}

async function bodyOf(response: Response, type: BackendSrvRequest['responseType']): Promise<unknown> {
  switch (type) {
    case 'arraybuffer':
      return await response.arrayBuffer();
    case 'blob':
      return await response.blob();
    case 'json':
      return await response.json();
    default: {
      const text = await response.text();
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    }
  }
}

/** As Grafana's from 11.6 on: the URL as given, each piece of the answer as it comes, answers of every status. */
function chunkedObservable(options: BackendSrvRequest): Observable<FetchResponse<Uint8Array | undefined>> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const query = new URLSearchParams(options.params as Record<string, string> | undefined).toString();
    const read = async () => {
      const answered = await fetch(query === '' ? options.url : `${options.url}?${query}`, {
        method: options.method,
        headers: options.headers,
        signal: controller.signal,
      });
      const { status, statusText, ok, headers, redirected, type, url } = answered;
      const shared = { status, statusText, ok, headers, redirected, type, url, config: options };
      const reader = answered.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        subscriber.next({ ...shared, data: value });
        if (done) {
          subscriber.complete();
          return;
        }
      }
    };
    let finished = false;
    requests.begun++;
    read()
      .catch((error: unknown) => subscriber.error(error))
      .finally(() => (finished = true));
    return () => {
      requests.aborted += finished ? 0 : 1;
      controller.abort('unsubscribe');
    };
  });
}

export const backendSrv = {
  fetch: fetchObservable,
  chunked: chunkedObservable,
  get: (url: string, params?: Record<string, string>) => promised({ url, method: 'GET', params }),
} as unknown as BackendSrv;

/** Grafana before 11.6 has no `chunked`. */
export function setChunked(isThere: boolean): void {
  Object.assign(backendSrv, { chunked: isThere ? chunkedObservable : undefined });
}

function promised<T>(options: BackendSrvRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    fetchObservable<T>(options).subscribe({ next: (response) => resolve(response.data), error: reject });
  });
}

/** `$name`, `${name}` and `${name:format}` from scoped variables. */
export const templateSrv = {
  getVariables: () => [],
  containsTemplate: (text?: string) => /\$\w|\$\{/.test(text ?? ''),
  updateTimeRange: () => undefined,
  replace(text?: string, scoped?: ScopedVars, format?: string | ((value: unknown) => string)) {
    return (text ?? '').replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, braced?: string, bare?: string) => {
      const variable = scoped?.[(braced ?? bare) as string];
      if (variable === undefined) {
        return whole;
      }
      return typeof format === 'function' ? format(variable.value) : [variable.value].flat().join('|');
    });
  },
} as unknown as TemplateSrv;

export function dataSourceSrv(
  settings: readonly DataSourceInstanceSettings[],
  create: (settings: DataSourceInstanceSettings) => Promise<DataSourceApi>
): DataSourceSrv {
  const find = (ref: unknown) => {
    const uid = typeof ref === 'string' ? ref : (ref as DataSourceRef | undefined)?.uid;
    return settings.find((one) => one.uid === uid || one.name === uid) ?? settings[0];
  };
  const service: Partial<DataSourceSrv> = {
    get: (ref) => create(find(ref)),
    getList: (filters) =>
      settings.filter((one) => {
        const types = filters?.type === undefined ? undefined : [filters.type].flat();
        // As in Grafana 12.3: its own data source is in every list but those of tracing data sources.
        if (one.uid === '-- Grafana --') {
          return filters?.tracing !== true;
        }
        return (
          (types?.includes(one.type) ?? true) &&
          (!filters?.tracing || one.meta.tracing) &&
          (!filters?.logs || one.meta.logs)
        );
      }),
    getInstanceSettings: (ref) => find(ref),
    reload: () => Promise.resolve(),
  };
  return service as DataSourceSrv;
}
