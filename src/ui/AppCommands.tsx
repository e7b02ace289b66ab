import { useCommands } from './commands/Commands.tsx';
import type { Command } from './commands/Commands.tsx';
import { themeTitles } from './Header.tsx';
import type { Host } from './host.ts';
import { themeNames } from './kit/theme.ts';
import type { ThemeName } from './kit/theme.ts';
import { openTrace } from './state/open-trace.ts';
import { startView } from './state/view.ts';
import type { SearchView, View } from './state/view.ts';
import { findTraceId } from '../wire/traceparent.ts';

/** What can be done on every page: go somewhere, open something, change the theme. Draws nothing. */
export function AppCommands({
  host,
  lastSearch,
  onTheme,
  onChooseFile,
  onHelp,
}: {
  readonly host: Host;
  readonly lastSearch: SearchView | undefined;
  /** `undefined` where the host decides. */
  readonly onTheme: ((name: ThemeName | undefined) => void) | undefined;
  onChooseFile(): void;
  onHelp(): void;
}): undefined {
  const goTo = (id: string, title: string, view: View): Command => ({
    id: `go-${id}`,
    group: 'Go to',
    title,
    run: () => host.viewState.set(view, 'push'),
  });
  useCommands(() => {
    const searchView = lastSearch ?? startView;
    return {
      commands: [
        goTo('search', 'Search', searchView),
        goTo('services', 'Services', { page: 'services', query: '', range: searchView.range }),
        goTo('compare', 'Compare two traces', { page: 'compare', before: '', after: '' }),
        { id: 'open-file', group: 'Open', title: 'Trace file: OTLP, Jaeger or Zipkin', run: onChooseFile },
        { id: 'help', group: 'Help', title: 'All keys', keys: ['?'], run: onHelp },
        ...(onTheme
          ? [
              ...themeNames.map((name) => ({
                id: `theme-${name}`,
                group: 'Theme',
                title: `Use the ${themeTitles[name]} theme`,
                run: () => onTheme(name),
              })),
              {
                id: 'theme-system',
                group: 'Theme',
                title: 'Use the theme of the system',
                run: () => onTheme(undefined),
              },
            ]
          : []),
      ],
      matching: (text) => {
        const traceId = findTraceId(text);
        return traceId === undefined
          ? []
          : [{ id: `trace-${traceId}`, group: 'Open', title: `Trace ${traceId}`, run: () => openTrace(host, traceId) }];
      },
    };
  });
  return undefined;
}
