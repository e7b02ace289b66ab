/** The UI's host without Grafana: fetch, the address bar, local storage. */
import { createClient } from '../api/client.ts';
import type { Transport } from '../api/transport.ts';
import { askServerLogs } from './server-logs.ts';
import { urlOfView, viewFromUrl } from '../ui/index.ts';
import type { Host, Preferences, StartWorker, View, ViewState } from '../ui/index.ts';

export function browserHost(styleNonce: string | undefined): Host {
  return {
    client: createClient(fetchTransport),
    viewState: new AddressBar(),
    preferences,
    startWorker: workers(),
    logs: askServerLogs,
    nowMs: () => Date.now(),
    copyText,
    saveFile,
    theme: { decidedBy: 'person' },
    styleNonce,
    gunzip,
  };
}

const fetchTransport: Transport = async ({ method, path, params, headers, body, signal }) => {
  const query = params ? `?${new URLSearchParams(params).toString()}` : '';
  const response = await fetch(path + query, {
    method,
    headers: { ...headers },
    body: body as BodyInit | undefined,
    // The portable type is the part of the browser's that we use.
    signal: signal as globalThis.AbortSignal | undefined,
  });
  return {
    status: response.status,
    contentType: (response.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase(),
    body: new Uint8Array(await response.arrayBuffer()),
  };
};

// Browsers refuse more than some hundred history changes in half a minute; zooming makes that many.
const writeDelayMs = 200;

/** The view in the address bar. What is on the screen changes at once; the address follows a moment later while one zooms or types. */
class AddressBar implements ViewState {
  private view: View;
  private readonly listeners = new Set<() => void>();
  private timer: number | undefined;

  constructor() {
    this.view = firstView();
    window.addEventListener('popstate', () => {
      this.dropPending();
      this.view = viewFromUrl(location.pathname, location.search);
      this.notify();
    });
    window.addEventListener('pagehide', () => this.writePending());
  }

  get(): View {
    return this.view;
  }

  set(view: View, mode: 'push' | 'replace'): void {
    if (mode === 'push') {
      this.writePending();
      this.view = view;
      history.pushState(undefined, '', this.href(view));
    } else {
      this.view = view;
      this.timer ??= window.setTimeout(() => this.writePending(), writeDelayMs);
    }
    this.notify();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  href(view: View): string {
    const { path, search } = urlOfView(view);
    return `${location.origin}${path}${search}`;
  }

  private writePending(): void {
    if (this.timer !== undefined) {
      this.dropPending();
      history.replaceState(undefined, '', this.href(this.view));
    }
  }

  private dropPending(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private notify(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

/** Storage may be off (private windows, policies): then nothing is remembered, and nothing breaks. */
const preferences: Preferences = {
  get(key) {
    try {
      return localStorage.getItem(`vivace.${key}`) ?? undefined;
    } catch {
      return undefined;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`vivace.${key}`, value);
    } catch {
      // Not remembered, as above.
    }
  },
};

interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown;
}

/** The build names the workers' files in the page's head. */
function workers(): StartWorker {
  const { trustedTypes } = globalThis as {
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy };
  };
  // The page demands trusted types: a policy has one name and is made once.
  let policy: ScriptUrlPolicy | undefined;
  return (name) => {
    const url = document.querySelector<HTMLMetaElement>(`meta[name=vivace-worker-${name}]`)?.content ?? '';
    policy ??= trustedTypes?.createPolicy('vivace-workers', { createScriptURL: (asked) => asked });
    return new Worker((policy?.createScriptURL(url) ?? url) as string, { type: 'module' });
  };
}

/** The clipboard needs a secure page; over plain HTTP from another machine the old way still works. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

function saveFile(name: string, contentType: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: contentType }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the blob by the next task.
  window.setTimeout(() => URL.revokeObjectURL(url), 0);
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The bare address shows traces as they arrive: who opens it for the first time has just started something that sends them. */
function firstView(): View {
  const { pathname, search } = location;
  return viewFromUrl(pathname, pathname === '/' && search === '' ? '?live=1' : search);
}
