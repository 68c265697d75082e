import { setImmediate as nextTurn } from 'node:timers/promises';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';

type CountTokens = (text: string, options: { disallowedSpecial: Set<string> }) => number;

/** Text that looks like a special token counts as plain text. */
const NO_SPECIAL_TOKENS = { disallowedSpecial: new Set<string>() };
/** The encoders are quadratic in runs without a break, so no piece may be longer. */
const PIECE_CHARS = 256;
/** Work done before other requests get a turn. */
const TURN_CHARS = 4_096;
/** Longer texts are counted up to here, and the rest is estimated by the same ratio. */
const COUNTED_CHARS = 32_768;

/**
 * GPT-4, GPT-3.5 and OpenAI's embedding models; every other family is counted with o200k, the closest that is published. Loading an encoding
 * blocks for a tenth of a second: o200k is loaded at start, the one for old models when such a model is first counted.
 */
const CL100K_MODELS = /^(?:gpt-(?:3\.5|4(?![.o]))|text-embedding-)/;

/**
 * An estimate of the tokens in `texts`, for a model whose upstream gave no count. Takes at most a few milliseconds of
 * the event loop at a time and a bounded amount of work in all, whatever the text.
 */
export async function estimateTokens(texts: Iterable<string>, upstreamModel: string): Promise<number> {
  const { countTokens }: { countTokens: CountTokens } = CL100K_MODELS.test(upstreamModel)
    ? await import('gpt-tokenizer/encoding/cl100k_base')
    : o200k;
  let tokens = 0;
  let countedChars = 0;
  let totalChars = 0;
  for (const text of texts) {
    totalChars += text.length;
    const end = Math.min(text.length, COUNTED_CHARS - countedChars);
    for (let start = 0; start < end; start += TURN_CHARS) {
      tokens += countPieces(text.slice(start, Math.min(start + TURN_CHARS, end)), countTokens);
      if (end - start > TURN_CHARS) await nextTurn();
    }
    countedChars += end;
  }
  return countedChars < totalChars ? Math.ceil((tokens * totalChars) / countedChars) : tokens;
}

function countPieces(text: string, countTokens: CountTokens): number {
  let tokens = 0;
  for (let start = 0; start < text.length;) {
    const end = pieceEnd(text, start);
    tokens += countTokens(text.slice(start, end), NO_SPECIAL_TOKENS);
    start = end;
  }
  return tokens;
}

/** Cuts at the last space that fits, so that ordinary words stay whole. */
function pieceEnd(text: string, start: number): number {
  const limit = start + PIECE_CHARS;
  if (limit >= text.length) return text.length;
  const space = text.lastIndexOf(' ', limit);
  return space > start ? space : limit;
}
