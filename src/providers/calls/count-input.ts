import type { ResolvedModel } from '../../catalog/catalog.js';
import { inputText, measureInput, tokensOfParts } from '../../text/counting/input-size.js';
import { estimateTokens } from '../../text/counting/token-counter.js';
import type { Prompt } from '../../text/prompt.js';
import { outputCapOf } from './fit-to-model.js';

/** Input tokens, counted as for an upstream that gives no count. */
export async function countInput({ model }: ResolvedModel, prompt: Prompt): Promise<number> {
  const counted = await estimateTokens(inputText(prompt), model.targets[0]?.upstreamModel ?? model.id);
  return counted + tokensOfParts(measureInput(prompt), model.partTokens);
}

/** Whether the input has more than `tokens` tokens; an input that is certain to be shorter is not counted. */
export async function countsMoreThan(
  tokens: number,
  resolved: ResolvedModel,
  prompt: Prompt,
): Promise<boolean> {
  const size = measureInput(prompt);
  const most = size.textBytes + tokensOfParts(size, resolved.model.partTokens);
  return most > tokens && (await countInput(resolved, prompt)) > tokens;
}

/** Models of families other than the encoding's count up to this many times the tokens that are counted here. */
const COUNT_MARGIN = 1.25;
/** The part of a context's text that is counted, in pieces from all over it. */
const SAMPLE = { pieces: 16, chars: 2_000 };

/**
 * The model's likely tokens per byte of this prompt's text, at most; between 0 and 1. Takes a bounded amount of work,
 * whatever the text.
 */
export async function tokensPerByte({ model }: ResolvedModel, prompt: Prompt): Promise<number> {
  const sample = sampleOf(inputText(prompt).join('\n'));
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
 * Whether a prompt leaves room for its answer in the model's context window.
 *
 * @param density tokens per byte of text; with 1, a prompt that passes is certain to fit
 */
export function fitsWindow(
  { model }: ResolvedModel,
  prompt: Prompt,
  { askedOutputCap, density }: { readonly askedOutputCap: number | undefined; readonly density: number },
): boolean {
  const size = measureInput(prompt);
  const tokens = Math.ceil(size.textBytes * density) + tokensOfParts(size, model.partTokens);
  return tokens + outputCapOf(model, askedOutputCap) <= model.contextWindow;
}
