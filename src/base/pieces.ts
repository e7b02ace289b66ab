/** Long work that whoever runs it may interrupt at each `yield`, to let others in. */
export type Pieces<T> = Generator<void, T, void>;

/** All of it without a stop. */
export function inOneGo<T>(work: Pieces<T>): T {
  for (;;) {
    const piece = work.next();
    if (piece.done) {
      return piece.value;
    }
  }
}
