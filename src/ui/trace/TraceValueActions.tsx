import type { ReactElement, ReactNode } from 'react';
import type { Host } from '../host.ts';
import { useAnnounce } from '../kit/Announcer.tsx';
import { ValueActions } from '../kit/ValueMenu.tsx';
import type { ValueAction } from '../kit/ValueMenu.tsx';
import { focusAfter } from '../state/value-target.ts';
import type { ValueTarget } from '../state/value-target.ts';
import type { TraceFocus } from '../state/view.ts';

interface TraceValueActionsProps {
  readonly focus: TraceFocus;
  readonly host: Pick<Host, 'copyText'>;
  readonly addToSearch: ((condition: string) => void) | undefined;
  onFocus(focus: TraceFocus, history: 'push' | 'replace'): void;
  readonly children: ReactNode;
}

/** What the actions of a value do in a trace: change its focus, copy, or search other traces. */
export function TraceValueActions(props: TraceValueActionsProps): ReactElement {
  const { focus, host, addToSearch, onFocus, children } = props;
  const announce = useAnnounce();
  const act = (action: ValueAction, target: ValueTarget): void => {
    const said = target.text.length > 60 ? `${target.text.slice(0, 60)}…` : target.text;
    if (action === 'copy') {
      host.copyText(target.text).then(
        () => announce(`Copied ${said}`),
        () => announce('Copying was refused.')
      );
    } else if (action === 'search') {
      addToSearch?.(target.condition ?? '');
    } else {
      const next = focusAfter(action, focus, target);
      if (next) {
        // A step for Back: what was on the screen may be another thing entirely.
        onFocus(next, 'push');
        announce(sentences[action](target.name, said));
      }
    }
  };
  return (
    <ValueActions onAction={act} unavailable={addToSearch ? {} : { search: 'There is no search here.' }}>
      {children}
    </ValueActions>
  );
}

const sentences = {
  filter: (name: string, text: string): string => `Filtered: ${name} ${text}`,
  exclude: (name: string, text: string): string => `Excluded: ${name} ${text}`,
  group: (name: string): string => `Grouped by ${name}`,
  color: (name: string): string => `Coloured by ${name}`,
} as const;
