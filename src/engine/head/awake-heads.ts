/** What can be put to rest: see `Head.rest`. */
export interface Restable {
  /** Gives its memory back if it can; what cannot now will be tried again after its next use. */
  rest(): void;
}

/** 256 small heads hold about 25 MiB of columns. */
const awakeMaxDefault = 256;

/**
 * The small heads of one thread that have their columns built, in order of use. A tenant with ten spans costs 100 KiB as columns and
 * 6 KiB as the requests they came in: of thousands of such tenants only those in use are kept as columns.
 */
export class AwakeHeads {
  private readonly awakeMax: number;
  /** Least recently used first: a Set keeps the order of insertion. */
  private readonly heads = new Set<Restable>();

  constructor(awakeMax: number = awakeMaxDefault) {
    this.awakeMax = awakeMax;
  }

  /** `head` is in use: it is the last to go to rest. */
  touch(head: Restable): void {
    this.heads.delete(head);
    this.heads.add(head);
    if (this.heads.size > this.awakeMax) {
      const [oldest] = this.heads;
      this.heads.delete(oldest);
      oldest.rest();
    }
  }

  /** `head` is too large to rest ever again, or gone. */
  forget(head: Restable): void {
    this.heads.delete(head);
  }
}
