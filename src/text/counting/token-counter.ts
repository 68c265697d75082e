import { encodingOf } from './count-tokens.js';
import { CountingThread } from './counting-thread.js';

/** Longer texts are counted up to here, and the rest is estimated by the same ratio. */
const COUNTED_CHARS = 32_768;

const thread = new CountingThread();

/**
 * An estimate of the tokens in `texts`, for a model whose upstream gave no count. A bounded amount of work, whatever the
 * text, and none of it on the event loop.
 */
export async function estimateTokens(texts: Iterable<string>, upstreamModel: string): Promise<number> {
  const counted: string[] = [];
  let countedChars = 0;
  let totalChars = 0;
  for (const text of texts) {
    totalChars += text.length;
    if (countedChars === COUNTED_CHARS) continue;
    const piece = text.slice(0, COUNTED_CHARS - countedChars);
    counted.push(piece);
    countedChars += piece.length;
  }
  if (countedChars === 0) return 0;
  const tokens = await thread.count(counted, encodingOf(upstreamModel));
  return countedChars < totalChars ? Math.ceil((tokens * totalChars) / countedChars) : tokens;
}
