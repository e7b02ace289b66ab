import { lexAll } from './lexer.ts';

/**
 * The spanset filter around `[from, to)` without what stands there: what names and values at that place have to occur together with. The
 * server reads the hole as true. `undefined` outside of braces.
 */
export function otherConditions(text: string, from: number, to: number): string | undefined {
  let open: number | undefined;
  for (const token of lexAll(text.slice(0, from))) {
    if (token.kind === 'symbol' && token.text === '{') {
      open = token.start;
    } else if (token.kind === 'symbol' && token.text === '}') {
      open = undefined;
    }
  }
  if (open === undefined) {
    return undefined;
  }
  const behind = text.slice(to);
  const close = lexAll(behind).find((token) => token.kind === 'symbol' && token.text === '}');
  return `${text.slice(open, from)} ${behind.slice(0, close?.start ?? behind.length)}}`;
}
