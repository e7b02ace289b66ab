/**
 * Asks for what comes next before it is wanted, where every answer takes a round trip (blocks in a bucket). It begins with one and doubles
 * with each answer taken, so that who stops after the first has asked for little in vain.
 */
export class ReadAhead<Item, Result> {
  private readonly order: readonly Item[];
  private readonly most: number;
  private readonly load: (item: Item) => Promise<Result>;
  private readonly started = new Map<Item, Promise<Result>>();
  private next = 0;
  private width = 1;

  /** `most` in flight beside the one wanted; 0 asks for nothing ahead. */
  constructor(order: readonly Item[], most: number, load: (item: Item) => Promise<Result>) {
    this.order = order;
    this.most = most;
    this.load = load;
  }

  /** Of an item that has not been taken yet; they are wanted in their order, with gaps. */
  take(item: Item): Promise<Result> {
    if (this.most === 0) {
      return this.load(item);
    }
    const result = this.started.get(item) ?? this.load(item);
    this.started.delete(item);
    while (this.next <= this.order.indexOf(item, this.next)) {
      this.next++;
    }
    while (this.started.size < Math.min(this.width, this.most) && this.next < this.order.length) {
      const ahead = this.order[this.next++];
      const promise = this.load(ahead);
      // Whoever takes it sees the error; perhaps nobody does.
      promise.catch(() => undefined);
      this.started.set(ahead, promise);
    }
    this.width *= 2;
    return result;
  }
}
