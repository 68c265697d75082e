import { promises as dns } from 'node:dns';

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const MOST_ADDRESSES = 32;

/** All addresses of a name, of both families; empty when it has none. */
export type ResolveHost = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks the given name servers, or those of the system. No search domains, no hosts file: internal names are not
 * found.
 */
export function nameServers(servers?: readonly string[]): ResolveHost {
  return async (name, signal) => {
    const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel);
    if (signal.aborted) return [];
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      return answers
        .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
        .slice(0, MOST_ADDRESSES);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}
