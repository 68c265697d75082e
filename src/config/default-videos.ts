import type { ProviderSettings, VideoModel } from '../catalog/model.js';
import { parseDecimal } from '../payments/domain/decimal.js';

interface Entry {
  /** USD for each second. */
  readonly usd: string;
  /** The first of each list is the default. */
  readonly durations: readonly number[];
  readonly sizes: readonly string[];
}

const SORA = { durations: [4, 8, 12], sizes: ['720x1280', '1280x720'] } as const;
const VEO = { durations: [8, 6, 4], sizes: ['1280x720', '720x1280'] } as const;

// Sizes that cost more than the rest of their model are left out: a price counts for all of them.

/** For servers that speak OpenAI's wire: at its own address these have been shut down since 2026-09-24. */
export const OPENAI_VIDEOS: Readonly<Record<string, Entry>> = {
  'sora-2': { ...SORA, usd: '0.1' },
  'sora-2-pro': { ...SORA, usd: '0.3' },
};

export const GOOGLE_VIDEOS: Readonly<Record<string, Entry>> = {
  'veo-3.1-generate-preview': {
    ...VEO,
    usd: '0.4',
    sizes: [...VEO.sizes, '1920x1080', '1080x1920'],
  },
  'veo-3.1-fast-generate-preview': { ...VEO, usd: '0.1' },
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
