export const themeNames = ['dark', 'light', 'contrast'] as const;
export type ThemeName = (typeof themeNames)[number];

/**
 * Colours of the three themes. DOM styles use them as custom properties (`var(--v-text)`), canvases as values. Two accents outside of data:
 * `accent` for what can be done, `focus` for where one is; red belongs to errors, amber to warnings.
 */
export interface Theme {
  readonly name: ThemeName;
  /** What native controls and libraries know. */
  readonly scheme: 'dark' | 'light';
  readonly background: string;
  /** Raised above the background: header, panels, inputs. */
  readonly surface: string;
  readonly surfaceHover: string;
  readonly line: string;
  readonly text: string;
  /** Contrast ≥ 4.5:1 on background, surface and hover. */
  readonly textMuted: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly focus: string;
  /** Behind the selected row. */
  readonly selected: string;
  readonly error: string;
  readonly errorSurface: string;
  readonly warning: string;
  readonly warningSurface: string;
  /** Over the parts of the minimap that are not on the screen. */
  readonly veil: string;
  /** The critical path, and its halo of opposite luminance. */
  readonly critical: string;
  readonly criticalHalo: string;
  readonly shadow: string;
}

export const darkTheme: Theme = {
  name: 'dark',
  scheme: 'dark',
  background: '#101317',
  surface: '#171b21',
  surfaceHover: '#1f252d',
  line: '#2a313b',
  text: '#e4e8ee',
  textMuted: '#98a3b3',
  accent: '#7cb0ff',
  onAccent: '#0b1a30',
  focus: '#7cb0ff',
  selected: '#1d2c44',
  error: '#ff7b72',
  errorSurface: '#331a1c',
  warning: '#e8b44c',
  warningSurface: '#2d2512',
  veil: 'rgba(10, 12, 15, 0.66)',
  critical: '#f4f6f9',
  criticalHalo: '#0a0c0f',
  shadow: '0 8px 28px rgba(0, 0, 0, 0.5)',
};

export const lightTheme: Theme = {
  name: 'light',
  scheme: 'light',
  background: '#ffffff',
  surface: '#f6f7f9',
  surfaceHover: '#eceff3',
  line: '#dde2e8',
  text: '#1a1f26',
  textMuted: '#586373',
  accent: '#1f5fd1',
  onAccent: '#ffffff',
  focus: '#1f5fd1',
  selected: '#e2ecfd',
  error: '#c6262e',
  errorSurface: '#fdecec',
  warning: '#8a5a00',
  warningSurface: '#fdf4dd',
  veil: 'rgba(238, 240, 244, 0.74)',
  critical: '#14181d',
  criticalHalo: '#ffffff',
  shadow: '0 8px 28px rgba(20, 30, 45, 0.18)',
};

/** High contrast: text 7:1 and more, lines and edges 4.5:1 and more. */
export const contrastTheme: Theme = {
  name: 'contrast',
  scheme: 'dark',
  background: '#000000',
  surface: '#000000',
  surfaceHover: '#262626',
  line: '#9aa4b2',
  text: '#ffffff',
  textMuted: '#d9dee5',
  accent: '#8fc4ff',
  onAccent: '#000000',
  focus: '#ffe14d',
  selected: '#001d45',
  error: '#ff9d94',
  errorSurface: '#2b0000',
  warning: '#ffd479',
  warningSurface: '#2a1e00',
  veil: 'rgba(0, 0, 0, 0.72)',
  critical: '#ffffff',
  criticalHalo: '#000000',
  shadow: '0 0 0 1px #9aa4b2',
};

const themes: Readonly<Record<ThemeName, Theme>> = { dark: darkTheme, light: lightTheme, contrast: contrastTheme };

export function themeOf(name: ThemeName): Theme {
  return themes[name];
}

/** Custom properties for the root element: `--v-text`, `--v-text-muted`, … */
export function cssVariables(theme: Theme): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(theme)) {
    variables[`--v-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`] = value;
  }
  return variables;
}
