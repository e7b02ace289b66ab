import type { Disk } from '../../src/engine/disk.ts';
import type { ManifestStore } from '../../src/engine/manifest-store.ts';
import { applyChange, type Manifest, type ManifestChange } from '../../src/engine/manifest.ts';

export type WrapManifests = (store: ManifestStore, disk: Disk) => ManifestStore;

/** What is written is not what the engine asked for; the engine goes on with what it asked for, as a faulty commit would have it. */
export function withOtherChanges(alter: (change: ManifestChange, next: Manifest) => ManifestChange): WrapManifests {
  return (store) => {
    let written: Manifest | undefined;
    return {
      ...methodsOf(store),
      async open() {
        written = await store.open();
        return written;
      },
      async create(manifest) {
        written = manifest;
        await store.create(manifest);
      },
      async commit(next, change) {
        const altered = alter(change, next);
        const other = applyChange(written ?? next, altered);
        await store.commit(other, altered);
        written = other;
      },
    };
  };
}

/** Answers before anything is durable. */
export const commitInTheBackground: WrapManifests = (store) => {
  let last: Promise<void> = Promise.resolve();
  return {
    ...methodsOf(store),
    commit: (next, change) => {
      last = last.then(() => store.commit(next, change)).catch(() => undefined);
      return Promise.resolve();
    },
  };
};

/** Files of blocks that a change drops are removed at the wrong time: before it is durable, or while queries may still read them. */
export function removingDropped(when: 'before' | 'after'): WrapManifests {
  return (store, disk) => {
    let listed: Manifest | undefined;
    const remove = async (change: ManifestChange): Promise<void> => {
      const gone = new Set((change.tenants ?? []).flatMap(({ dropped = [] }) => dropped));
      const blocks = [...(listed?.tenants.values() ?? [])].flatMap((tenant) => tenant.blocks);
      for (const { meta } of blocks) {
        if (gone.has(meta.blockId)) {
          await disk.remove(meta.path);
          await disk.syncDirectory(meta.path.slice(0, meta.path.lastIndexOf('/')));
        }
      }
    };
    return {
      ...methodsOf(store),
      async open() {
        listed = await store.open();
        return listed;
      },
      async commit(next, change) {
        if (when === 'before') {
          await remove(change);
        }
        await store.commit(next, change);
        if (when === 'after') {
          await remove(change);
        }
        listed = next;
      },
    };
  };
}

function methodsOf(store: ManifestStore): ManifestStore {
  return {
    name: store.name,
    open: () => store.open(),
    create: (manifest) => store.create(manifest),
    commit: (next, change) => store.commit(next, change),
    close: () => store.close(),
  };
}
