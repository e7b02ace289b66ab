import { AwakeHeads } from './head/awake-heads.ts';
import { Head } from './head/head.ts';
import type { HeadLimits } from './head/limits.ts';
import { OtlpWalker } from './head/walk.ts';
import type { EngineLimits, TenantLimitsOf } from './limits.ts';
import type { StoredBlock } from './manifest.ts';

/** A head and its place in the log. */
export interface HeadSlot {
  readonly tenant: string;
  readonly head: Head;
  /** Ascends within a tenant; every WAL record names the head it went to, so that replay cuts heads where they were cut. */
  readonly id: number;
  readonly createdMs: number;
  /** Durable records in it, inclusive; 0 while there is none. */
  firstSequence: number;
  lastSequence: number;
  receivedUnixNanosMax: bigint;
  /** Requests whose rows wait for their sync. */
  pendingRequests: number;
  durableRows: number;
  /** Takes no more rows. */
  sealed: boolean;
  /** Blocks cut from it that are on disk, but in no manifest yet. */
  written: readonly StoredBlock[] | undefined;
}

/** The heads of all tenants: of each a list, oldest first, of which only the last may take rows. */
export class Heads {
  private readonly limits: EngineLimits;
  private readonly tenantLimits: TenantLimitsOf;
  /** One for all heads: its buffers grow as big as a request. */
  private readonly walker = new OtlpWalker();
  /** Decides which of the small heads are kept as columns. */
  private readonly awake = new AwakeHeads();
  /** How often {@link open} has sealed a head: replay asks whether there is one to cut. */
  sealings = 0;
  private readonly byTenant = new Map<string, HeadSlot[]>();

  constructor(limits: EngineLimits, tenantLimits: TenantLimitsOf = () => ({})) {
    this.limits = limits;
    this.tenantLimits = tenantLimits;
  }

  /** The head that takes a tenant's next request. */
  activeFor(tenant: string, durableSequence: number, nowMs: number): HeadSlot {
    const last = this.of(tenant).at(-1);
    if (last !== undefined && !last.sealed) {
      return last;
    }
    return this.open(tenant, Math.max(durableSequence, last?.id ?? 0) + 1, nowMs);
  }

  /** A new head behind the others of its tenant, which take no more rows from now on. Replay names the limits that it had. */
  open(tenant: string, id: number, nowMs: number, headLimits?: HeadLimits): HeadSlot {
    const slot: HeadSlot = {
      tenant,
      id,
      head: new Head(headLimits ?? this.tenantLimits(tenant).head ?? this.limits.head, this.walker, this.awake),
      createdMs: nowMs,
      firstSequence: 0,
      lastSequence: 0,
      receivedUnixNanosMax: 0n,
      pendingRequests: 0,
      durableRows: 0,
      sealed: false,
      written: undefined,
    };
    const slots = this.byTenant.get(tenant) ?? [];
    for (const other of slots) {
      this.sealings += other.sealed ? 0 : 1;
      other.sealed = true;
    }
    slots.push(slot);
    this.byTenant.set(tenant, slots);
    return slot;
  }

  of(tenant: string): readonly HeadSlot[] {
    return this.byTenant.get(tenant) ?? [];
  }

  get tenantCount(): number {
    return this.byTenant.size;
  }

  tenants(): IterableIterator<string> {
    return this.byTenant.keys();
  }

  *all(): Generator<HeadSlot> {
    for (const slots of this.byTenant.values()) {
      yield* slots;
    }
  }

  /** Every record up to the answer is in blocks, as far as heads know; `durableSequence` when no head holds any. */
  coveredFloor(durableSequence: number, except: HeadSlot | undefined): number {
    let floor = durableSequence;
    for (const slot of this.all()) {
      if (slot !== except && slot.firstSequence > 0) {
        floor = Math.min(floor, slot.firstSequence - 1);
      }
    }
    return floor;
  }

  remove(slot: HeadSlot): void {
    slot.head.close();
    const rest = this.of(slot.tenant).filter((other) => other !== slot);
    if (rest.length === 0) {
      this.byTenant.delete(slot.tenant);
    } else {
      this.byTenant.set(slot.tenant, rest);
    }
  }

  get memoryBytes(): number {
    let sum = 0;
    for (const { head } of this.all()) {
      sum += head.memoryBytes;
    }
    return sum;
  }

  sealAll(): void {
    for (const slot of this.all()) {
      slot.sealed = true;
    }
  }

  /** Seals heads that have passed a bound of their own. */
  sealFull(nowMs: number): void {
    for (const slot of this.all()) {
      slot.sealed ||=
        this.isFull(slot) || (slot.head.rowCount > 0 && nowMs - slot.createdMs >= this.limits.headAgeMsMax);
    }
  }

  isFull({ head }: HeadSlot): boolean {
    return head.rowCount >= this.limits.headRowsMax || head.memoryBytes >= this.limits.headBytesMax;
  }

  /**
   * Seals what shared bounds ask for: of `pinning` (the tenants that keep the oldest WAL segment) the oldest head when the log is too
   * long, the largest head when all together use too much memory.
   */
  sealForPressure(walBytes: number, pinning: readonly string[]): void {
    if (walBytes > this.limits.walBytesMax) {
      for (const tenant of pinning) {
        const oldest = this.of(tenant)[0];
        if (oldest !== undefined) {
          oldest.sealed = true;
        }
      }
    }
    const open = [...this.all()].filter(({ sealed }) => !sealed);
    const memoryBytes = open.reduce((sum, { head }) => sum + head.memoryBytes, 0);
    if (memoryBytes > this.limits.headsBytesMax) {
      const largest = open.reduce((a, b) => (a.head.memoryBytes >= b.head.memoryBytes ? a : b));
      largest.sealed = true;
    }
  }

  /** The next head to cut: sealed, the oldest of its tenant (blocks cover the log in order), and waiting for no sync. */
  nextToFlush(except: ReadonlySet<string>): HeadSlot | undefined {
    for (const [oldest] of this.byTenant.values()) {
      if (oldest.sealed && oldest.pendingRequests === 0 && !except.has(oldest.tenant)) {
        return oldest;
      }
    }
    return undefined;
  }
}
