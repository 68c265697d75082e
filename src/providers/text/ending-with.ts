/** The same elements; `ended` is called when there are no more of them, once or more often. */
export function endingWith<Item>(iterator: AsyncIterator<Item>, ended: () => void): AsyncIterator<Item> {
  return {
    async next() {
      try {
        const result = await iterator.next();
        if (result.done) ended();
        return result;
      } catch (failure) {
        ended();
        throw failure;
      }
    },
    async return() {
      ended();
      return (await iterator.return?.()) ?? { done: true, value: undefined };
    },
  };
}
