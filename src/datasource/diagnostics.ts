export function problemOf(text: string): string | undefined {
  return text === 'x' ? 'bad' : undefined;
}
