import type { JsonObject } from '../../base/json.js';
import { isDeclaration, isInstruction, isOfUser } from './compacted.js';
import { isCall, isOutput, pairCalls } from './pair-calls.js';

/**
 * The context without its oldest items: as few are removed as it takes for the rest to fit. A call goes with its
 * output, and reasoning with the item that follows from it. The instructions at the beginning, declarations of tools,
 * the newest message of the user and the last message, call or output stay, whatever their size.
 *
 * @param items every call with its output
 * @param fits called for a bounded number of ends of the context, not for all of them
 */
export function truncateContext(
  items: readonly JsonObject[],
  fits: (kept: readonly JsonObject[]) => boolean,
): readonly JsonObject[] {
  if (fits(items)) return items;
  const anchors = anchorsOf(items);
  const staying = stayingOf(items, anchors);
  const oldestFirst = [...new Set(anchors)].filter((anchor) => !staying.has(anchor));
  const withNewest = (count: number): readonly JsonObject[] => {
    const dropped = new Set(oldestFirst.slice(0, oldestFirst.length - count));
    return items.filter((_, index) => !dropped.has(anchors[index] ?? index));
  };
  // Begins at the end, so that a context that is far too long is not measured over and over.
  let fitting = 0;
  let tooMany = 1;
  while (tooMany < oldestFirst.length && fits(withNewest(tooMany))) {
    fitting = tooMany;
    tooMany *= 2;
  }
  tooMany = Math.min(tooMany, oldestFirst.length);
  while (fitting + 1 < tooMany) {
    const middle = Math.floor((fitting + tooMany) / 2);
    if (fits(withNewest(middle))) fitting = middle;
    else tooMany = middle;
  }
  return withNewest(fitting);
}

/** For each item, the position of the item with which it stays or goes. */
function anchorsOf(items: readonly JsonObject[]): readonly number[] {
  const { callOf } = pairCalls(items);
  const anchors = items.map((_, index) => callOf.get(index) ?? index);
  for (let index = items.length - 2; index >= 0; index -= 1) {
    const [item, next] = [items[index], items[index + 1]];
    if (item?.['type'] === 'reasoning' && next && isOfModel(next))
      anchors[index] = anchors[index + 1] ?? index;
  }
  return anchors;
}

function isOfModel(item: JsonObject): boolean {
  return item['type'] === 'message' ? item['role'] === 'assistant' : !isOutput(item);
}

function stayingOf(
  items: readonly JsonObject[],
  anchors: readonly number[],
): ReadonlySet<number | undefined> {
  const first = items.findIndex((item) => !isDeclaration(item) && !isInstruction(item));
  const begins = first < 0 ? items.length : first;
  const staying = items.flatMap((item, index) => (index < begins || isDeclaration(item) ? [index] : []));
  const last = [items.findLastIndex(isOfUser), items.findLastIndex(isSaid)];
  return new Set([...staying, ...last].map((index) => anchors[index]));
}

function isSaid(item: JsonObject): boolean {
  return item['type'] === 'message' || isCall(item) || isOutput(item);
}
