/** Answers in the order of `items`; at most `most` under way at a time. The first error is the answer's. */
export async function mapAtMost<Item, Result>(
  items: readonly Item[],
  most: number,
  map: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await map(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, run));
  return results;
}
