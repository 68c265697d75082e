/** What an iterator gave first, and itself for all that comes after it. */
export interface Opened<T> {
  readonly first: IteratorResult<T>;
  readonly rest: AsyncIterator<T>;
}

/**
 * The elements of an iterator that takes some work to get to its first one. From the second on, nothing stands between
 * it and its reader, unlike with `yield*`, which keeps some promises for each element that is waited for: of open streams,
 * these were a third of what each collection of young objects had to copy. For one reader that waits for each element, as
 * `for await` does.
 */
export function openedOnce<T>(open: () => Promise<Opened<T>>): AsyncIterable<T> {
  let rest: AsyncIterator<T> | undefined;
  const begin = async (): Promise<IteratorResult<T>> => {
    const opened = await open();
    rest = opened.rest;
    return opened.first;
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => (rest ? rest.next() : begin()),
      return: () => rest?.return?.() ?? Promise.resolve({ done: true, value: undefined }),
    }),
  };
}
