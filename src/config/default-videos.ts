import type { ProviderSettings, VideoModel } from '../catalog/model.js';
import { parseDecimal } from '../base/money/decimal.js';

interface Entry {
  /** USD for each second. */
  readonly usd: string;
  /** The first of each list is the default. */
  readonly durations: readonly number[];
  readonly sizes: readonly string[];
}

const SORA = { durations: [4, 8, 12], sizes: ['720x1280', '1280x720'] } as const;

// Sizes that cost more than the rest of their model are left out: a model has one price for all its sizes.

/**
 * For servers that speak OpenAI's wire: OpenAI itself shut these models down on 2026-09-24. Google has none here: the
 * Veo previews ended on 2026-10-22, and their successors speak another wire.
 */
export const OPENAI_VIDEOS: Readonly<Record<string, Entry>> = {
  'sora-2': { ...SORA, usd: '0.1' },
  'sora-2-pro': { ...SORA, usd: '0.3' },
};

/** @param created epoch seconds. */
export function videoModels(
  entries: Readonly<Record<string, Entry>>,
  provider: ProviderSettings,
  created: number,
): readonly VideoModel[] {
  return Object.entries(entries).map(([id, { usd, durations, sizes }]) => ({
    kind: 'video',
    id,
    targets: [{ provider, upstreamModel: id, priority: 1, weight: 1 }],
    pricing: { perSecond: parseDecimal(usd) },
    durations,
    sizes,
    created,
    ownedBy: provider.id,
    inputKinds: ['text', 'image'],
  }));
}
