import { isIP, type LookupFunction } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import type { AddressGuard } from './address-guard.js';
import { Connection } from './connection.js';
import { type Answer, converse } from './converse.js';
import { headerOf } from './header.js';
import type { Limits } from './read-clock.js';
import type { ResolveHost } from './resolve-host.js';
import type { ResponseHead } from './upstream-call.js';

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface GuardedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly stream: boolean;
  /** Time limits of each request on the way. */
  readonly limits: Limits;
}

/** The address must not be fetched, or leads nowhere. The reason is for the log, and never quotes the answer. */
export class GuardRefusal extends Error {
  constructor(readonly reason: 'not https' | 'not public' | 'not found' | 'too many redirects') {
    super(reason);
    this.name = 'GuardRefusal';
  }
}

/**
 * Fetches addresses from untrusted sources: https only, permitted addresses only. A name is resolved once, all of its
 * addresses are checked, and the connection goes to one of them, even if the name resolves differently a moment
 * later.
 */
export class GuardedClient {
  /** @param tls certificates to trust instead of the well-known ones. */
  constructor(
    private readonly guard: AddressGuard,
    private readonly resolve: ResolveHost,
    private readonly tls: { readonly ca?: string } = {},
  ) {}

  /**
   * The first answer that is not a redirect; up to three redirects are followed, each checked like the first address.
   * The caller must close the answer.
   * @throws GuardRefusal, or as `Answer` does.
   */
  async get(
    address: URL,
    request: GuardedRequest,
  ): Promise<{ readonly answer: Answer; readonly head: ResponseHead }> {
    let url = address;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.open(url, request);
      try {
        const head = await answer.head();
        const location = redirectOf(head);
        if (location === undefined) return { answer, head };
        if (redirects === MAX_REDIRECTS) throw new GuardRefusal('too many redirects');
        url = resolved(location, url);
      } catch (failure) {
        answer.close();
        throw failure;
      }
      answer.close();
    }
  }

  private async open(url: URL, { headers, signal, stream, limits }: GuardedRequest): Promise<Answer> {
    if (url.protocol !== 'https:' || url.username !== '' || url.password !== '')
      throw new GuardRefusal('not https');
    const lookup = pinned(await this.addressesOf(url.hostname, signal));
    const connect = buildConnector({ ...this.tls, lookup, timeout: CONNECT_TIMEOUT_MS });
    const connection = new Connection(url.origin, connect);
    const path = `${url.pathname}${url.search}`;
    return converse(
      (call) => {
        call.onEnd(() => void connection.destroy());
        connection.dispatch(
          { path, method: 'GET', headers: { 'user-agent': 'slipstream', ...headers } },
          call,
        );
      },
      { signal, stream, limits },
    );
  }

  /** All addresses must be permitted: a name with both permitted and other addresses is an attempted attack. */
  private async addressesOf(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    const host = hostname.replace(/^\[|\]$/g, '');
    const addresses = isIP(host) === 0 ? await this.resolve(host, signal) : [host];
    if (addresses.length === 0) throw new GuardRefusal('not found');
    if (!addresses.every((address) => this.guard.permits(address))) throw new GuardRefusal('not public');
    return addresses;
  }
}

/** The target of a redirect; undefined for any other answer. */
export function redirectOf(head: ResponseHead): string | undefined {
  return REDIRECTS.has(head.status) ? headerOf(head, 'location') : undefined;
}

/** @throws GuardRefusal for text that is not an address. */
export function resolved(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href)) throw new GuardRefusal('not https');
  return new URL(location, base);
}

function pinned(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, done) => {
    if (options.all === true) done(null, entries);
    else done(null, entries[0]?.address ?? '', entries[0]?.family);
  };
}
