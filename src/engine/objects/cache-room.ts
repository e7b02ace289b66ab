/** Files that may go when room is needed, the least recently used first. */
export class CacheRoom {
  private readonly bytesMax: number;
  /** Least recently used first. */
  private readonly entries = new Map<string, { readonly bytes: number; readonly remove: () => void }>();
  private total = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.total;
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** `remove` is called when the file must go for others. */
  add(name: string, bytes: number, remove: () => void): void {
    this.forget(name);
    this.entries.set(name, { bytes, remove });
    this.total += bytes;
    for (const [oldest, entry] of this.entries) {
      if (this.total <= this.bytesMax) {
        return;
      }
      this.forget(oldest);
      entry.remove();
    }
  }

  /** It has been used just now. */
  touch(name: string): void {
    const entry = this.entries.get(name);
    if (entry !== undefined) {
      this.entries.delete(name);
      this.entries.set(name, entry);
    }
  }

  /** The caller removes the file, or it is gone. */
  forget(name: string): void {
    this.total -= this.entries.get(name)?.bytes ?? 0;
    this.entries.delete(name);
  }
}
