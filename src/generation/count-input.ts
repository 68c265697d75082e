import type { ResolvedModel } from '../catalog/catalog.js';
import type { TextModel } from '../catalog/model.js';
import type { JsonObject } from '../base/json.js';
import { inputText, measureInput, type InputSize } from '../text/counting/input-size.js';
import { estimateTokens } from '../text/counting/token-counter.js';

/** Input tokens of a chat-completions body, counted as for an upstream that gives no count. */
export async function countInput({ model }: ResolvedModel, chat: JsonObject): Promise<number> {
  const counted = await estimateTokens(inputText(chat), model.targets[0]?.upstreamModel ?? model.id);
  return counted + tokensOfParts(measureInput(chat), model.partTokens);
}

/** Whether it counts more than so many tokens; what is certain to be shorter is not counted. */
export async function countsMoreThan(
  tokens: number,
  resolved: ResolvedModel,
  chat: JsonObject,
): Promise<boolean> {
  const size = measureInput(chat);
  const most = size.textBytes + tokensOfParts(size, resolved.model.partTokens);
  return most > tokens && (await countInput(resolved, chat)) > tokens;
}

/** Models count up to this many times the tokens that are counted here, those of other families than the encoding's. */
const COUNT_MARGIN = 1.25;
/** So much of a context's text is counted, in pieces from all over it. */
const SAMPLE = { pieces: 16, chars: 2_000 };

/**
 * How many tokens a byte of this body's text is likely to make for the model, at most; between 0 and 1. Takes a bounded
 * amount of work, whatever the text.
 */
export async function tokensPerByte({ model }: ResolvedModel, chat: JsonObject): Promise<number> {
  const sample = sampleOf(inputText(chat).join('\n'));
  const tokens = await estimateTokens(sample, model.targets[0]?.upstreamModel ?? model.id);
  const bytes = sample.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  return bytes === 0 ? 1 : Math.min(1, (COUNT_MARGIN * tokens) / bytes);
}

function sampleOf(text: string): readonly string[] {
  const { pieces, chars } = SAMPLE;
  if (text.length <= pieces * chars) return [text];
  const stride = (text.length - chars) / (pieces - 1);
  return Array.from({ length: pieces }, (_, index) => {
    const start = Math.round(index * stride);
    return text.slice(start, start + chars);
  });
}

/**
 * Whether a chat-completions body leaves room for its answer in the model's context window.
 *
 * @param density tokens of a byte of text; it is certain to fit with 1
 */
export function fitsWindow(
  { model }: ResolvedModel,
  chat: JsonObject,
  { askedOutputCap, density }: { readonly askedOutputCap: number | undefined; readonly density: number },
): boolean {
  const size = measureInput(chat);
  const tokens = Math.ceil(size.textBytes * density) + tokensOfParts(size, model.partTokens);
  return tokens + outputCapOf(model, askedOutputCap) <= model.contextWindow;
}

/** Output tokens of one choice at most: what the client asked for, else the model's default, within its limit. */
export function outputCapOf(model: TextModel, asked: number | undefined): number {
  const { maxOutputTokens, defaultOutputTokens = maxOutputTokens } = model;
  return Math.min(asked ?? defaultOutputTokens, maxOutputTokens);
}

/** Tokens of the parts that are not text. */
export function tokensOfParts(
  { images, audios, files }: InputSize,
  { image, audio, file }: TextModel['partTokens'],
): number {
  return images * image + audios * audio + files * file;
}
