/** The options of object storage, and what they mean together. */
import { z } from 'zod';
import type { Config } from './config.ts';
import { bool, bytes } from './config-values.ts';
import type { ObjectsOptions } from './node-engine.ts';
import type { ObjectStoreKind } from './object-stores/options.ts';

export const storageOptions = {
  storageBucket: { schema: z.string(), default: '', reason: 'Bucket (container on Azure) of s3, gcs or azure.' },
  storagePrefix: {
    schema: z.string(),
    default: '',
    reason: 'Folder in the bucket. One server writes below a prefix: give each its own.',
  },
  storageEndpoint: {
    schema: z.string(),
    default: '',
    reason:
      "Address of the store, such as https://minio:9000; on Azure https://ACCOUNT.blob.core.windows.net. Empty: the vendor's.",
  },
  storageRegion: { schema: z.string(), default: '', reason: 'S3 region. Empty: what AWS_REGION or the profile says.' },
  storagePathStyle: {
    schema: bool,
    default: false,
    reason: "S3: the bucket in the path instead of the host name, as most stores that are not Amazon's want it.",
  },
  storageSse: {
    schema: z.enum(['none', 'AES256', 'aws:kms']),
    default: 'none',
    reason: 'S3: encryption asked for with each object. none: what the bucket says.',
  },
  storageSseKmsKeyId: { schema: z.string(), default: '', reason: "S3: key of aws:kms. Empty: the account's default." },
  storageCacheBytes: {
    schema: bytes,
    default: '20GiB',
    reason: 'Room in data_dir for blocks and parts of blocks that are in the bucket too.',
  },
  storageAllowUnfenced: {
    schema: bool,
    default: false,
    reason:
      'Start on a store without conditional put, where nothing keeps a second server from writing below the prefix.',
  },
} as const;

/** `storage: {backend: s3, bucket: traces}` in a file is `storage: s3` and `storage_bucket: traces`. */
export function withFlatStorage(file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { storage, ...rest } = file;
  if (typeof storage !== 'object' || storage === null || Array.isArray(storage)) {
    return file;
  }
  const { backend, ...parts } = storage as Readonly<Record<string, unknown>>;
  const flat = Object.fromEntries(Object.entries(parts).map(([key, value]) => [`storage_${key}`, value]));
  return {
    ...rest,
    ...(backend === undefined ? {} : { storage: backend === 'local' ? 'embedded' : backend }),
    ...flat,
  };
}

/** `undefined` when blocks stay on the local disk; otherwise the bucket, or a sentence about what is wrong. */
export function objectsOf(
  config: Config,
  variables: Readonly<Record<string, string | undefined>>
): ObjectsOptions | string | undefined {
  const { storage } = config;
  if (storage !== 's3' && storage !== 'gcs' && storage !== 'azure') {
    return undefined;
  }
  const wrong = faultOf(storage, config, variables);
  return (
    wrong ?? {
      store: {
        kind: storage,
        bucket: config.storageBucket,
        prefix: config.storagePrefix.replace(/^\/+|\/+$/g, ''),
        endpoint: config.storageEndpoint,
        region: config.storageRegion,
        pathStyle: config.storagePathStyle,
        sse: config.storageSse,
        sseKmsKeyId: config.storageSseKmsKeyId,
      },
      cacheBytesMax: config.storageCacheBytes,
      allowUnfenced: config.storageAllowUnfenced,
    }
  );
}

function faultOf(
  kind: ObjectStoreKind,
  config: Config,
  variables: Readonly<Record<string, string | undefined>>
): string | undefined {
  const { storageBucket, storageEndpoint, storagePrefix, storageSse, storageSseKmsKeyId } = config;
  if (storageBucket === '') {
    return `storage is ${kind}: storage_bucket is missing`;
  }
  if (storageEndpoint !== '' && !URL.canParse(storageEndpoint)) {
    return `storage_endpoint: expected an address such as https://minio:9000, found ${JSON.stringify(storageEndpoint)}`;
  }
  if (storageEndpoint !== '' && new URL(storageEndpoint).username !== '') {
    return "storage_endpoint: no credentials in an address; they come from the environment or the files of the vendor's tools";
  }
  if (storagePrefix.split('/').some((part) => part === '.' || part === '..')) {
    return `storage_prefix: ${JSON.stringify(storagePrefix)} is not a folder`;
  }
  if (storageSseKmsKeyId !== '' && storageSse !== 'aws:kms') {
    return 'storage_sse_kms_key_id goes with storage_sse: aws:kms';
  }
  if (kind === 'azure' && storageEndpoint === '' && !variables['AZURE_STORAGE_CONNECTION_STRING']) {
    return 'storage is azure: give storage_endpoint (https://ACCOUNT.blob.core.windows.net) or AZURE_STORAGE_CONNECTION_STRING';
  }
  return undefined;
}
