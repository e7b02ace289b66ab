import { assert } from '../base/assert.ts';
import type { BlockMeta } from './block/format.ts';

/** A block as the manifest lists it; plain JSON. */
export interface StoredBlock {
  readonly meta: BlockMeta;
  /** WAL sequences of the heads that its rows come from, inclusive. */
  readonly walSequenceFirst: number;
  readonly walSequenceLast: number;
  /** When its last request arrived, decimal: retention counts from here or from span time, whichever is later. */
  readonly receivedUnixNanosMax: string;
  /** Start of the aligned window, decimal, or {@link oddWindow}; absent in blocks that were listed before manifests had it. */
  readonly window?: string;
}

/** The window of spans whose times fit none. */
export const oddWindow = 'odd';

export interface TenantManifest {
  /** Folder below `tenants/`. */
  readonly folder: string;
  /** Every record of this tenant up to here is in a block, or was dropped by retention. */
  readonly coveredThrough: number;
  readonly blocks: readonly StoredBlock[];
}

/** The only truth about which blocks exist and which WAL records they cover. */
export interface Manifest {
  /** 32 hex digits; the WAL carries it too. */
  readonly storeId: string;
  /** Counts the changes made. */
  readonly version: number;
  /** Every WAL record up to here is covered, whatever its tenant. */
  readonly coveredFloor: number;
  readonly tenants: ReadonlyMap<string, TenantManifest>;
  /** Files of dropped blocks that may still be there: removed, not kept as evidence, at the next start. */
  readonly removals: readonly string[];
}

/** What one version changes of the one before it; plain JSON. */
export interface ManifestChange {
  readonly coveredFloor?: number;
  readonly tenants?: readonly TenantChange[];
  /** Files that no listed block has, and that may still be there. */
  readonly removalsAdded?: readonly string[];
  /** Those of them that are gone. */
  readonly removalsDone?: readonly string[];
}

export interface TenantChange {
  readonly tenant: string;
  /** Of a new tenant. */
  readonly folder: string;
  readonly coveredThrough?: number;
  readonly added?: readonly StoredBlock[];
  /** Ids of blocks that are listed no longer. */
  readonly dropped?: readonly string[];
}

export function emptyManifest(storeId: string): Manifest {
  return { storeId, version: 0, coveredFloor: 0, tenants: new Map(), removals: [] };
}

/** The next version. */
export function applyChange(manifest: Manifest, change: ManifestChange): Manifest {
  const tenants = change.tenants === undefined ? manifest.tenants : new Map(manifest.tenants);
  for (const tenantChange of change.tenants ?? []) {
    (tenants as Map<string, TenantManifest>).set(
      tenantChange.tenant,
      changedTenant(tenants.get(tenantChange.tenant), tenantChange)
    );
  }
  const done = new Set(change.removalsDone);
  return {
    storeId: manifest.storeId,
    version: manifest.version + 1,
    coveredFloor: change.coveredFloor ?? manifest.coveredFloor,
    tenants,
    removals: [...manifest.removals, ...(change.removalsAdded ?? [])].filter((path) => !done.has(path)),
  };
}

export function isCoveredBy(manifest: Manifest, tenant: string, sequence: number): boolean {
  return sequence <= manifest.coveredFloor || sequence <= (manifest.tenants.get(tenant)?.coveredThrough ?? 0);
}

/** A manifest as plain JSON. */
export type PlainManifest = Omit<Manifest, 'tenants'> & {
  readonly tenants: readonly (readonly [string, TenantManifest])[];
};

export function plainOfManifest(manifest: Manifest): PlainManifest {
  return { ...manifest, tenants: [...manifest.tenants] };
}

export function manifestOfPlain({ storeId, version, coveredFloor, tenants, removals }: PlainManifest): Manifest {
  return { storeId, version, coveredFloor, tenants: new Map(tenants), removals };
}

function changedTenant(before: TenantManifest | undefined, change: TenantChange): TenantManifest {
  const { dropped = [], added = [] } = change;
  const gone = new Set(dropped);
  const kept = (before?.blocks ?? []).filter(({ meta }) => !gone.has(meta.blockId));
  assert(
    (before?.blocks.length ?? 0) - kept.length === gone.size,
    `tenant ${change.tenant}: not all of ${dropped.join()} are listed`
  );
  return {
    folder: before?.folder ?? change.folder,
    coveredThrough: Math.max(before?.coveredThrough ?? 0, change.coveredThrough ?? 0),
    blocks: [...kept, ...added],
  };
}
