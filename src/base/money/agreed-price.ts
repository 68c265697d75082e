import type { AgreedPrice, PriceTerms } from './price.js';
import { agreedForTokens } from './token-price.js';
import { agreedForVideo } from './video-price.js';

/** Every kind of price. The data of a kind is in its terms. */
const KINDS: Readonly<Record<string, (terms: never) => AgreedPrice>> = {
  tokens: agreedForTokens,
  video: agreedForVideo,
};

/** @param terms from `Price.terms` @throws Error for a kind that this build does not know */
export function agreedPrice(terms: PriceTerms): AgreedPrice {
  const { kind = 'tariff' in terms ? 'tokens' : 'video' } = terms;
  const agreed = KINDS[kind];
  if (!agreed) throw new Error(`there is no kind of price that is called ${kind}`);
  return agreed(terms as never);
}
