import { isRefusal, type HoldGrant, type HoldRefusal } from './ledger.js';

/**
 * A hold that is asked for as often as it takes: the key's rate limit counts the request with the first attempt that it
 * lets through, and no other.
 */
export function countedOnce<Request extends { readonly counted?: boolean }>(
  request: Request,
  hold: (request: Request) => Promise<HoldGrant | HoldRefusal>,
): () => Promise<HoldGrant | HoldRefusal> {
  let counted = request.counted ?? false;
  return async () => {
    const answer = await hold({ ...request, counted });
    if (!isRefusal(answer) || answer.reason === 'budget_held') counted = true;
    return answer;
  };
}
