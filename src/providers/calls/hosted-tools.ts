import type { TextModel } from '../../catalog/model.js';
import { adaptersOf } from '../dialects.js';

/**
 * Whether a model may search the web by itself, as a tool of the Responses API: all its targets can, whichever answers,
 * and there is a price for it.
 */
export function searchesByItself({ targets, pricing }: TextModel): boolean {
  const isPriced = pricing !== 'free' && pricing.webSearchPerCall !== undefined;
  return (
    isPriced && targets.every(({ provider }) => adaptersOf(provider).text.hostsTools?.(provider) === true)
  );
}
