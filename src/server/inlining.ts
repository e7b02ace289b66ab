import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 inline more into one function than it would (920 bytes of bytecode): the walker and the scans are loops over small functions.
 * Measured on the walker, in turns: 10 to 15 % less CPU a span. Counts for all threads; to be called before they have hot code.
 */
export function raiseInliningBudget(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=2500');
}
