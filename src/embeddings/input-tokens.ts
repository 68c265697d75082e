import { ContextLengthExceeded } from '../base/errors/context-length-exceeded.js';
import type { EmbeddingInput } from '../providers/embedding/embedding-request.js';
import { estimateTokens } from '../text/counting/token-counter.js';

/** For the marks that some models put around each input. */
const MARKS = 2;

/**
 * The most tokens that the input can have: UTF-8 bytes of each text, since no tokenizer makes more than one token of
 * one byte, and at most the window, since no model reads further; token ids exactly.
 */
export function mostTokensOf(input: EmbeddingInput, contextWindow: number): number {
  if ('tokens' in input) return input.tokens.reduce((sum, { length }) => sum + length, 0);
  return input.texts.reduce((sum, text) => sum + Math.min(Buffer.byteLength(text) + MARKS, contextWindow), 0);
}

/** The input's tokens, counted as for an upstream that gives no count. */
export async function countTokensOf(input: EmbeddingInput, upstreamModel: string): Promise<number> {
  return 'tokens' in input ? mostTokensOf(input, Infinity) : estimateTokens(input.texts, upstreamModel);
}

/** @throws GatewayError context_length_exceeded where token ids show that an input is too long */
export function refuseTooLong(input: EmbeddingInput, contextWindow: number): void {
  if (!('tokens' in input)) return;
  const longest = input.tokens.reduce((most, { length }) => Math.max(most, length), 0);
  if (longest > contextWindow)
    throw new ContextLengthExceeded({ contextWindow, inputTokens: longest, param: 'input' });
}
