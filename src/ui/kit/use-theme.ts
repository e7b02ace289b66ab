import { useEffect, useState } from 'react';
import type { Host } from '../host.ts';

type ThemeName = 'dark' | 'light';

const preferenceKey = 'theme';

/** The theme to use and a way to change it: the host's, else the person's choice, else the system's. */
export function useTheme(host: Pick<Host, 'theme' | 'preferences'>): [ThemeName, () => void] {
  const [chosen, setChosen] = useState<ThemeName | undefined>(() => {
    const remembered = host.preferences.get(preferenceKey);
    return remembered === 'dark' || remembered === 'light' ? remembered : undefined;
  });
  const [isSystemDark, setSystemDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const listen = (): void => setSystemDark(query.matches);
    query.addEventListener('change', listen);
    return () => query.removeEventListener('change', listen);
  }, []);

  if (host.theme.decidedBy === 'host') {
    return [host.theme.name, () => undefined];
  }
  const name = chosen ?? (isSystemDark ? 'dark' : 'light');
  const toggle = (): void => {
    const next = name === 'dark' ? 'light' : 'dark';
    host.preferences.set(preferenceKey, next);
    setChosen(next);
  };
  return [name, toggle];
}
