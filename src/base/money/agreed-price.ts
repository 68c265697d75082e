import type { AgreedPrice, PriceTerms } from './price.js';
import { agreedForTokens } from './token-price.js';
import { agreedForVideo } from './video-price.js';

/** Every way to price work. What a kind needs stands in its terms. */
const KINDS: Readonly<Record<string, (terms: never) => AgreedPrice>> = {
  tokens: agreedForTokens,
  video: agreedForVideo,
};

/** @param terms as `Price.terms` gave them @throws Error for a kind that this build does not know */
export function agreedPrice(terms: PriceTerms): AgreedPrice {
  const { kind = 'tariff' in terms ? 'tokens' : 'video' } = terms;
  const agreed = KINDS[kind];
  if (!agreed) throw new Error(`there is no kind of price that is called ${kind}`);
  return agreed(terms as never);
}
