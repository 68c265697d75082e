/** What a bag can hold; in one bag at a time. */
export interface Bagged {
  /** Written by the bag. */
  placeInBag: number;
}

/**
 * Things that come and go, in no order. Unlike in a Set or Map, nothing that has gone is kept alive: V8's collector of
 * young objects takes the tables that those have outgrown for roots, with all that was in them, until the next
 * collection of everything.
 */
export class Bag<Item extends Bagged> implements Iterable<Item> {
  private readonly items: Item[] = [];

  get size(): number {
    return this.items.length;
  }

  add(item: Item): void {
    item.placeInBag = this.items.push(item) - 1;
  }

  /** Without effect on what is not in the bag. */
  delete(item: Item): void {
    const { items } = this;
    if (items[item.placeInBag] !== item) return;
    const last = items.pop();
    if (!last || last === item) return;
    items[item.placeInBag] = last;
    last.placeInBag = item.placeInBag;
  }

  /** Over what is in the bag now, whatever comes or goes meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return [...this.items].values();
  }
}
