/** Memory for request bodies, counted before it is used: a flood of bodies gets "retry" answers instead of the whole process. */
import { CodedError } from '../base/coded-error.ts';

/** What one request holds of the budget. Released once, whatever happened. */
export interface Lease {
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
    return {
      take: (bytes) => {
        if (this.used + bytes > this.bytesMax) {
          throw new CodedError(
            'unavailable',
            `memory for request bodies is used up: ${this.used} of ${this.bytesMax} bytes held, ${bytes} more asked; retry`
          );
        }
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
