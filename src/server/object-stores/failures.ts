import { createHash } from 'node:crypto';
import { BucketError } from '../../engine/objects/bucket.ts';

/** What an error of one vendor's client says, in terms of all stores. */
export interface Failure {
  /** HTTP status; `undefined` when nothing has answered. */
  readonly status: number | undefined;
  /** The vendor's code and message. */
  readonly text: string;
  /** Not there is the object, and not the bucket around it. */
  readonly isAbsentObject: boolean;
  /** Worth another try. */
  readonly isTransient: boolean;
}

/** Runs calls of one vendor's client so that all that they throw are `BucketError`s. */
export class Calls {
  private readonly storeName: string;
  private readonly failureOf: (error: Error) => Failure;

  constructor(storeName: string, failureOf: (error: Error) => Failure) {
    this.storeName = storeName;
    this.failureOf = failureOf;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    return (await this.runUnless(() => false, task)) as T;
  }

  /** `undefined` when the object is not there. */
  unlessAbsent<T>(task: () => Promise<T>): Promise<T | undefined> {
    return this.runUnless(({ isAbsentObject }) => isAbsentObject, task);
  }

  /** `undefined` when the failure is an answer: the condition of a put did not hold, for instance. */
  async runUnless<T>(isAnswer: (failure: Failure) => boolean, task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof BucketError) {
        throw error;
      }
      const failure = this.failureOf(error as Error);
      if (isAnswer(failure)) {
        return undefined;
      }
      const { status, text, isTransient } = failure;
      throw new BucketError(`${this.storeName}: ${status === undefined ? '' : `${status} `}${text}`, isTransient, {
        cause: error,
      });
    }
  }
}

export function md5Of(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
