import type { GrafanaTheme2 } from '@grafana/data';
import { darkTheme, lightTheme, type Theme } from '../ui/kit/theme.ts';

/** Our colours on Grafana's ground: the page must not look like a patch on it. */
export function uiTheme(theme: GrafanaTheme2): Theme {
  const base = theme.isDark ? darkTheme : lightTheme;
  return {
    ...base,
    background: theme.colors.background.primary,
    surface: theme.colors.background.secondary,
    line: theme.colors.border.weak,
    text: theme.colors.text.primary,
    textMuted: theme.colors.text.secondary,
  };
}
