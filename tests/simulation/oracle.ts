/** What clients know, as a log: a crash image remembers how long it was, so that many images share one oracle. */
export type OracleEvent =
  | { readonly kind: 'sent' | 'acked' | 'expirable'; readonly number: number }
  /** The numbers found after a restart: from then on they must stay. */
  | { readonly kind: 'seen'; readonly numbers: readonly number[] };

export class Oracle {
  readonly events: OracleEvent[];

  constructor(events: readonly OracleEvent[] = []) {
    this.events = [...events];
  }

  record(event: OracleEvent): void {
    this.events.push(event);
  }

  /** Sentences about what is wrong with `counts` when only the first `length` events had happened; empty when all is well. */
  violations(counts: ReadonlyMap<number, number>, length = this.events.length): string[] {
    const atLeast = new Map<number, 0 | 1>();
    for (const event of this.events.slice(0, length)) {
      switch (event.kind) {
        case 'sent':
          atLeast.set(event.number, atLeast.get(event.number) ?? 0);
          break;
        case 'acked':
          atLeast.set(event.number, 1);
          break;
        case 'expirable':
          atLeast.set(event.number, 0);
          break;
        case 'seen':
          event.numbers.forEach((number) => atLeast.set(number, 1));
          break;
      }
    }
    const wrong: string[] = [];
    for (const [number, least] of atLeast) {
      const count = counts.get(number) ?? 0;
      if (count < least) {
        wrong.push(`request ${number} was acknowledged and is lost`);
      }
      if (count > 1) {
        wrong.push(`request ${number} is there ${count} times`);
      }
    }
    for (const number of counts.keys()) {
      if (!atLeast.has(number)) {
        wrong.push(`request ${number} was never sent`);
      }
    }
    return wrong;
  }

  /** Acknowledged or seen, and not expirable: what retention may take next. */
  settled(): number[] {
    const settled = new Set<number>();
    for (const event of this.events) {
      if (event.kind === 'acked') {
        settled.add(event.number);
      } else if (event.kind === 'seen') {
        event.numbers.forEach((number) => settled.add(number));
      }
    }
    return [...settled];
  }
}
