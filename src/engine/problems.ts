/** Sentences about degraded state, by cause: a cause that has passed takes its sentence with it. */
export class Problems {
  private readonly byCause = new Map<string, string>();

  set(cause: string, sentence: string | undefined): void {
    if (sentence === undefined) {
      this.byCause.delete(cause);
    } else {
      this.byCause.set(cause, sentence);
    }
  }

  of(cause: string): string | undefined {
    return this.byCause.get(cause);
  }

  list(): string[] {
    return [...this.byCause.values()];
  }
}
