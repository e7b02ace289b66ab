/** Memory for request bodies, counted before it is used: a flood of bodies gets "retry" answers instead of the whole process. */
import { assert } from '../base/assert.ts';
import { CodedError } from '../base/coded-error.ts';

/** What one request holds of the budget. Released once, whatever happened. */
export interface Lease {
  /** Errors: `unavailable` when so much is not free. Holds nothing: who only announces a body must not keep others out. */
  expect(bytes: number): void;
  /** Errors: `unavailable` when the budget is used up; what was taken before stays taken until `release`. */
  take(bytes: number): void;
  release(): void;
}

export class ByteBudget {
  readonly bytesMax: number;
  private used = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.used;
  }

  lease(): Lease {
    let held = 0;
    const expect = (bytes: number): void => {
      assert(Number.isSafeInteger(bytes) && bytes >= 0, `a body of ${bytes} bytes`);
      if (this.used + bytes > this.bytesMax) {
        throw new CodedError(
          'unavailable',
          `memory for request bodies is used up: ${this.used} of ${this.bytesMax} bytes held, ${bytes} more asked; retry`
        );
      }
    };
    return {
      expect,
      take: (bytes) => {
        expect(bytes);
        this.used += bytes;
        held += bytes;
      },
      release: () => {
        this.used -= held;
        held = 0;
      },
    };
  }
}
