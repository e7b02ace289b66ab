import { encodeMessage, type Message } from '../../wire/protobuf-schema.ts';
import type { SearchTagsV2Scope } from '../../wire/tempo.ts';

/** As Tempo's default. gRPC clients refuse messages of 4 MiB and more. */
export const messageBytesMax = 2 ** 20;

/** What only the last part of a message carries. */
const lastOnly = { status: undefined, message: undefined };

/**
 * A message in parts of at most {@link messageBytesMax} bytes, cut between the elements of its list `key`; `metrics` are in each, status
 * and text in the last. One element above the bound goes alone, whole.
 */
export function encodeInParts<T extends object, K extends keyof T>(
  type: Message<T>,
  body: T,
  key: K,
  bytesMax = messageBytesMax
): Uint8Array[] {
  const whole = encodeMessage(type, body);
  const elements = body[key] as readonly unknown[] | undefined;
  if (whole.length <= bytesMax || elements === undefined) {
    return [whole];
  }
  const part = (run: readonly unknown[], isLast: boolean): Uint8Array =>
    encodeMessage(type, {
      ...body,
      ...(isLast ? {} : lastOnly),
      [key]: run,
    });
  const roomBytes = bytesMax - part([], true).length;
  const bare = part([], false).length;
  const runs: unknown[][] = [[]];
  let usedBytes = 0;
  for (const element of elements) {
    const bytes = part([element], false).length - bare;
    if (usedBytes > 0 && usedBytes + bytes > roomBytes) {
      runs.push([]);
      usedBytes = 0;
    }
    runs[runs.length - 1].push(element);
    usedBytes += bytes;
  }
  return runs.map((run, at) => part(run, at === runs.length - 1));
}

/** Scopes cut to few names each, so that they can be told in parts; a client joins those of one name. */
export function smallScopes(scopes: readonly SearchTagsV2Scope[], namesMax = 1_000): SearchTagsV2Scope[] {
  return scopes.flatMap(({ name, tags = [] }) =>
    Array.from({ length: Math.ceil(tags.length / namesMax) }, (_, run) => ({
      name,
      tags: tags.slice(run * namesMax, (run + 1) * namesMax),
    }))
  );
}
