import { reasoningScopeOf, type Target } from '../../catalog/model.js';
import type { SpokenEvent } from '../../text/text-event.js';

/** The first event of an answer. @param attempts 1 for the first attempt */
export function openedBy({ provider, upstreamModel }: Target, attempts: number): SpokenEvent {
  const scope = reasoningScopeOf(provider);
  return {
    type: 'opened',
    provider: provider.id,
    ...(scope !== provider.id && { scope }),
    upstreamModel,
    attempts,
  };
}
