/** Azure Blob Storage, through Microsoft's client. */
import { createHash } from 'node:crypto';
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

  constructor(options: ObjectStoreOptions, container: ContainerClient) {
    this.name = nameOfStore(options);
    this.prefix = keyPrefixOf(options);
    this.container = container;
  }

  get(key: string, abortSignal?: AbortSignal): Promise<{ bytes: Uint8Array; version: string } | undefined> {
    return this.unlessAbsent(async () => {
      const answer = await this.blob(key).download(0, undefined, { abortSignal, maxRetryRequests: 0 });
      const bytes = await bytesOf(answer.readableStreamBody);
      if (answer.contentLength !== undefined && answer.contentLength !== bytes.length) {
        throw new BucketError(`${this.name}/${key}: ${bytes.length} of ${answer.contentLength} bytes arrived`, true);
      }
      return { bytes, version: answer.etag ?? '' };
    });
  }

  getRange(key: string, { offset, length }: ByteRange, abortSignal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.unlessAbsent(async () => {
      const answer = await this.blob(key).download(offset, length, { abortSignal, maxRetryRequests: 0 });
      return bytesOf(answer.readableStreamBody);
    });
  }

  head(key: string, abortSignal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.unlessAbsent(async () => {
      const head = await this.blob(key).getProperties({ abortSignal });
      return {
        key,
        sizeBytes: head.contentLength ?? 0,
        version: head.etag ?? '',
        modifiedUnixMs: head.lastModified?.getTime() ?? 0,
      };
    });
  }

  async put(
    key: string,
    bytes: Uint8Array,
    condition?: PutCondition,
    abortSignal?: AbortSignal
  ): Promise<string | undefined> {
    try {
      const md5 = md5Of(bytes);
      const { etag } = await this.blob(key).upload(bytes, bytes.length, {
        abortSignal,
        // Put Blob compares what arrives with it.
        blobHTTPHeaders: { blobContentMD5: md5 },
        conditions:
          condition === undefined
            ? {}
            : condition.kind === 'absent'
              ? { ifNoneMatch: '*' }
              : { ifMatch: condition.version },
      });
      return etag ?? '';
    } catch (error) {
      if (condition !== undefined && [404, 409, 412].includes(statusOf(error) ?? 0) && !isAbsentContainer(error)) {
        return undefined;
      }
      throw this.wrapped(error);
    }
  }

  startUpload(key: string): Promise<PartUpload> {
    const blob = this.blob(key);
    const ids: string[] = [];
    return Promise.resolve({
      partBytes,
      putPart: (index, bytes, abortSignal) =>
        this.run(async () => {
          // All ids of a blob have the same length.
          const id = Buffer.from(`part-${String(index).padStart(8, '0')}`).toString('base64');
          await blob.stageBlock(id, bytes, bytes.length, {
            abortSignal,
            transactionalContentMD5: md5Of(bytes),
          });
          ids[index] = id;
        }),
      complete: (abortSignal) =>
        this.run(async () => {
          await blob.commitBlockList(ids, { abortSignal });
        }),
      // Blocks that were never committed go by themselves after a week.
      abort: () => Promise.resolve(),
    });
  }

  list(prefix: string, abortSignal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.run(async () => {
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
    await this.unlessAbsent(() => this.blob(key).delete({ abortSignal }));
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

  private async unlessAbsent<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      if (statusOf(error) === 404 && !isAbsentContainer(error)) {
        return undefined;
      }
      throw this.wrapped(error);
    }
  }

  private async run<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw this.wrapped(error);
    }
  }

  private wrapped(error: unknown): BucketError {
    if (error instanceof BucketError) {
      return error;
    }
    const status = statusOf(error);
    const code = error instanceof RestError ? (error.code ?? '') : (error as Error).name;
    const message = (error as Error).message.split('\n')[0];
    // 400 about the MD5: what arrived is not what was sent.
    const isTransient =
      (isTransientStatus(status) && code !== 'CredentialUnavailableError') || (status === 400 && /md5/i.test(message));
    return new BucketError(`${this.name}: ${status ?? ''} ${code}: ${message}`, isTransient, { cause: error });
  }
}

function isAbsentContainer(error: unknown): boolean {
  return error instanceof RestError && error.code === 'ContainerNotFound';
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}

function md5Of(bytes: Uint8Array): Uint8Array {
  return createHash('md5').update(bytes).digest();
}

async function bytesOf(stream: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}
