/**
 * Rounds of kill -9 on one data folder: start, compare every answer with what was acknowledged, then load from several clients and
 * questions, until the process is killed at a random moment. Clients send again what was not answered, and sometimes what was.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { seededRandom } from '../../src/base/random.ts';
import type { Span } from '../../src/trace/model.ts';
import type { Bundle } from './bundle.ts';
import { sentBodies, spanIdsOf, spansPerBody, type SentBodies } from './expected.ts';
import { KilledProcess } from './killed-process.ts';
import { Questions } from './questions.ts';

export interface KillRoundsOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly random: ReturnType<typeof seededRandom>;
  readonly bundle: Bundle;
  readonly folder: string;
  /** As in the YAML file: where blocks are. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** With blocks in a bucket: local ones are lost now and then. */
  readonly losesBlocks?: boolean;
}

/** Over all rounds. */
export interface KillTotals {
  kills: number;
  killsWhileStarting: number;
  bodies: number;
  retries: number;
  questions: number;
  flushes: number;
  compactions: number;
}

const senders = 4;
/** A life ends a moment after so many requests were answered: slow machines do as much between kills as fast ones. */
const answersMax = 40;
const momentMsMax = 250;

export async function runKillRounds(options: KillRoundsOptions): Promise<KillTotals> {
  const rounds = new KillRounds(options);
  try {
    await rounds.run();
    return rounds.totals;
  } catch (error) {
    throw new Error(`VIVACE_SEED=${options.seed}: ${(error as Error).message}\n${rounds.lastLog}`, { cause: error });
  } finally {
    await rounds.end();
  }
}

class KillRounds {
  readonly totals: KillTotals = {
    ...{ kills: 0, killsWhileStarting: 0, bodies: 0, retries: 0, questions: 0, flushes: 0, compactions: 0 },
  };
  private readonly options: KillRoundsOptions;
  private readonly nowUnixNanos = BigInt(Date.now()) * 1_000_000n;
  private readonly sent: SentBodies;
  private readonly acknowledged = new Set<number>();
  /** Sent, but no answer came: sent again until it does, as clients do. */
  private readonly unanswered = new Set<number>();
  /** Acknowledged or in doubt since the last start. */
  private ofThisLife = new Set<number>();
  private nextBody = 0;
  private answered = 0;
  private server: KilledProcess | undefined;

  constructor(options: KillRoundsOptions) {
    this.options = options;
    this.sent = sentBodies(options.seed, this.nowUnixNanos);
  }

  get lastLog(): string {
    return this.server?.log.slice(-3000) ?? '';
  }

  async end(): Promise<void> {
    await this.server?.kill();
  }

  async run(): Promise<void> {
    for (let round = 0; round < this.options.rounds; round++) {
      const server = this.start();
      const urls = await server.ready();
      await this.check(urls, false);
      await this.liveAndDie(server, urls);
    }
    const urls = await this.start().ready();
    await this.check(urls, true);
  }

  private start(): KilledProcess {
    const { bundle, folder, config, variables = {} } = this.options;
    this.server = new KilledProcess(
      bundle,
      {
        config: { data_dir: folder, ...config },
        ...{
          walSegmentBytes: 131_072,
          headRowsMax: 600,
          headAgeMsMax: 80,
          maintenanceIntervalMs: 40,
          compactionFanIn: 2,
        },
      },
      variables
    );
    return this.server;
  }

  private async liveAndDie(server: KilledProcess, urls: { otlpHttp: string; query: string }): Promise<void> {
    const { random, folder, losesBlocks = false } = this.options;
    const life = new AbortController();
    this.ofThisLife = new Set();
    const work = [
      ...Array.from({ length: senders }, () => this.sendUntil(life.signal, urls.otlpHttp)),
      this.askUntil(life.signal, new Questions(urls.query, this.nowUnixNanos)),
    ];
    const failed = Promise.all(work);
    try {
      await Promise.race([this.answers(random.below(answersMax)).then(() => sleep(random.below(momentMsMax))), failed]);
    } finally {
      life.abort();
      await server.kill();
    }
    await failed;
    this.note(server);
    this.totals.kills++;
    if (losesBlocks && random.float() < 0.2) {
      rmSync(join(folder, 'tenants'), { recursive: true, force: true });
      rmSync(join(folder, 'cache'), { recursive: true, force: true });
    }
    if (random.float() < 0.2) {
      // Also while it reads what the last life has left.
      const next = this.start();
      await sleep(random.below(600));
      await next.kill();
      this.note(next);
      this.totals.killsWhileStarting++;
    }
  }

  private async answers(wanted: number): Promise<void> {
    const end = this.answered + wanted;
    const deadlineMs = performance.now() + 10_000;
    while (this.answered < end && performance.now() < deadlineMs) {
      await sleep(2);
    }
  }

  private note(server: KilledProcess): void {
    this.totals.flushes += server.count('head flushed');
    this.totals.compactions += server.count('blocks compacted');
  }

  private async sendUntil(signal: AbortSignal, url: string): Promise<void> {
    const { random } = this.options;
    while (!signal.aborted) {
      const [pending] = this.unanswered;
      // A client that has missed the answer sends what is there already.
      const isRetry = this.nextBody > 0 && random.float() < 0.1;
      const body = pending ?? (isRetry ? random.below(this.nextBody) : this.nextBody++);
      this.unanswered.delete(body);
      this.totals.retries += pending !== undefined || isRetry ? 1 : 0;
      await this.send(url, body).catch(() => undefined);
    }
  }

  /** Errors: those of fetch when the server dies meanwhile. */
  private async send(url: string, body: number): Promise<void> {
    const mayBeNew = !this.acknowledged.has(body);
    this.ofThisLife.add(body);
    if (mayBeNew) {
      this.unanswered.add(body);
    }
    const response = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: this.sent.bytes(body),
    });
    const text = await response.text();
    this.answered++;
    if (response.status === 200) {
      this.acknowledged.add(body);
      this.unanswered.delete(body);
    } else {
      assert.ok(response.status === 503 || response.status === 429, `${response.status} ${text}`);
    }
  }

  /** Under load: what was acknowledged before a question is in its answer, whatever is flushed or compacted meanwhile. */
  private async askUntil(signal: AbortSignal, questions: Questions): Promise<void> {
    const { random } = this.options;
    while (!signal.aborted) {
      const known = [...this.acknowledged];
      if (known.length === 0) {
        await sleep(5);
        continue;
      }
      const spans = this.sent.spans(random.float() < 0.5 ? random.pick(known) : known[known.length - 1]);
      let found: string[];
      let count: number;
      try {
        found = await questions.spanIds(spans[0].traceId);
        count = await questions.countByMetrics();
      } catch (error) {
        if (signal.aborted || error instanceof TypeError) {
          // Killed meanwhile.
          return;
        }
        throw error;
      }
      const expected = spans.filter(({ traceId }) => traceId === spans[0].traceId);
      assert.ok(
        expected.every(({ spanId }) => found.includes(spanId)),
        `trace ${spans[0].traceId} misses spans`
      );
      assert.equal(new Set(found).size, found.length, `trace ${spans[0].traceId} has a span twice`);
      assert.ok(count >= known.length * spansPerBody, `metrics: ${count} spans, ${known.length} bodies acknowledged`);
      this.totals.questions += 2;
    }
  }

  /** After a restart: what is in doubt is sent again, and then every answer is known exactly. */
  private async check(urls: { otlpHttp: string; query: string }, all: boolean): Promise<void> {
    for (const body of [...this.unanswered]) {
      await this.send(urls.otlpHttp, body);
    }
    assert.equal(this.unanswered.size, 0, 'a body is refused after a restart');
    const bodies = [...this.acknowledged];
    this.totals.bodies = bodies.length;
    const expected = spanIdsOf(this.spansOf(bodies));
    const questions = new Questions(urls.query, this.nowUnixNanos);
    assert.equal(await questions.countByMetrics(), bodies.length * spansPerBody, 'spans in metrics');
    assert.deepEqual(
      [...(await questions.search(expected.size + 100))].sort(),
      [...expected].map(([traceId, ids]) => [traceId, ids.length] as const).sort(),
      'traces and numbers of spans in search'
    );
    if (bodies.length > 0) {
      assert.deepEqual(await questions.names(), ['body'], 'names');
    }
    assert.deepEqual((await questions.values('span.body')).sort(), bodies.map(this.sent.name).sort(), 'values');
    const ofInterest = all ? expected.keys() : spanIdsOf(this.spansOf(this.ofThisLife)).keys();
    await inParallel(8, ofInterest, async (traceId) => {
      assert.deepEqual(await questions.spanIds(traceId), expected.get(traceId), `trace ${traceId} by id`);
      this.totals.questions++;
    });
    this.totals.questions += 4;
  }

  private *spansOf(bodies: Iterable<number>): Generator<Span> {
    for (const body of bodies) {
      yield* this.sent.spans(body);
    }
  }
}

async function inParallel<T>(width: number, work: Iterable<T>, act: (one: T) => Promise<void>): Promise<void> {
  const queue = work[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      await act(next.value);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}
