import type { Client, SecondsRange } from '../../api/client.ts';

export interface CompletionOption {
  readonly label: string;
  readonly insert: string;
  readonly detail: string;
  readonly documentation: string;
  readonly boost: number;
}

export interface TraceqlCompletion {
  /** What the options replace. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly CompletionOption[];
}

export async function completeTraceql(
  client: Client,
  text: string,
  cursor: number,
  range: SecondsRange,
  signal: AbortSignal
): Promise<TraceqlCompletion | undefined> {
  const word = /[\w.:-]*$/.exec(text.slice(0, cursor))![0];
  const names = await client.attributeNames({ range, signal }).catch(() => []);
  const options = names
    .map(({ scope, name }) => (scope === 'intrinsic' ? name : `${scope}.${name}`))
    .filter((name) => name.toLowerCase().includes(word.toLowerCase()))
    .map((name) => ({ label: name, insert: name, detail: '', documentation: '', boost: 0 }));
  return { from: cursor - word.length, to: cursor, options };
}
