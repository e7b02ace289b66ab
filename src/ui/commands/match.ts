import type { Command, CommandSource } from './Commands.tsx';

/** Commands in whose group and title all words of `text` occur; titles that begin with it first, then those with words that do. */
export function matchingCommands(sources: readonly CommandSource[], text: string): readonly Command[] {
  const fixed = sources.flatMap(({ commands }) => commands);
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) {
    return fixed;
  }
  const ranked: { readonly command: Command; readonly rank: number }[] = [];
  for (const command of fixed) {
    const title = command.title.toLowerCase();
    const all = `${command.group.toLowerCase()} ${title}`;
    if (words.every((word) => all.includes(word))) {
      const rank = title.startsWith(words[0]) ? 0 : words.every((word) => ` ${all}`.includes(` ${word}`)) ? 1 : 2;
      ranked.push({ command, rank });
    }
  }
  ranked.sort((a, b) => a.rank - b.rank);
  return [...ranked.map(({ command }) => command), ...sources.flatMap(({ matching }) => matching?.(text) ?? [])];
}
