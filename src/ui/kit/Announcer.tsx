import { css } from '@emotion/css';
import { createContext, useCallback, useContext, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

const AnnounceContext = createContext<(sentence: string) => void>(() => undefined);

/** Says a sentence to a screen reader: what a key or a menu has just changed elsewhere on the screen. */
export function useAnnounce(): (sentence: string) => void {
  return useContext(AnnounceContext);
}

/** The live region that {@link useAnnounce} below it speaks through. */
export function Announcer({ children }: { readonly children: ReactNode }): ReactElement {
  // Two places in turn: the same sentence twice in one place would be said once.
  const [said, setSaid] = useState({ sentence: '', turn: 0 });
  const announce = useCallback((sentence: string) => setSaid(({ turn }) => ({ sentence, turn: 1 - turn })), []);
  return (
    <AnnounceContext.Provider value={announce}>
      {children}
      <div className={styles.root} aria-live="polite" data-testid="announcements">
        <p>{said.turn === 0 ? said.sentence : ''}</p>
        <p>{said.turn === 1 ? said.sentence : ''}</p>
      </div>
    </AnnounceContext.Provider>
  );
}

const styles = {
  root: css({
    position: 'absolute',
    width: 1,
    height: 1,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  }),
};
