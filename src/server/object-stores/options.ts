/** Which object store, as the configuration says it; plain data. Credentials come from each vendor's own chain, never from here. */
export type ObjectStoreKind = 's3' | 'gcs' | 'azure';

export interface ObjectStoreOptions {
  readonly kind: ObjectStoreKind;
  /** Bucket, or container on Azure. */
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Another address than the vendor's; empty: the vendor's. On Azure the account's URL. */
  readonly endpoint: string;
  /** S3 only; empty: what the chain says. */
  readonly region: string;
  /** S3 only: `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** S3 only: server-side encryption asked for with each object. */
  readonly sse: 'none' | 'AES256' | 'aws:kms';
  /** S3 only: key of `aws:kms`; empty: the account's default. */
  readonly sseKmsKeyId: string;
}

/** How messages call a place in a store: `s3://traces/prod`. */
export function nameOfStore({ kind, bucket, prefix }: ObjectStoreOptions): string {
  const scheme = kind === 'gcs' ? 'gs' : kind === 'azure' ? 'azure' : 's3';
  return `${scheme}://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
}

/** The prefix as keys begin with it. */
export function keyPrefixOf({ prefix }: ObjectStoreOptions): string {
  return prefix === '' ? '' : `${prefix}/`;
}
