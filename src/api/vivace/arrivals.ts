/**
 * `/api/vivace/arrivals`: is data arriving, through which doors, how much, and what was refused and why. Counted since the server's start
 * and kept in memory: what a person wants to know who has just pointed an exporter here.
 */
import type { Clock } from '../../base/clock.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { jsonResponse } from '../exchange.ts';

/** What one door (`otlp_grpc`, `zipkin`, …) took of this tenant. */
export interface DoorArrivals {
  readonly door: string;
  readonly requests: number;
  readonly spans: number;
  /** Bodies, decoded. */
  readonly bytes: number;
  /** Spans left out of requests that were otherwise taken, and why the last of them was. */
  readonly rejectedSpans: number;
  readonly rejectedReason: string;
  /** Unix seconds. */
  readonly lastSeconds: number;
}

/** Requests that were refused whole, by door and error code. */
export interface Refusals {
  readonly door: string;
  readonly code: string;
  readonly count: number;
  /** What the last sender was told; empty where no tenant was known yet, because it may be somebody else's. */
  readonly message: string;
  /** Unix seconds. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
}

export interface ArrivalsBody {
  /** Unix seconds: the server's start, and now. */
  readonly sinceSeconds: number;
  readonly nowSeconds: number;
  readonly doors: readonly DoorArrivals[];
  readonly refusals: readonly Refusals[];
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

interface TenantArrivals {
  readonly doors: Map<string, Writable<DoorArrivals>>;
  readonly refusals: Map<string, Writable<Refusals>>;
}

const tenantsMax = 1_000;
const messageCharactersMax = 300;

/** Bounded: doors and codes are closed sets; of tenants, the ones heard of last are kept. */
export class ArrivalLog {
  private readonly clock: Clock;
  private readonly sinceSeconds: number;
  private readonly tenants = new Map<string, TenantArrivals>();
  /** Refused before anybody knew whose they were: a wrong token, a wrong content type. */
  private readonly nobody: TenantArrivals = { doors: new Map(), refusals: new Map() };

  constructor(clock: Clock) {
    this.clock = clock;
    this.sinceSeconds = this.nowSeconds();
  }

  arrived(
    door: string,
    tenant: string,
    result: { readonly spans: number; readonly bytes: number; readonly rejected: number; readonly reason: string }
  ): void {
    const { doors } = this.of(tenant);
    let entry = doors.get(door);
    if (entry === undefined) {
      entry = { door, requests: 0, spans: 0, bytes: 0, rejectedSpans: 0, rejectedReason: '', lastSeconds: 0 };
      doors.set(door, entry);
    }
    entry.requests++;
    entry.spans += result.spans;
    entry.bytes += result.bytes;
    entry.lastSeconds = this.nowSeconds();
    if (result.rejected > 0) {
      entry.rejectedSpans += result.rejected;
      entry.rejectedReason = result.reason.slice(0, messageCharactersMax);
    }
  }

  /** `tenant` is undefined where the request was refused before it was known. */
  refused(door: string, tenant: string | undefined, code: string, message: string): void {
    const { refusals } = tenant === undefined ? this.nobody : this.of(tenant);
    const key = `${door} ${code}`;
    const nowSeconds = this.nowSeconds();
    let entry = refusals.get(key);
    if (entry === undefined) {
      entry = { door, code, count: 0, message: '', firstSeconds: nowSeconds, lastSeconds: nowSeconds };
      refusals.set(key, entry);
    }
    entry.count++;
    entry.lastSeconds = nowSeconds;
    entry.message = tenant === undefined ? '' : message.slice(0, messageCharactersMax);
  }

  /** What the tenant may see: its own, and the refusals of nobody. */
  body(tenant: string): ArrivalsBody {
    const own = this.tenants.get(tenant);
    const refusals = [...(own?.refusals.values() ?? []), ...this.nobody.refusals.values()];
    return {
      sinceSeconds: this.sinceSeconds,
      nowSeconds: this.nowSeconds(),
      doors: [...(own?.doors.values() ?? [])].sort((a, b) => b.spans - a.spans).map((entry) => ({ ...entry })),
      refusals: refusals.sort((a, b) => b.lastSeconds - a.lastSeconds).map((entry) => ({ ...entry })),
    };
  }

  private of(tenant: string): TenantArrivals {
    const entry = this.tenants.get(tenant) ?? { doors: new Map(), refusals: new Map() };
    // The order of a map is that of insertion: the first is the one not heard of for longest.
    this.tenants.delete(tenant);
    this.tenants.set(tenant, entry);
    if (this.tenants.size > tenantsMax) {
      const [oldest] = this.tenants.keys();
      this.tenants.delete(oldest);
    }
    return entry;
  }

  private nowSeconds(): number {
    return Number(this.clock.unixNanos() / 1_000_000n) / 1_000;
  }
}

export async function arrivals({ tenant }: ApiRequest, { arrivals: log, clock }: ApiContext): Promise<ApiResponse> {
  return jsonResponse((log ?? new ArrivalLog(clock)).body(tenant));
}
