import { isRefusal, type HoldGrant, type HoldRefusal } from './ledger.js';

/**
 * Asks for a hold as often as it takes. The key's rate limit counts the request once, with the first attempt that it
 * lets through.
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
