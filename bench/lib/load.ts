/** Sends request bodies over keep-alive connections and times each answer. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SendOptions {
  readonly connections: number;
  /** Paced when given; as fast as answers come otherwise. */
  readonly bodiesPerSecond?: number;
}

export interface SendResult {
  /** Milliseconds from the first byte of a request to the last of its answer; paced requests count from when they were due. */
  readonly latenciesMs: Float64Array;
  readonly seconds: number;
  /** Refusals that were sent again, as `Retry-After` asks. */
  readonly retries: number;
}

const retryStatuses = new Set([429, 503]);

/** Errors: an answer that is neither 200 nor one that asks to send again; the connection's. */
export async function sendBodies(
  otlpHttpUrl: string,
  bodies: Iterable<Uint8Array>,
  { connections, bodiesPerSecond }: SendOptions
): Promise<SendResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = `${otlpHttpUrl}/v1/traces`;
  const latenciesMs: number[] = [];
  let retries = 0;
  const startMs = performance.now();
  const source = bodies[Symbol.iterator]();
  let sent = 0;
  const sender = async (): Promise<void> => {
    for (let next = source.next(); !next.done; next = source.next()) {
      const index = sent++;
      const dueMs = bodiesPerSecond === undefined ? performance.now() : startMs + (1000 * index) / bodiesPerSecond;
      if (dueMs > performance.now()) {
        await sleep(dueMs - performance.now());
      }
      for (;;) {
        const status = await post(url, agent, next.value);
        if (status === 200) {
          break;
        }
        if (!retryStatuses.has(status)) {
          throw new Error(`${url} answered ${status}`);
        }
        retries++;
        await sleep(200);
      }
      latenciesMs.push(performance.now() - dueMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return { latenciesMs: Float64Array.from(latenciesMs).sort(), seconds: (performance.now() - startMs) / 1000, retries };
}

function post(url: string, agent: Agent, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': body.length,
    };
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode as number));
    });
    call.once('error', reject);
    call.end(body);
  });
}

/** Of ascending numbers. */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(q * ascending.length))];
}
