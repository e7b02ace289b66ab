import { css } from '@emotion/css';
import { useState } from 'react';
import type { ReactElement } from 'react';
import { findTraceId } from '../wire/traceparent.ts';
import type { Host } from './host.ts';
import { Button, TextInput } from './kit/controls.tsx';
import { Icon } from './kit/Icon.tsx';
import { themeNames } from './kit/theme.ts';
import type { ThemeName } from './kit/theme.ts';
import { openTrace } from './state/open-trace.ts';
import { startView } from './state/view.ts';
import type { SearchView, View } from './state/view.ts';

export interface HeaderProps {
  readonly host: Host;
  readonly view: View;
  readonly lastSearch: SearchView | undefined;
  readonly themeName: ThemeName;
  /** `undefined` where the host decides. */
  readonly onTheme: ((name: ThemeName) => void) | undefined;
  onChooseFile(): void;
  onHelp(): void;
  /** JSON instead of an id: a whole trace, or a log line that names one. */
  onOpenJson(text: string): void;
}

/** Where one is, the way to a trace by anything that holds its id, files, theme, help. */
export function Header(props: HeaderProps): ReactElement {
  const { host, view, lastSearch, themeName, onTheme, onChooseFile, onHelp, onOpenJson } = props;
  const searchView = lastSearch ?? startView;
  const next = themeNames[(themeNames.indexOf(themeName) + 1) % themeNames.length];
  const servicesView: View = { page: 'services', query: '', range: searchView.range };
  return (
    <header className={styles.root}>
      <a
        className={styles.home}
        href={host.viewState.href(searchView)}
        aria-current={view.page === 'search' ? 'page' : undefined}
        title="Search"
        onClick={(event) => {
          if (!event.metaKey && !event.ctrlKey && event.button === 0) {
            event.preventDefault();
            host.viewState.set(searchView, 'push');
          }
        }}
      >
        <Mark />
        <span className={styles.word}>Vivace</span>
        {view.page !== 'search' && <span className={styles.back}>‹ Search</span>}
      </a>
      <a
        className={styles.page}
        href={host.viewState.href(servicesView)}
        aria-current={view.page === 'services' ? 'page' : undefined}
        onClick={(event) => {
          if (!event.metaKey && !event.ctrlKey && event.button === 0) {
            event.preventDefault();
            host.viewState.set(servicesView, 'push');
          }
        }}
      >
        Services
      </a>
      <TraceIdBox host={host} onOpenJson={onOpenJson} />
      <span className={styles.spacer} />
      <Button
        look="quiet"
        title="Open a trace file: OTLP, Jaeger or Zipkin"
        aria-label="Open file"
        onClick={onChooseFile}
      >
        <Icon name="file" /> <span className={styles.wide}>Open file</span>
      </Button>
      {onTheme && (
        <Button
          look="quiet"
          aria-label={`Use the ${themeTitles[next]} theme`}
          title={`${themeTitles[next]} theme`}
          onClick={() => onTheme(next)}
        >
          <Icon name={themeIcons[next]} />
        </Button>
      )}
      <Button look="quiet" aria-label="Keyboard and help" title="Keyboard and help (?)" onClick={onHelp}>
        <Icon name="help" />
      </Button>
    </header>
  );
}

export const themeTitles = { dark: 'dark', light: 'light', contrast: 'high contrast' } as const;
const themeIcons = { dark: 'moon', light: 'sun', contrast: 'contrast' } as const;

/** Takes whatever was pasted (an id, a traceparent, a URL, a log line) and opens the trace in it. */
function TraceIdBox({ host, onOpenJson }: Pick<HeaderProps, 'host' | 'onOpenJson'>): ReactElement {
  const [text, setText] = useState('');
  const [isWrong, setWrong] = useState(false);
  const open = (from: string): void => {
    if (/^\s*[[{]/.test(from)) {
      setText('');
      onOpenJson(from);
      return;
    }
    const traceId = findTraceId(from);
    setWrong(traceId === undefined && from.trim() !== '');
    if (traceId !== undefined) {
      setText('');
      openTrace(host, traceId);
    }
  };
  return (
    <form
      className={styles.traceId}
      onSubmit={(event) => {
        event.preventDefault();
        open(text);
      }}
    >
      <TextInput
        className={styles.traceIdInput}
        aria-label="Trace id"
        aria-invalid={isWrong}
        placeholder="Trace id, traceparent, URL, log line"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
      />
      {isWrong && (
        <span className={styles.wrong} role="alert">
          There is no trace id in this text: 1 to 32 hex digits were expected.
        </span>
      )}
    </form>
  );
}

/** Three bars of a small waterfall. */
function Mark(): ReactElement {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <rect x="1" y="3" width="14" height="3.6" rx="1.6" fill="var(--v-accent)" />
      <rect x="5" y="8.4" width="9" height="3.6" rx="1.6" fill="var(--v-accent)" opacity="0.75" />
      <rect x="10" y="13.8" width="9" height="3.6" rx="1.6" fill="var(--v-accent)" opacity="0.5" />
    </svg>
  );
}

const styles = {
  root: css({
    display: 'flex',
    alignItems: 'center',
    gap: 6,
    height: 46,
    padding: '0 8px 0 14px',
    background: 'var(--v-surface)',
    borderBottom: '1px solid var(--v-line)',
    flex: 'none',
    minWidth: 0,
  }),
  home: css({
    display: 'flex',
    alignItems: 'center',
    gap: 8,
    color: 'inherit',
    textDecoration: 'none',
    borderRadius: 4,
    flex: 'none',
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: 2 },
  }),
  page: css({
    marginLeft: 6,
    color: 'var(--v-text-muted)',
    textDecoration: 'none',
    '&[aria-current=page]': { color: 'var(--v-accent)' },
    '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: 2 },
  }),
  word: css({
    fontWeight: 700,
    fontSize: 15,
    letterSpacing: '-0.01em',
    '@media (max-width: 600px)': { display: 'none' },
  }),
  back: css({ color: 'var(--v-accent)', whiteSpace: 'nowrap' }),
  traceId: css({ position: 'relative', flex: '0 1 360px', minWidth: 90, marginLeft: 8 }),
  traceIdInput: css({ width: '100%', '&[aria-invalid=true]': { borderColor: 'var(--v-error)' } }),
  wrong: css({
    position: 'absolute',
    zIndex: 10,
    top: '100%',
    left: 0,
    right: 0,
    marginTop: 4,
    padding: '5px 9px',
    borderRadius: 5,
    background: 'var(--v-error-surface)',
    color: 'var(--v-error)',
    fontSize: 12,
    boxShadow: 'var(--v-shadow)',
  }),
  spacer: css({ flex: 1 }),
  wide: css({ '@media (max-width: 700px)': { display: 'none' } }),
};
