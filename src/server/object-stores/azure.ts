/** Azure Blob Storage, through Microsoft's client. */
import { DefaultAzureCredential } from '@azure/identity';
import {
  BlobServiceClient,
  ContainerClient,
  RestError,
  type BlockBlobClient,
  type StoragePipelineOptions,
} from '@azure/storage-blob';
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

/** 50,000 blocks are allowed: objects up to 800 GB. */
const partBytes = 16 * 1024 * 1024;

/**
 * With `AZURE_STORAGE_CONNECTION_STRING` (account keys, emulators) or, at the endpoint given, whatever Microsoft's default chain finds:
 * environment, workload and managed identity, command line tools.
 */
export function openAzureBucket(
  options: ObjectStoreOptions,
  variables: Readonly<Record<string, string | undefined>>
): Bucket {
  // We try again ourselves, in one way for all stores.
  const pipeline: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };
  const connection = variables['AZURE_STORAGE_CONNECTION_STRING'];
  const service =
    connection === undefined || connection === ''
      ? new BlobServiceClient(options.endpoint, new DefaultAzureCredential(), pipeline)
      : BlobServiceClient.fromConnectionString(connection, pipeline);
  return new AzureBucket(options, service.getContainerClient(options.bucket));
}

class AzureBucket implements Bucket {
  readonly name: string;
  private readonly container: ContainerClient;
  private readonly prefix: string;
  private readonly calls: Calls;

  constructor(options: ObjectStoreOptions, container: ContainerClient) {
    this.name = nameOfStore(options);
    this.prefix = keyPrefixOf(options);
    this.calls = new Calls(this.name, failureOf);
    this.container = container;
  }

  get(key: string, abortSignal?: AbortSignal): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.calls.unlessAbsent(async () => {
      const answer = await this.blob(key).download(0, undefined, { abortSignal, maxRetryRequests: 0 });
      const bytes = await bytesOf(answer.readableStreamBody);
      if (answer.contentLength !== undefined && answer.contentLength !== bytes.length) {
        throw new BucketError(`${this.name}/${key}: ${bytes.length} of ${answer.contentLength} bytes arrived`, true);
      }
      return { bytes, version: answer.etag ?? '' };
    });
  }

  getRange(key: string, { offset, length }: ByteRange, abortSignal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.calls.unlessAbsent(async () => {
      const answer = await this.blob(key).download(offset, length, { abortSignal, maxRetryRequests: 0 });
      return bytesOf(answer.readableStreamBody);
    });
  }

  head(key: string, abortSignal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.calls.unlessAbsent(async () => {
      const head = await this.blob(key).getProperties({ abortSignal });
      return {
        key,
        sizeBytes: head.contentLength ?? 0,
        version: head.etag ?? '',
        modifiedUnixMs: head.lastModified?.getTime() ?? 0,
      };
    });
  }

  put(
    key: string,
    bytes: Uint8Array,
    condition?: PutCondition,
    abortSignal?: AbortSignal
  ): Promise<string | undefined> {
    const isUnmet = ({ status = 0, isAbsentObject }: Failure): boolean =>
      condition !== undefined && (isAbsentObject || status === 409 || status === 412);
    return this.calls.runUnless(isUnmet, async () => {
      const { etag } = await this.blob(key).upload(bytes, bytes.length, {
        abortSignal,
        // Put Blob compares what arrives with it.
        blobHTTPHeaders: { blobContentMD5: md5Of(bytes) },
        conditions:
          condition === undefined
            ? {}
            : condition.kind === 'absent'
              ? { ifNoneMatch: '*' }
              : { ifMatch: condition.version },
      });
      return etag ?? '';
    });
  }

  startUpload(key: string): Promise<PartUpload> {
    const blob = this.blob(key);
    const ids: string[] = [];
    return Promise.resolve({
      partBytes,
      putPart: (index, bytes, abortSignal) =>
        this.calls.run(async () => {
          // All ids of a blob have the same length.
          const id = Buffer.from(`part-${String(index).padStart(8, '0')}`).toString('base64');
          await blob.stageBlock(id, bytes, bytes.length, {
            abortSignal,
            transactionalContentMD5: md5Of(bytes),
          });
          ids[index] = id;
        }),
      complete: (abortSignal) =>
        this.calls.run(async () => {
          await blob.commitBlockList(ids, { abortSignal });
        }),
      // Blocks that were never committed go by themselves after a week.
      abort: () => Promise.resolve(),
    });
  }

  list(prefix: string, abortSignal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.calls.run(async () => {
      const found: ObjectInfo[] = [];
      for await (const item of this.container.listBlobsFlat({ prefix: this.prefix + prefix, abortSignal })) {
        found.push({
          key: item.name.slice(this.prefix.length),
          sizeBytes: item.properties.contentLength ?? 0,
          version: item.properties.etag,
          modifiedUnixMs: item.properties.lastModified.getTime(),
        });
      }
      return found;
    });
  }

  async delete(key: string, abortSignal?: AbortSignal): Promise<void> {
    await this.calls.unlessAbsent(() => this.blob(key).delete({ abortSignal }));
  }

  abortUploadsBefore(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): void {
    // The client holds nothing that outlives its requests.
  }

  private blob(key: string): BlockBlobClient {
    return this.container.getBlockBlobClient(this.prefix + key);
  }
}

function failureOf(error: Error): Failure {
  const { statusCode: status, code = '' } =
    error instanceof RestError ? error : { statusCode: undefined, code: error.name };
  const message = error.message.split('\n')[0];
  // 400 about the MD5: what arrived is not what was sent.
  const isGarbled = status === 400 && /md5/i.test(message);
  return {
    status,
    text: `${code}: ${message}`,
    isAbsentObject: status === 404 && code !== 'ContainerNotFound',
    isTransient: isGarbled || (isTransientStatus(status) && code !== 'CredentialUnavailableError'),
  };
}

async function bytesOf(stream: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}
