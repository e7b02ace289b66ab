/** The operator's file: limits by tenant, `"*"` for all that have none of their own. */
import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { entrySchema, type Entry } from './settings.ts';

export type EntryByTenant = ReadonlyMap<string, Entry>;

export const everyTenant = '*';

const fileSchema = z.strictObject({ overrides: z.record(z.string(), entrySchema.nullable()).nullable().optional() });

/** Errors: {@link ConfigError} with file and place: the whole file counts, or nothing of it. */
export async function readOverridesFile(fileName: string): Promise<EntryByTenant> {
  let text: string;
  try {
    text = await readFile(fileName, 'utf8');
  } catch (error) {
    throw new ConfigError(`overrides_file: ${(error as Error).message}`);
  }
  return parseOverrides(text, fileName);
}

/** Errors: {@link ConfigError}. */
export function parseOverrides(text: string, fileName: string): EntryByTenant {
  let parsed: unknown;
  try {
    // Numbers that are tenant names stay text.
    parsed = parseYaml(text, { stringKeys: true }) ?? {};
  } catch (error) {
    throw new ConfigError(`${fileName}: ${(error as Error).message.split('\n')[0]}`);
  }
  const result = fileSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ConfigError(`${fileName}: ${issue.path.join('.')}${issue.path.length === 0 ? '' : ': '}${issue.message}`);
  }
  return new Map(Object.entries(result.data.overrides ?? {}).map(([tenant, entry]) => [tenant, entry ?? {}]));
}
