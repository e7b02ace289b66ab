import { Fragment, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { Button } from '../kit/controls.tsx';
import { Icon } from '../kit/Icon.tsx';
import { Value } from '../kit/ValueMenu.tsx';
import { attributeTarget } from '../state/value-target.ts';
import type { ExceptionEvent } from './attributes.ts';
import { stackParts } from './stack-trace.ts';
import type { StackPart } from './stack-trace.ts';
import { styles } from './styles.ts';

/** Lines beyond these are folded: the message and the top of the stack tell most. */
const linesShown = 12;

/** Type, message and stack; frames of libraries are folded where they stand, a long rest at the end. */
export function ExceptionBlock(props: ExceptionEvent & { copyText(text: string): Promise<void> }): ReactElement {
  const { type, message, stackTrace, copyText } = props;
  const parts = useMemo(() => stackParts(stackTrace), [stackTrace]);
  const [isOpen, setOpen] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const shown = shownParts(parts, opened, isOpen ? Infinity : linesShown);
  const hidden = parts.reduce((sum, part) => sum + (part.kind === 'own' ? part.lines.length : 1), 0) - linesShown;
  return (
    <div className={styles.exception}>
      <div className={styles.exceptionTitle}>
        <Value target={attributeTarget('event', 'exception.type', { type: 'string', value: type })}>
          <strong>{type || 'Exception'}</strong>
        </Value>
        {message !== '' && (
          <Value target={attributeTarget('event', 'exception.message', { type: 'string', value: message })}>
            {message}
          </Value>
        )}
      </div>
      {stackTrace !== '' && (
        <>
          <pre className={styles.stack} tabIndex={0} aria-label="Stack trace">
            {shown.map(({ index, isFolded, lines }) =>
              isFolded ? (
                <button
                  key={index}
                  type="button"
                  className={styles.stackFold}
                  onClick={() => setOpened(new Set([...opened, index]))}
                >
                  {`    … ${lines.length} library lines`}
                </button>
              ) : (
                <Fragment key={index}>{`${lines.join('\n')}\n`}</Fragment>
              )
            )}
          </pre>
          <div className={styles.actions}>
            {hidden > 0 && (
              <Button small look="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
                {isOpen ? 'Fold stack trace' : `Show ${hidden} more lines`}
              </Button>
            )}
            <Button small look="quiet" onClick={() => void copyText(stackTrace)}>
              <Icon name="copy" size={12} /> Copy
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

interface ShownPart {
  /** Among all parts. */
  readonly index: number;
  readonly isFolded: boolean;
  readonly lines: readonly string[];
}

/** The first parts that fit into `linesMax`; a folded one takes one line. */
function shownParts(parts: readonly StackPart[], opened: ReadonlySet<number>, linesMax: number): ShownPart[] {
  const shown: ShownPart[] = [];
  let left = linesMax;
  for (let index = 0; index < parts.length && left > 0; index++) {
    const { kind, lines } = parts[index];
    const isFolded = kind === 'library' && !opened.has(index);
    shown.push({ index, isFolded, lines: isFolded ? lines : lines.slice(0, left) });
    left -= isFolded ? 1 : lines.length;
  }
  return shown;
}
