/** Object stores that are not ours, on free loopback ports: s3rver for S3, Azurite for Azure Blob. Both keep what they hold in a folder of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ObjectServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Credentials, as the vendors' clients look for them. */
  readonly variables: Readonly<Record<string, string>>;
  /** The one bucket (container) that is there. */
  readonly bucket: string;
  close(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** As far as we use it; the package has no types. */
interface S3rverInstance {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

/** Knows no conditional put: `If-None-Match` and `If-Match` of a PUT are ignored. */
export async function startS3rver(): Promise<ObjectServer> {
  const S3rver = require('@20minutes/s3rver') as new (options: object) => S3rverInstance;
  const directory = mkdtempSync(join(tmpdir(), 'vivace-s3rver-'));
  const bucket = 'traces';
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    // It reckons the signature of a listing with a `/` in its prefix otherwise than Amazon does.
    allowMismatchedSignatures: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    variables: { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_REGION: 'us-east-1' },
    bucket,
    close: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An account and a key for this one process. */
const account = 'vivace';
const accountKey = Buffer.from('a key that opens nothing but this test').toString('base64');

/** Knows conditional put. */
export async function startAzurite(): Promise<ObjectServer> {
  const child = spawn(
    process.execPath,
    [
      require.resolve('azurite/dist/src/blob/main.js'),
      ...['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry'],
      ...['--blobHost', '127.0.0.1', '--blobPort', '0'],
    ],
    { env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` }, stdio: ['ignore', 'pipe', 'inherit'] }
  );
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const match = /successfully listen(?:ing|s) (?:at|on) (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
      if (match !== null) {
        resolve(match[1]);
      }
    });
    child.once('exit', (code) => reject(new Error(`azurite ended with ${code}: ${output}`)));
  });
  const variables = {
    AZURE_STORAGE_CONNECTION_STRING:
      `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};` +
      `BlobEndpoint=${url}/${account};`,
  };
  const bucket = 'traces';
  const { BlobServiceClient } = await import('@azure/storage-blob');
  await BlobServiceClient.fromConnectionString(variables.AZURE_STORAGE_CONNECTION_STRING).createContainer(bucket);
  return {
    url,
    variables,
    bucket,
    close: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}
