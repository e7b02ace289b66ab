import type { BlockMeta } from './block/format.ts';
import type { Manifest, ManifestChange } from './manifest.ts';

/**
 * Where the manifest lives. One writer: a caller that has `open`ed or `create`d commits one version after the other and never two at
 * once. Implementations: on the store's disk (`disk-manifest.ts`) and in a bucket.
 */
export interface ManifestStore {
  /** In sentences for people. */
  readonly name: string;
  /**
   * The newest version, `undefined` when there is none yet. What it answers is durable: no crash takes it back.
   *
   * Errors: `corrupt`; `unsupported` for a newer format; `unavailable` when another process is the writer. Nothing is changed then.
   */
  open(): Promise<Manifest | undefined>;
  /** Begins with this version, whatever was there. Durable when it resolves. */
  create(manifest: Manifest): Promise<void>;
  /**
   * `next` is `change` applied to the version before, see `applyChange`. Durable when it resolves. When it rejects, either version
   * may be found after a crash, until a later commit has resolved: files that either lists must stay until then.
   */
  commit(next: Manifest, change: ManifestChange): Promise<void>;
  /** Brings blocks to where a commit may list them, while others commit; a commit does it itself for those that are not there yet. */
  publish?(metas: readonly BlockMeta[]): Promise<void>;
  close(): Promise<void>;
  /** Why nothing may be taken in any more: another is the writer now. */
  refusal?(): string | undefined;
}
