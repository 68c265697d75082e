import type { ProviderSettings } from '../../catalog/model.js';
import { withEachKey } from '../../catalog/provider-keys.js';
import { UpstreamFailure } from '../upstream-failure.js';

/** Asks with the first key that the provider does not refuse. */
export async function withAnyKey<Result>(
  provider: ProviderSettings,
  ask: (keyed: ProviderSettings) => Promise<Result>,
): Promise<Result> {
  let last: unknown;
  for (const keyed of withEachKey(provider)) {
    try {
      return await ask(keyed);
    } catch (failure) {
      last = failure;
      if (!(failure instanceof UpstreamFailure && failure.options.ofKey)) break;
    }
  }
  throw last;
}
