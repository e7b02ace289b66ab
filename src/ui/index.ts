/** What the doors (standalone page, app, panels) mount. */
export { App } from './App.tsx';
export type { AppProps } from './App.tsx';
export type { Host, Preferences, StartWorker, ViewState, WorkerName } from './host.ts';
export { startView, urlOfView, viewFromUrl, wholeTrace } from './state/view.ts';
export type { AskLogs, LogLine, LogLines, LogRequest } from './logs/log-lines.ts';
export type { FileView, SearchView, TraceFocus, TraceView, View } from './state/view.ts';
export type { TracePaneProps } from './trace/TracePane.tsx';
export { contrastTheme, cssVariables, darkTheme, lightTheme, themeOf } from './kit/theme.ts';
export type { Theme } from './kit/theme.ts';
