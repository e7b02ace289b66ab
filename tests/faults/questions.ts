/** What a user asks, over HTTP. Each answer is whole or an error. */
import assert from 'node:assert/strict';
import { decodeTraceByIdResponse } from '../../src/wire/tempo.ts';

const everySpan = '{ resource.service.name = "kill-9" }';

export class Questions {
  private readonly url: string;
  private readonly range: Readonly<Record<string, string>>;

  constructor(url: string, nowUnixNanos: bigint) {
    const nowSeconds = nowUnixNanos / 1_000_000_000n;
    this.url = url;
    this.range = { start: String(nowSeconds - 3600n), end: String(nowSeconds + 7200n) };
  }

  /** Span ids, in order; empty when there is no such trace. */
  async spanIds(traceId: string): Promise<string[]> {
    const response = await fetch(`${this.url}/api/v2/traces/${traceId}`, {
      headers: { accept: 'application/protobuf' },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status === 404) {
      return [];
    }
    assert.equal(response.status, 200, `trace ${traceId}: ${response.status}`);
    const answer = decodeTraceByIdResponse(bytes);
    assert.equal(answer.message ?? '', '', `trace ${traceId} is partial: ${answer.message}`);
    return answer.trace.map(({ spanId }) => spanId).sort();
  }

  /** Number of matching spans by trace id. */
  async search(limit: number): Promise<Map<string, number>> {
    const { traces = [] } = await this.json<{ traces?: { traceID: string; spanSet: { matched: number } }[] }>(
      '/api/search',
      { q: everySpan, limit: String(limit) }
    );
    const found = new Map(traces.map(({ traceID, spanSet }) => [traceID.padStart(32, '0'), spanSet.matched]));
    assert.equal(found.size, traces.length, 'search lists a trace twice');
    return found;
  }

  async countByMetrics(): Promise<number> {
    const q = `${everySpan} | count_over_time()`;
    const { series = [] } = await this.json<{ series?: { value: number }[] }>('/api/metrics/query', { q });
    return series.reduce((sum, { value }) => sum + value, 0);
  }

  async names(): Promise<string[]> {
    const { scopes } = await this.json<{ scopes: { name: string; tags: string[] }[] }>('/api/v2/search/tags', {
      scope: 'span',
    });
    return scopes.flatMap(({ tags }) => tags);
  }

  async values(name: string): Promise<string[]> {
    const { tagValues } = await this.json<{ tagValues: { value: string }[] }>(`/api/v2/search/tag/${name}/values`, {
      limit: '100000',
    });
    return tagValues.map(({ value }) => value);
  }

  private async json<T>(path: string, params: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.url}${path}?${new URLSearchParams({ ...this.range, ...params })}`);
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${response.status} ${text}`);
    assert.doesNotMatch(text.slice(0, 2000), /is left out/, path);
    return JSON.parse(text) as T;
  }
}
