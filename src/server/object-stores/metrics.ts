import { Counter, Gauge, type Registry } from 'prom-client';
import type { ObjectStorageStatus } from '../../engine/objects/object-storage.ts';

/** Registers what `status` tells; counters are read when they are scraped. */
export function registerObjectMetrics(registry: Registry, status: () => ObjectStorageStatus): void {
  const registers = [registry];
  const counter = (name: string, help: string, read: (status: ObjectStorageStatus) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect: function collect() {
        this.reset();
        this.inc(read(status()));
      },
    });
  };
  counter('vivace_objects_requests_total', 'Requests to the bucket.', ({ requests }) => requests);
  counter('vivace_objects_retries_total', 'Requests that were sent again.', ({ retries }) => retries);
  counter('vivace_objects_failures_total', 'Requests that failed.', ({ failures }) => failures);
  counter('vivace_objects_uploads_total', 'Blocks put into the bucket.', ({ uploads }) => uploads);
  counter('vivace_objects_uploaded_bytes_total', 'Bytes of these blocks.', ({ uploadedBytes }) => uploadedBytes);
  counter(
    'vivace_objects_fetched_bytes_total',
    'Bytes of blocks read from the bucket.',
    ({ fetchedBytes }) => fetchedBytes
  );
  counter('vivace_objects_cache_hits_total', 'Pages found in the local cache.', ({ cacheHits }) => cacheHits);
  counter('vivace_objects_cache_misses_total', 'Pages not found there.', ({ cacheMisses }) => cacheMisses);
  counter(
    'vivace_objects_cache_damaged_total',
    'Damaged pages found there and dropped.',
    ({ cacheDamaged }) => cacheDamaged
  );
  new Gauge({
    name: 'vivace_objects_cache_bytes',
    help: 'Local bytes of blocks and pages that are in the bucket too.',
    registers,
    collect: function collect() {
      this.set(status().cacheBytes);
    },
  });
}
