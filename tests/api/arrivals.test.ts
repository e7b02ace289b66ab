/** `/api/vivace/arrivals`: what came in, what was refused and why; nobody sees another tenant's. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ArrivalsBody } from '../../src/api/vivace/arrivals.ts';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import { startServer } from '../support/server.ts';
import { fetch } from './strict-fetch.ts';
import { exampleSpan, exampleTraceId } from './support.ts';

test('doors, spans and bytes of accepted bodies; refusals by code with their reason; tenants apart', async () => {
  const server = await startServer({ config: { multitenancy: true } });
  try {
    const send = async (
      tenant: string | undefined,
      body: Uint8Array<ArrayBuffer> | string,
      type = 'application/x-protobuf'
    ) => {
      const headers = { 'content-type': type, ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }) };
      const { status } = await fetch(`${server.urls.otlpHttp}/v1/traces`, { method: 'POST', headers, body });
      return status;
    };
    const read = async (tenant: string): Promise<ArrivalsBody> => {
      const answer = await fetch(`${server.urls.query}/api/vivace/arrivals`, { headers: { 'x-scope-orgid': tenant } });
      assert.equal(answer.status, 200);
      return (await answer.json()) as ArrivalsBody;
    };
    assert.deepEqual((await read('shop')).doors, []);

    const body = encodeTraces([exampleSpan(exampleTraceId(1)), exampleSpan(exampleTraceId(2))]);
    assert.equal(await send('shop', body), 200);
    assert.equal(await send('shop', 'no protobuf'), 400);
    assert.equal(await send('bank', 'no protobuf'), 400);
    assert.equal(await send('bank', 'a secret', 'text/csv'), 415);

    const shop = await read('shop');
    assert.ok(shop.sinceSeconds <= shop.nowSeconds);
    assert.deepEqual(
      shop.doors.map(({ door, requests, spans, bytes, rejectedSpans }) => [
        door,
        requests,
        spans,
        bytes,
        rejectedSpans,
      ]),
      [['otlp-http', 1, 2, body.length, 0]]
    );
    const malformed = shop.refusals.find(({ code }) => code === 'invalid_argument');
    assert.equal(malformed?.count, 1);
    assert.notEqual(malformed?.message, '');
    // Refused before the tenant was known: counted for everybody, its text shown to nobody.
    assert.deepEqual(
      shop.refusals.filter(({ code }) => code === 'unsupported').map(({ count, message }) => [count, message]),
      [[1, '']]
    );
    assert.deepEqual((await read('bank')).doors, []);
  } finally {
    await server.close();
  }
});
