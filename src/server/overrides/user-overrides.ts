/** What tenants have set for themselves through `/api/overrides`: in memory, and durable in one file a tenant. */
import { CodedError, CorruptionError } from '../../base/coded-error.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { Disk } from '../../engine/disk.ts';
import { tenantFolder } from '../../engine/tenant-folder.ts';
import { userEntrySchema, type UserEntry } from './settings.ts';

/** An entry as the tenant wrote it, and its version. */
export interface UserOverride {
  /** JSON as it came in, checked; what is shown again. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** The same, parsed. */
  readonly parsed: UserEntry;
  /** Ascends; `0` is the version of what is not there. */
  readonly version: string;
}

const directory = 'overrides';
const noVersion = '0';

/**
 * One writer, one change at a time. A file is one line `vivace-overrides <format> <crc32c in hex>`, then JSON with tenant, version and
 * entry.
 */
export class UserOverrides {
  private readonly disk: Disk | undefined;
  private readonly nowUnixMicros: () => bigint;
  private readonly byTenant = new Map<string, UserOverride>();
  private lastVersion = 0n;
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(disk: Disk | undefined, nowUnixMicros: () => bigint) {
    this.disk = disk;
    this.nowUnixMicros = nowUnixMicros;
  }

  /** Without a disk they are gone when the server stops. Errors: `corrupt` for a damaged file: limits that somebody set must not be lost without a word; the disk's. */
  static async open(disk: Disk | undefined, nowUnixMicros: () => bigint): Promise<UserOverrides> {
    const overrides = new UserOverrides(disk, nowUnixMicros);
    if (disk === undefined) {
      return overrides;
    }
    for (const name of await disk.list(directory)) {
      if (name.endsWith('.json')) {
        const { tenant, override } = await readOverride(disk, `${directory}/${name}`);
        overrides.byTenant.set(tenant, override);
        overrides.lastVersion = max(overrides.lastVersion, BigInt(override.version));
      }
    }
    return overrides;
  }

  get(tenant: string): UserOverride | undefined {
    return this.byTenant.get(tenant);
  }

  tenants(): string[] {
    return [...this.byTenant.keys()].sort();
  }

  /**
   * Replaces the tenant's entry by what `change` makes of it; durable when it resolves. `ifMatch` undefined: whatever is there.
   * Errors: `precondition_failed` when another version is there; those of `change`; the disk's, and nothing has changed then.
   */
  set(
    tenant: string,
    ifMatch: string | undefined,
    change: (before: UserOverride | undefined) => Pick<UserOverride, 'entry' | 'parsed'>
  ): Promise<UserOverride> {
    return this.exclusively(async () => {
      const before = this.byTenant.get(tenant);
      checkVersion(before, ifMatch);
      const { entry, parsed } = change(before);
      // Never one that was given before, also when the entry was removed in between.
      this.lastVersion = max(this.nowUnixMicros(), this.lastVersion + 1n);
      const override: UserOverride = { entry, parsed, version: String(this.lastVersion) };
      if (this.disk !== undefined) {
        await writeOverride(this.disk, tenant, override);
      }
      this.byTenant.set(tenant, override);
      return override;
    });
  }

  /** Errors: `not_found`, `precondition_failed`; the disk's. */
  remove(tenant: string, ifMatch: string): Promise<void> {
    return this.exclusively(async () => {
      const before = this.byTenant.get(tenant);
      if (before === undefined) {
        throw new CodedError('not_found', 'this tenant has no overrides');
      }
      checkVersion(before, ifMatch);
      await this.disk?.remove(pathOf(tenant));
      await this.disk?.syncDirectory(directory);
      this.byTenant.delete(tenant);
    });
  }

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.writing.then(work);
    this.writing = result.catch(() => undefined);
    return result;
  }
}

function checkVersion(before: UserOverride | undefined, ifMatch: string | undefined): void {
  const version = before?.version ?? noVersion;
  if (ifMatch !== undefined && ifMatch !== version) {
    throw new CodedError('precondition_failed', `version ${ifMatch} was given, but ${version} is there`);
  }
}

function pathOf(tenant: string): string {
  return `${directory}/${tenantFolder(tenant, new Set())}.json`;
}

async function writeOverride(disk: Disk, tenant: string, { entry, version }: UserOverride): Promise<void> {
  const json = new TextEncoder().encode(JSON.stringify({ tenant, version, entry }));
  const line = new TextEncoder().encode(`vivace-overrides 1 ${hex32(crc32c(json))}\n`);
  const path = pathOf(tenant);
  await disk.makeDirectory(directory);
  await disk.syncDirectory('');
  const file = await disk.openForWrite(`${path}.tmp`, { truncate: true });
  try {
    await file.write(0, [line, json]);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.tmp`, path);
  await disk.syncDirectory(directory);
}

async function readOverride(disk: Disk, path: string): Promise<{ tenant: string; override: UserOverride }> {
  const [bytes] = await disk.readRanges(path, [{ offset: 0, length: (await disk.sizeOf(path)) ?? 0 }]);
  const lineEnd = bytes.indexOf(0x0a);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(0, lineEnd)));
  const json = bytes.subarray(lineEnd + 1);
  const sum = hex32(crc32c(json));
  if (line !== `vivace-overrides 1 ${sum}`) {
    throw new CorruptionError(path, 0, `vivace-overrides 1 ${sum}`, JSON.stringify(line.slice(0, 60)));
  }
  // The sum holds, so this is what write() wrote; the schema may have become narrower since.
  const { tenant, version, entry } = JSON.parse(new TextDecoder().decode(json)) as {
    tenant: string;
    version: string;
    entry: Record<string, unknown>;
  };
  const parsed = userEntrySchema.safeParse(entry);
  return { tenant, override: { entry, parsed: parsed.success ? parsed.data : {}, version } };
}

function hex32(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
