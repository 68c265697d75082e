import type { ResolvedModel } from '../catalog/catalog.js';
import type { TextModel } from '../catalog/model.js';
import type { JsonObject } from '../json.js';
import { inputText, measureInput, type InputSize } from '../tokens/input-size.js';
import { estimateTokens } from '../tokens/token-counter.js';

/** Input tokens of a chat-completions body, counted as for an upstream that gives no count. */
export async function countInput({ model }: ResolvedModel, chat: JsonObject): Promise<number> {
  const counted = await estimateTokens(inputText(chat), model.targets[0]?.upstreamModel ?? model.id);
  return counted + tokensOfParts(measureInput(chat), model.partTokens);
}

/** Whether a chat-completions body is certain to leave room for its answer in the model's context window. */
export function fitsWindow({ model }: ResolvedModel, chat: JsonObject, askedOutputCap?: number): boolean {
  const size = measureInput(chat);
  const bound = size.textBytes + tokensOfParts(size, model.partTokens);
  return bound + outputCapOf(model, askedOutputCap) <= model.contextWindow;
}

/** Output tokens of one choice at most. */
export function outputCapOf({ maxOutputTokens }: TextModel, asked = maxOutputTokens): number {
  return Math.min(asked, maxOutputTokens);
}

/** Tokens of the parts that are not text. */
export function tokensOfParts(
  { images, audios, files }: InputSize,
  { image, audio, file }: TextModel['partTokens'],
): number {
  return images * image + audios * audio + files * file;
}
