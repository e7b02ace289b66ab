import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { QueryAdmission } from './query-admission.ts';

const limits = { runningMax: 3, runningPerTenantMax: 2, waitingPerTenantMax: 2, waitMsMax: 1000 };

/** Timers fire when told to. */
function heldClock(): Clock & { fire(): void } {
  const timers = new Set<() => void>();
  return {
    unixNanos: () => 0n,
    monotonicMs: () => 0,
    schedule: (_delayMs, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
    fire: () => timers.forEach((task) => task()),
  };
}

/** Time that passes from event to event. */
function simulatedClock(): Clock & { run(untilMs: number): Promise<void> } {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; task: () => void }>();
  return {
    unixNanos: () => 0n,
    monotonicMs: () => nowMs,
    schedule: (delayMs, task) => {
      const timer = { atMs: nowMs + delayMs, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    run: async (untilMs) => {
      for (;;) {
        const next = [...timers].sort((a, b) => a.atMs - b.atMs).at(0);
        if (next === undefined || next.atMs > untilMs) {
          return;
        }
        timers.delete(next);
        nowMs = next.atMs;
        next.task();
        // What waits for it goes on before time does.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** Queries that end when told to, by name. */
function runs(admission: QueryAdmission) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (tenant: string, name: string, signal?: AbortSignal): Promise<void> =>
    admission.run(tenant, signal, () => {
      started.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { started, start, end };
}

test('tenants take turns; the queries of one wait in order', async () => {
  const admission = new QueryAdmission(limits, heldClock());
  const { started, start, end } = runs(admission);
  const all = [
    start('a', 'a1'),
    start('a', 'a2'),
    start('a', 'a3'),
    start('a', 'a4'),
    start('b', 'b1'),
    start('b', 'b2'),
  ];
  assert.deepEqual(started, ['a1', 'a2', 'b1']);
  assert.deepEqual([admission.runningCount, admission.waitingCount], [3, 3]);
  await end('a1');
  await end('a2');
  await end('b1');
  assert.deepEqual(started, ['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  await Promise.all([end('a3'), end('a4'), end('b2')]);
  await Promise.all(all);
  assert.deepEqual([admission.runningCount, admission.waitingCount], [0, 0]);
});

test('too many or too long in the queue: refused, to be tried again; others are not touched', async () => {
  const clock = heldClock();
  const admission = new QueryAdmission(limits, clock);
  const { start, started, end } = runs(admission);
  const running = [start('a', 'a1'), start('a', 'a2')];
  const waiting = [start('a', 'a3'), start('a', 'a4')];
  await assert.rejects(start('a', 'a5'), { code: 'resource_exhausted', message: /2 queries wait already/ });
  clock.fire();
  for (const query of waiting) {
    await assert.rejects(query, { code: 'resource_exhausted', message: /waited 1000 ms/ });
  }
  const other = start('b', 'b1');
  assert.deepEqual(started, ['a1', 'a2', 'b1']);
  await Promise.all(['a1', 'a2', 'b1'].map(end));
  await Promise.all([...running, other]);
});

test('who leaves the queue is not run, and a query that fails gives its place back', async () => {
  const admission = new QueryAdmission({ ...limits, runningMax: 1 }, heldClock());
  const { start, started, end } = runs(admission);
  const first = start('a', 'a1');
  const controller = new AbortController();
  const gone = start('a', 'a2', controller.signal);
  const third = start('a', 'a3');
  controller.abort(new Error('gone'));
  await assert.rejects(gone, /gone/);
  await end('a1');
  await end('a3');
  await Promise.all([first, third]);
  assert.deepEqual(started, ['a1', 'a3']);
  await assert.rejects(
    admission.run('a', undefined, () => Promise.reject(new Error('failed'))),
    /failed/
  );
  assert.equal(admission.runningCount, 0);
});

test('ten times the load for 20 s: nine tenths of what is possible is answered, and nobody waits longer than allowed', async () => {
  const clock = simulatedClock();
  const serviceMs = 100;
  const admission = new QueryAdmission({ ...limits, runningMax: 2, waitingPerTenantMax: 10, waitMsMax: 1000 }, clock);
  const seconds = 20;
  const possible = (2 * 1000 * seconds) / serviceMs;
  let [answered, refused, longestMs] = [0, 0, 0];
  const work = (): Promise<void> => new Promise((resolve) => clock.schedule(serviceMs, resolve));
  for (let query = 0; query < 10 * possible; query++) {
    clock.schedule((query * serviceMs) / 20, () => {
      const cameMs = clock.monotonicMs();
      admission.run(['a', 'b', 'c'][query % 3], undefined, work).then(
        () => {
          answered++;
          longestMs = Math.max(longestMs, clock.monotonicMs() - cameMs);
        },
        () => refused++
      );
    });
  }
  await clock.run(1000 * (seconds + 5));
  assert.equal(answered + refused, 10 * possible);
  assert.ok(answered >= 0.9 * possible, `${answered} answered, ${possible} possible`);
  assert.ok(longestMs <= 1000 + serviceMs, `${longestMs} ms`);
});
