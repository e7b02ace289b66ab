import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveConfig, type Config } from './config.ts';
import { objectsOf } from './storage-config.ts';

const configOf = (file: object, variables: Record<string, string> = {}): Config =>
  resolveConfig({ flags: {}, variables, file, fileName: 'vivace.yaml' });

test('a section in the file, flat options and variables say the same', () => {
  const nested = configOf({
    storage: { backend: 's3', bucket: 'traces', prefix: '/a/b/', path_style: true, sse: 'AES256' },
  });
  const flat = configOf(
    { storage: 's3', storage_prefix: 'a/b', storage_sse: 'AES256', storage_path_style: true },
    { VIVACE_STORAGE_BUCKET: 'traces' }
  );
  const objects = objectsOf(nested, {});
  assert.deepEqual(objects, objectsOf(flat, {}));
  assert.deepEqual(objects, {
    store: {
      kind: 's3',
      bucket: 'traces',
      prefix: 'a/b',
      endpoint: '',
      region: '',
      pathStyle: true,
      sse: 'AES256',
      sseKmsKeyId: '',
    },
    cacheBytesMax: 20 * 2 ** 30,
    allowUnfenced: false,
  });
  assert.equal(objectsOf(configOf({ storage: { backend: 'local' } }), {}), undefined);
  assert.equal(objectsOf(configOf({}), {}), undefined);
});

test('what does not fit together is said in one sentence', () => {
  const fault = (file: object): unknown => objectsOf(configOf(file), {});
  assert.match(String(fault({ storage: 's3' })), /storage_bucket is missing/);
  assert.match(
    String(fault({ storage: { backend: 'gcs', bucket: 'b', endpoint: 'nowhere' } })),
    /storage_endpoint: expected/
  );
  assert.match(
    String(fault({ storage: { backend: 's3', bucket: 'b', endpoint: 'https://me:secret@host' } })),
    /no credentials/
  );
  assert.match(String(fault({ storage: { backend: 's3', bucket: 'b', prefix: 'a/../c' } })), /is not a folder/);
  assert.match(
    String(fault({ storage: { backend: 's3', bucket: 'b', sse_kms_key_id: 'k' } })),
    /goes with storage_sse/
  );
  assert.match(String(fault({ storage: { backend: 'azure', bucket: 'b' } })), /AZURE_STORAGE_CONNECTION_STRING/);
  assert.throws(
    () => configOf({ storage: { backend: 's3', buket: 'b' } }),
    /unknown option "storage_buket", did you mean storage_bucket/
  );
  assert.throws(() => configOf({ storage: { backend: 'tape' } }), /vivace\.yaml: storage/);
});
