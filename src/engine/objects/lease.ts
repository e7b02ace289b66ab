import type { Clock } from '../../base/clock.ts';
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { messageOf } from '../os-error.ts';
import { BucketError, type Bucket, type PutCondition } from './bucket.ts';

export const leaseKey = 'writer.json';
const formatVersion = 1;

/** What the lease object says. */
interface LeaseRecord {
  readonly format: number;
  /** Rises with every new holder: what an earlier one has begun counts no longer. */
  readonly epoch: number;
  /** Random name of the holder's data folder; empty when it has let go. */
  readonly owner: string;
  /** For people: who and where. */
  readonly holder: string;
  readonly ttlMs: number;
  readonly renewals: number;
}

export interface LeaseOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  /** Survives a restart on the same data folder, so that a killed server has not to wait for itself. */
  readonly owner: string;
  readonly holder: string;
  /** So long after the last sign of life another may take over; renewed three times as often. */
  readonly ttlMs: number;
  /** The bucket knows no conditional put, and the operator has said that there is no second server. */
  readonly unfenced: boolean;
}

/**
 * The right to write below a prefix: one object, replaced only by who has read its last version. A holder counts its time from before it asked
 * for a renewal, a contender from after it has seen one, both by clocks that only go forward: the first ends before the second
 * begins, whatever the wall clocks say.
 */
export class WriterLease {
  private readonly options: LeaseOptions;
  private version = '';
  private renewals = 0;
  private heldUntilMs = -Infinity;
  private takenBy: string | undefined;
  private cancelRenewal: () => void = () => undefined;
  private renewing: Promise<void> = Promise.resolve();
  private held = 0;

  constructor(options: LeaseOptions) {
    this.options = options;
  }

  /** Of this holder; 0 before {@link acquire}. */
  get epoch(): number {
    return this.held;
  }

  /** See {@link LeaseOptions.owner}. */
  get owner(): string {
    return this.options.owner;
  }

  /** A sentence when another has taken over: then for good. */
  get lost(): string | undefined {
    return this.takenBy;
  }

  /** Errors: `unavailable` when it is not certain that nobody else writes. */
  requireHeld(): void {
    if (this.takenBy !== undefined) {
      throw new CodedError('unavailable', this.takenBy);
    }
    if (this.options.clock.monotonicMs() >= this.heldUntilMs) {
      throw new CodedError(
        'unavailable',
        `the writer's lease in ${this.options.bucket.name} has run out and cannot be renewed: nothing is written there`
      );
    }
  }

  /** Takes over from a holder that shows no life for its time. Errors: `unavailable` naming the holder; the bucket's; `unsupported`. */
  async acquire(): Promise<void> {
    const { bucket, owner } = this.options;
    for (;;) {
      const found = await bucket.get(leaseKey);
      const record = found === undefined ? undefined : recordOf(`${bucket.name}/${leaseKey}`, found.bytes);
      if (record !== undefined && record.owner !== '' && record.owner !== owner) {
        await this.waitForSilence(record, found?.version ?? '');
      }
      const epoch = (record?.epoch ?? 0) + 1;
      const condition: PutCondition =
        found === undefined ? { kind: 'absent' } : { kind: 'version', version: found.version };
      if (await this.put(epoch, owner, condition)) {
        this.held = epoch;
        this.renewSoon();
        return;
      }
    }
  }

  /** Lets the next server begin at once. */
  async release(): Promise<void> {
    this.cancelRenewal();
    this.cancelRenewal = () => undefined;
    await this.renewing;
    this.cancelRenewal();
    if (this.held > 0 && this.takenBy === undefined) {
      this.heldUntilMs = -Infinity;
      // Who comes next waits a little when this fails.
      await this.put(this.held, '', { kind: 'version', version: this.version }).catch(() => undefined);
      this.heldUntilMs = -Infinity;
    }
  }

  /** Resolves when the version has stood for the holder's whole time. Errors: `unavailable` as soon as it has changed. */
  private async waitForSilence(record: LeaseRecord, version: string): Promise<void> {
    const { bucket, clock } = this.options;
    const untilMs = clock.monotonicMs() + record.ttlMs;
    const looks = 6;
    while (clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => {
        clock.schedule(record.ttlMs / looks, resolve);
      });
      const now = await bucket.head(leaseKey);
      if (now?.version !== version) {
        throw new CodedError(
          'unavailable',
          `${bucket.name} is in use by another vivace server (${record.holder}): one server writes below a prefix. ` +
            'Stop that one, or give this one a prefix of its own'
        );
      }
    }
  }

  /** Answers whether the condition held. */
  private async put(epoch: number, owner: string, condition: PutCondition): Promise<boolean> {
    const { bucket, clock, holder, ttlMs, unfenced } = this.options;
    const askedMs = clock.monotonicMs();
    const record: LeaseRecord = { format: formatVersion, epoch, owner, holder, ttlMs, renewals: ++this.renewals };
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    let version = await bucket.put(leaseKey, bytes, unfenced ? undefined : condition);
    if (version === undefined) {
      // A try whose answer was lost may be what stands in the way of the next.
      const found = await bucket.get(leaseKey);
      if (found === undefined || new TextDecoder().decode(found.bytes) !== new TextDecoder().decode(bytes)) {
        return false;
      }
      version = found.version;
    }
    this.version = version;
    this.heldUntilMs = askedMs + ttlMs;
    return true;
  }

  private renewSoon(): void {
    const { clock, ttlMs } = this.options;
    this.cancelRenewal = clock.schedule(ttlMs / 3, () => {
      this.renewing = this.renew().finally(() => {
        if (this.takenBy === undefined) {
          this.renewSoon();
        }
      });
    });
  }

  private async renew(): Promise<void> {
    const { bucket, owner } = this.options;
    try {
      if (await this.put(this.held, owner, { kind: 'version', version: this.version })) {
        return;
      }
      const found = await bucket.get(leaseKey);
      const record = found === undefined ? undefined : recordOf(`${bucket.name}/${leaseKey}`, found.bytes);
      if (found !== undefined && record?.owner === owner && record.epoch === this.held) {
        // An earlier renewal whose answer never came.
        this.version = found.version;
        return;
      }
      this.takenBy =
        `another vivace server (${record?.holder ?? 'unknown'}) has taken over ${bucket.name}: ` +
        'this one writes nothing any more; stop it';
    } catch (error) {
      if (!(error instanceof BucketError)) {
        this.takenBy = `the writer's lease in ${bucket.name} is damaged: ${messageOf(error)}`;
      }
    }
  }
}

function recordOf(name: string, bytes: Uint8Array): LeaseRecord {
  let record: Partial<LeaseRecord>;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LeaseRecord>;
  } catch {
    throw new CorruptionError(name, 0, 'JSON', `${bytes.length} other bytes`);
  }
  const { format, epoch, owner, holder, ttlMs, renewals } = record;
  if (typeof format === 'number' && format > formatVersion) {
    throw new CodedError('unsupported', `${name} has format ${format}, this build knows ${formatVersion}`);
  }
  const holds =
    format === formatVersion &&
    typeof epoch === 'number' &&
    typeof owner === 'string' &&
    typeof holder === 'string' &&
    typeof ttlMs === 'number' &&
    typeof renewals === 'number';
  if (!holds) {
    throw new CorruptionError(name, 0, 'a lease', JSON.stringify(record).slice(0, 80));
  }
  return { format, epoch, owner, holder, ttlMs, renewals };
}
