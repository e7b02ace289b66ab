/**
 * Asks two servers that speak Tempo's API the same questions about the same traces and prints where the answers differ.
 *
 *     node scripts/compare/main.ts --ours URL --theirs URL [--ours-otlp URL --theirs-otlp URL] [--traces 20000] [--seed 7] [--at SECONDS] [--only KIND]
 *
 * With OTLP addresses the traces are sent first, starting three minutes ago; `--at` asks again about traces sent then. Differences that
 * a query is known to have name their number in the list of deviations of docs/traceql.md. Exit code 1: some are not explained.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { encodeTraces } from '../../src/wire/otlp-protobuf.ts';
import type { Json } from './answers.ts';
import { comparable, differences } from './answers.ts';
import type { Question } from './questions.ts';
import { questions } from './questions.ts';
import type { ComparedTraces } from './traces.ts';
import { comparedTraces } from './traces.ts';

const { values: options } = parseArgs({
  options: {
    ours: { type: 'string' },
    theirs: { type: 'string' },
    'ours-otlp': { type: 'string' },
    'theirs-otlp': { type: 'string' },
    traces: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '7' },
    at: { type: 'string' },
    only: { type: 'string' },
  },
});

interface Tally {
  same: number;
  answered: number;
  explained: Map<string, number>;
  different: number;
}

async function main(): Promise<void> {
  const { ours, theirs } = options;
  if (ours === undefined || theirs === undefined) {
    throw new Error('--ours URL and --theirs URL are needed');
  }
  // Tempo answers nothing of the last 30 seconds.
  const startUnixSeconds = options.at === undefined ? Math.floor(Date.now() / 1000) - 180 : Number(options.at);
  const data = comparedTraces(Number(options.seed), Number(options.traces), startUnixSeconds);
  console.log(`${data.traces.length} traces, ${data.spanCount} spans, --seed ${options.seed} --at ${startUnixSeconds}`);
  for (const target of [options['ours-otlp'], options['theirs-otlp']]) {
    if (target !== undefined) {
      await send(data, target);
    }
  }
  if (options['theirs-otlp'] !== undefined) {
    // Tempo shows traces when nothing more has come for them for a while.
    await setTimeout(20_000);
  }
  const tallies = new Map<string, Tally>();
  for (const [at, question] of questions().entries()) {
    if (options.only === undefined || options.only === question.kind) {
      const tally = tallies.get(question.kind) ?? {
        same: 0,
        answered: 0,
        explained: new Map<string, number>(),
        different: 0,
      };
      tallies.set(question.kind, tally);
      count(tally, question, await compareAnswers(question, windowOf(question, at, data), ours, theirs));
    }
  }
  printTable(tallies);
}

async function send({ traces }: ComparedTraces, target: string): Promise<void> {
  for (let at = 0; at < traces.length; at += 100) {
    const body = encodeTraces(traces.slice(at, at + 100).flat());
    const response = await fetch(`${target}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    });
    if (response.status !== 200) {
      throw new Error(`${target} answers ${response.status}: ${await response.text()}`);
    }
    await response.arrayBuffer();
  }
}

interface Window {
  readonly startUnixSeconds: number;
  readonly endUnixSeconds: number;
}

/** A search answers whole traces with all their spans: it is asked about two seconds, other ones each time. The rest sees everything. */
function windowOf({ door }: Question, at: number, data: ComparedTraces): Window {
  const startUnixSeconds = data.startUnixSeconds + 20 + (at % 12);
  return door === 'search' ? { startUnixSeconds, endUnixSeconds: startUnixSeconds + 2 } : data;
}

interface Outcome {
  readonly differences: readonly string[];
  readonly isEmpty: boolean;
}

async function compareAnswers(question: Question, window: Window, ours: string, theirs: string): Promise<Outcome> {
  const [a, b] = await Promise.all([ask(question, window, ours), ask(question, window, theirs)]);
  if (a.status !== b.status) {
    const text = ({ status, text }: Answer): string => `${status} ${text.slice(0, 200)}`;
    return { differences: [`status: ours ${text(a)}, theirs ${text(b)}`], isEmpty: true };
  }
  if (a.status !== 200) {
    return { differences: [], isEmpty: true };
  }
  const answer = comparable(question.door, JSON.parse(a.text) as Json);
  return {
    differences: differences(answer, comparable(question.door, JSON.parse(b.text) as Json)),
    isEmpty: Object.keys(answer as object).length === 0,
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask({ door, query, tag }: Question, window: Window, server: string): Promise<Answer> {
  const paths = {
    search: '/api/search',
    range: '/api/metrics/query_range',
    instant: '/api/metrics/query',
    names: '/api/v2/search/tags',
    values: `/api/v2/search/tag/${encodeURIComponent(tag ?? '')}/values`,
  };
  const url = new URL(server + paths[door]);
  const extra = door === 'search' ? { limit: 100_000, spss: 100 } : door === 'range' ? { step: '5s' } : {};
  const parameters = { q: query, start: window.startUnixSeconds, end: window.endUnixSeconds, ...extra };
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.set(name, String(value));
  }
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

function count(tally: Tally, question: Question, { differences: found, isEmpty }: Outcome): void {
  tally.answered += isEmpty ? 0 : 1;
  if (found.length === 0) {
    tally.same++;
    return;
  }
  const { deviation } = question;
  if (deviation !== undefined) {
    tally.explained.set(deviation, (tally.explained.get(deviation) ?? 0) + 1);
    return;
  }
  tally.different++;
  console.log(`\n${question.kind} ${question.door} ${question.tag ?? ''} ${question.query}\n  ${found.join('\n  ')}`);
}

function printTable(tallies: ReadonlyMap<string, Tally>): void {
  const row = (cells: readonly (string | number)[]): void =>
    console.log(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(10))).join(''));
  console.log();
  row(['kind', 'asked', 'not empty', 'same', 'explained', 'different', '  by deviation']);
  const total = { asked: 0, answered: 0, same: 0, explained: 0, different: 0 };
  for (const [kind, { same, answered, explained, different }] of tallies) {
    const sum = [...explained.values()].reduce((a, b) => a + b, 0);
    const by = [...explained].map(([number, times]) => `${number}: ${times}`).join(', ');
    row([kind, same + sum + different, answered, same, sum, different, `  ${by}`]);
    total.asked += same + sum + different;
    total.answered += answered;
    total.same += same;
    total.explained += sum;
    total.different += different;
  }
  row(['all', total.asked, total.answered, total.same, total.explained, total.different]);
  process.exitCode = total.different === 0 ? 0 : 1;
}

await main();
