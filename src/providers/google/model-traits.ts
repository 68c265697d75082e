import type { TextModel } from '../../catalog/model.js';
import { geminiName } from '../text/gemini-signatures.js';

/** `thinkingLevel` in lower case, weakest first. */
const LEVELS = ['minimal', 'low', 'medium', 'high'] as const;

export type ThinkingLevel = (typeof LEVELS)[number];

/** How much a model may think, in tokens. */
export interface Budget {
  /** The least that it takes, but for 0. */
  readonly least: number;
  readonly most: number;
  /** Whether it takes 0, which turns thinking off. */
  readonly canBeOff: boolean;
}

/** What generations of Gemini differ in, known by a model's name. */
export interface ModelTraits {
  /** How its thinking is set; absent: it does not think, or nothing is known of it. */
  readonly thinking?: { readonly levels: readonly ThinkingLevel[] } | { readonly budget: Budget };
}

const UNKNOWN: ModelTraits = {};

/**
 * An entry with `reasoning_efforts` says itself which levels its models take. Else they are those of
 * https://ai.google.dev/gemini-api/docs/generate-content/thinking; a model that is not named there takes the three
 * that all but one take.
 */
export function traitsOf(upstreamModel: string, { reasoningEfforts }: Partial<TextModel> = {}): ModelTraits {
  const { version, kind } = geminiName(upstreamModel) ?? { version: 0, kind: '' };
  if (version < 2.05 || /image|tts|audio|embedding|live/.test(kind)) return UNKNOWN;
  if (version >= 3) {
    const named = LEVELS.filter((level) => reasoningEfforts?.includes(level));
    const levels = named.length > 0 ? named : levelsOf(version, kind);
    return { thinking: { levels } };
  }
  return { thinking: { budget: budgetOf(kind) } };
}

function levelsOf(version: number, kind: string): readonly ThinkingLevel[] {
  if (kind.startsWith('flash-lite')) return LEVELS;
  if (kind.startsWith('flash')) return version < 3.07 ? LEVELS : ['low', 'medium', 'high'];
  return version < 3.01 ? ['low', 'high'] : ['low', 'medium', 'high'];
}

/** Bounds of Gemini 2.5. */
function budgetOf(kind: string): Budget {
  if (kind.startsWith('flash-lite')) return { least: 512, most: 24_576, canBeOff: true };
  if (kind.startsWith('flash')) return { least: 1, most: 24_576, canBeOff: true };
  return { least: 128, most: 32_768, canBeOff: false };
}
