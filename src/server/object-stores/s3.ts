/** Amazon S3 and what speaks its language (MinIO, Ceph, R2, …), through Amazon's client. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ByteRange } from '../../engine/disk.ts';
import {
  BucketError,
  isTransientStatus,
  type Bucket,
  type ObjectInfo,
  type PartUpload,
  type PutCondition,
} from '../../engine/objects/bucket.ts';
import { Calls, md5Of, type Failure } from './failures.ts';
import { keyPrefixOf, nameOfStore, type ObjectStoreOptions } from './options.ts';

/** 10,000 parts are allowed: objects up to 160 GB. */
const partBytes = 16 * 1024 * 1024;

export function openS3Bucket(options: ObjectStoreOptions): Bucket {
  return new S3Bucket(options);
}

class S3Bucket implements Bucket {
  readonly name: string;
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly calls: Calls;
  private readonly encryption: { ServerSideEncryption?: 'AES256' | 'aws:kms'; SSEKMSKeyId?: string };

  constructor(options: ObjectStoreOptions) {
    const { bucket, endpoint, region, pathStyle, sse, sseKmsKeyId } = options;
    this.name = nameOfStore(options);
    this.bucket = bucket;
    this.prefix = keyPrefixOf(options);
    this.calls = new Calls(this.name, failureOf);
    this.encryption =
      sse === 'none' ? {} : { ServerSideEncryption: sse, ...(sseKmsKeyId === '' ? {} : { SSEKMSKeyId: sseKmsKeyId }) };
    this.client = new S3Client({
      ...(endpoint === '' ? {} : { endpoint }),
      ...(region === '' ? {} : { region }),
      forcePathStyle: pathStyle,
      // We try again ourselves, in one way for all stores.
      maxAttempts: 1,
      // Content-MD5, which every store checks; the newer trailers break many that are not Amazon's.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: 5000, httpAgent: { maxSockets: 128 }, httpsAgent: { maxSockets: 128 } },
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.calls.unlessAbsent(async () => {
      const { Body, ETag, ContentLength } = await this.client.send(new GetObjectCommand(this.at(key)), aborted(signal));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      if (ContentLength !== undefined && ContentLength !== bytes.length) {
        throw new BucketError(`${this.name}/${key}: ${bytes.length} of ${ContentLength} bytes arrived`, true);
      }
      return { bytes, version: ETag ?? '' };
    });
  }

  async getRange(key: string, { offset, length }: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.calls.unlessAbsent(async () => {
      const { Body } = await this.client.send(
        new GetObjectCommand({ ...this.at(key), Range: `bytes=${offset}-${offset + length - 1}` }),
        aborted(signal)
      );
      return (await Body?.transformToByteArray()) ?? new Uint8Array(0);
    });
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.calls.unlessAbsent(async () => {
      const head = await this.client.send(new HeadObjectCommand(this.at(key)), aborted(signal));
      return {
        key,
        sizeBytes: head.ContentLength ?? 0,
        version: head.ETag ?? '',
        modifiedUnixMs: head.LastModified?.getTime() ?? 0,
      };
    });
  }

  put(key: string, bytes: Uint8Array, condition?: PutCondition, signal?: AbortSignal): Promise<string | undefined> {
    // 404: what should have been replaced is gone. 409: two conditional writes met; the loser looks again.
    const isUnmet = ({ status = 0 }: Failure): boolean => condition !== undefined && [404, 409, 412].includes(status);
    return this.calls.runUnless(isUnmet, async () => {
      const md5 = md5Of(bytes);
      const { ETag } = await this.client.send(
        new PutObjectCommand({
          ...this.at(key),
          ...this.encryption,
          Body: bytes,
          ContentMD5: md5.toString('base64'),
          ...(condition?.kind === 'absent' ? { IfNoneMatch: '*' } : {}),
          ...(condition?.kind === 'version' ? { IfMatch: condition.version } : {}),
        }),
        aborted(signal)
      );
      this.checkStored(key, md5, ETag);
      return ETag ?? '';
    });
  }

  async startUpload(key: string, _sizeBytes: number, signal?: AbortSignal): Promise<PartUpload> {
    const { client } = this;
    const created = await this.calls.run(() =>
      client.send(new CreateMultipartUploadCommand({ ...this.at(key), ...this.encryption }), aborted(signal))
    );
    const target = { ...this.at(key), UploadId: created.UploadId };
    const etags: string[] = [];
    return {
      partBytes,
      putPart: (index, bytes, partSignal) =>
        this.calls.run(async () => {
          const md5 = md5Of(bytes);
          const { ETag = '' } = await client.send(
            new UploadPartCommand({
              ...target,
              PartNumber: index + 1,
              Body: bytes,
              ContentMD5: md5.toString('base64'),
            }),
            aborted(partSignal)
          );
          this.checkStored(key, md5, ETag);
          etags[index] = ETag;
        }),
      complete: (endSignal) =>
        this.calls.run(async () => {
          const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
          await client.send(
            new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }),
            aborted(endSignal)
          );
        }),
      abort: (endSignal) =>
        this.calls.run(async () => {
          await client.send(new AbortMultipartUploadCommand(target), aborted(endSignal));
        }),
    };
  }

  list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.calls.run(async () => {
      const found: ObjectInfo[] = [];
      let token: string | undefined;
      do {
        const page = await this.client.send(
          new ListObjectsV2Command({ Bucket: this.bucket, Prefix: this.prefix + prefix, ContinuationToken: token }),
          aborted(signal)
        );
        for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
          found.push({
            key: (Key ?? '').slice(this.prefix.length),
            sizeBytes: Size ?? 0,
            version: ETag ?? '',
            modifiedUnixMs: LastModified?.getTime() ?? 0,
          });
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return found;
    });
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.calls.unlessAbsent(() => this.client.send(new DeleteObjectCommand(this.at(key)), aborted(signal)));
  }

  abortUploadsBefore(unixMs: number, signal?: AbortSignal): Promise<number> {
    return this.calls.run(async () => {
      const { Uploads = [] } = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: this.prefix }),
        aborted(signal)
      );
      const stale = Uploads.filter(({ Initiated }) => (Initiated?.getTime() ?? unixMs) < unixMs);
      for (const { Key, UploadId } of stale) {
        await this.client.send(new AbortMultipartUploadCommand({ Bucket: this.bucket, Key, UploadId }));
      }
      return stale.length;
    });
  }

  close(): void {
    this.client.destroy();
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }

  /** An ETag of 32 hex digits is the MD5 of what was stored, except under KMS; other forms say nothing. */
  private checkStored(key: string, md5: Buffer, etag: string | undefined): void {
    const stored = /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1];
    if (this.encryption.ServerSideEncryption !== 'aws:kms' && stored !== undefined && stored !== md5.toString('hex')) {
      throw new BucketError(`${this.name}/${key}: sent MD5 ${md5.toString('hex')}, the store has ${stored}`, true);
    }
  }
}

function failureOf(error: Error): Failure {
  const { name, message } = error;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  // Clocks that differ and tokens that have just expired are mended by a new signature. Without a status nothing has answered.
  const isTransient =
    isTransientStatus(status) || ['RequestTimeTooSkewed', 'ExpiredToken', 'BadDigest', 'RequestTimeout'].includes(name);
  const isOurs = name === 'CredentialsProviderError' || (status === undefined && message === 'Region is missing');
  return {
    status,
    text: `${name}: ${message}`,
    isAbsentObject: status === 404 && name !== 'NoSuchBucket',
    isTransient: isTransient && !isOurs,
  };
}

function aborted(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
