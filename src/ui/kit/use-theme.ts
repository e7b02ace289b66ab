import { useEffect, useState } from 'react';
import type { Host } from '../host.ts';
import { themeNames } from './theme.ts';
import type { ThemeName } from './theme.ts';

const preferenceKey = 'theme';

/**
 * The theme to use and a way to choose one: the host's, else the person's choice, else the system's (more contrast before dark or
 * light). Choosing `undefined` goes back to the system's; where the host decides nothing can be chosen.
 */
export function useTheme(
  host: Pick<Host, 'theme' | 'preferences'>
): [ThemeName, ((name: ThemeName | undefined) => void) | undefined] {
  const [chosen, setChosen] = useState<ThemeName | undefined>(() =>
    themeNames.find((name) => name === host.preferences.get(preferenceKey))
  );
  const isSystemDark = useMedia('(prefers-color-scheme: dark)');
  const wantsContrast = useMedia('(prefers-contrast: more)');
  if (host.theme.decidedBy === 'host') {
    return [host.theme.name, undefined];
  }
  const choose = (name: ThemeName | undefined): void => {
    host.preferences.set(preferenceKey, name ?? '');
    setChosen(name);
  };
  return [chosen ?? (wantsContrast ? 'contrast' : isSystemDark ? 'dark' : 'light'), choose];
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const listen = (): void => setMatches(list.matches);
    list.addEventListener('change', listen);
    return () => list.removeEventListener('change', listen);
  }, [query]);
  return matches;
}
