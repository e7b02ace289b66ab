import type { Bucket } from '../../engine/objects/bucket.ts';
import type { ObjectStoreOptions } from './options.ts';

/** The bucket that the options name. Clients are loaded only here: a server on local disk never pays for them. */
export async function openBucket(
  options: ObjectStoreOptions,
  variables: Readonly<Record<string, string | undefined>> = process.env
): Promise<Bucket> {
  switch (options.kind) {
    case 's3':
      return (await import('./s3.ts')).openS3Bucket(options);
    case 'gcs':
      return (await import('./gcs.ts')).openGcsBucket(options);
    case 'azure':
      return (await import('./azure.ts')).openAzureBucket(options, variables);
  }
}
